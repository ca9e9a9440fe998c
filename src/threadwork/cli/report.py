"""What is said about a run on standard error: each failure, the summary, what went wrong."""

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from ..engine import Outcome, Summary
from ..observe import Display, open_display, summary_json
from ..sinks import UnwritableValue

_PACKAGE = str(Path(__file__).parent.parent)
_MOST_SHOWN = 100  # characters of an item: with its error it should fit on two lines of a terminal
_TEXT_HINT = "hint: items read as text are str: annotate the parameter, like (n: int), to get numbers, or read JSON with --jsonl"


class Report:
    """Says everything that is for people (or, with `as_json`, for programs) on standard error. Used by one thread."""

    def __init__(self, *, style: str, quiet: bool, verbose: bool, as_json: bool, total: int | None) -> None:
        self._quiet = quiet
        self._verbose = verbose
        self._as_json = as_json
        self.display: Display = open_display(style, sys.stderr, total)

    def failure(self, outcome: Outcome[Any]) -> None:
        """Say that an item failed: on one line, with the place in the user's code, or with the traceback."""
        error = outcome.error
        if self._as_json:
            self.display.note(_event("failure", **failure_record(outcome)))
        elif self._verbose and error:
            self.display.note(_traceback(error).rstrip())
        elif error:
            place = _place(error)
            self.display.note(f"failed: item {outcome.index} {_short(outcome.item)}: {_line(error)}{place}")

    def problem(self, error: BaseException) -> None:
        """Say what ended the run before its time."""
        self.display.note(_event("error", message=str(error)) if self._as_json else f"error: {error}")

    def kept(self, path: str) -> None:
        """Say where unfinished output is."""
        self.display.note(_event("kept", path=path) if self._as_json else f"the results finished so far are in {path}")

    def kept_in_a_hurry(self, path: str) -> None:
        """Say where unfinished output is, where no lock may be waited for: whoever has it may hang."""
        text = _event("kept", path=path) if self._as_json else f"left at once; the results written so far are in {path}"
        os.write(sys.stderr.fileno(), f"\n{text}\n".encode())

    def stopping(self, running: int, grace: float) -> None:
        """Say that the run is being stopped, and what is waited for."""
        if self._as_json:
            self.display.note(_event("stopping", running=running, grace=grace))
        elif running:
            self.display.note(f"stopping: {running} still running, waiting up to {grace:g} s; once more to leave at once")

    def resumable(self, path: str) -> None:
        """Say how to go on."""
        if self._as_json:
            self.display.note(_event("resumable", journal=path))
        elif not self._quiet:
            self.display.note(f"what is done is in {path}: the same command goes on from there")

    def serving(self, what: str, url: str) -> None:
        """Say where the live page is, or the metrics."""
        self.display.note(_event(what, url=url) if self._as_json else f"{what}: {url}")

    def dump(self, text: str) -> None:
        """Say what each thread does now."""
        self.display.note(_event("dump", text=text) if self._as_json else text)

    def hint_at_text(self) -> None:
        """Say how text items become numbers."""
        if not self._as_json and not self._quiet:
            self.display.note(_TEXT_HINT)

    def summary(self, summary: Summary) -> None:
        """Say how the run ended."""
        if self._as_json:
            self.display.note(summary_json(summary, "summary"))
        elif not self._quiet:
            self.display.note(str(summary))


def failure_record(outcome: Outcome[Any]) -> dict[str, Any]:
    """Return what ``--errors`` keeps of an item that was not done."""
    error = outcome.error
    return {
        "index": outcome.index,
        "item": outcome.item,
        "status": str(outcome.status),
        "type": type(error).__qualname__ if error else None,
        "message": str(error) if error else None,
        "traceback": _traceback(error) if error else None,
        "worker": outcome.worker,
        "attempts": outcome.attempts,
    }


def _event(kind: str, **fields: Any) -> str:
    return json.dumps({"event": kind, **fields}, default=repr)


def _traceback(error: BaseException) -> str:
    """Return the traceback of `error` from where the user's own code begins."""
    trace = error.__traceback__
    while trace and trace.tb_frame.f_code.co_filename.startswith(_PACKAGE):
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace))


def _line(error: BaseException) -> str:
    first, *more = str(error).splitlines() or [""]
    return f"{type(error).__qualname__}{': ' if first else ''}{first}{' ...' if more else ''}"


def _place(error: BaseException) -> str:
    """Return where in the user's own file the error arose: the last line there, not the one in a library it called."""
    if isinstance(error, UnwritableValue):
        return ""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(_PACKAGE)]
    own = [frame for frame in frames if frame.filename == frames[0].filename]
    return f" ({Path(own[-1].filename).name}:{own[-1].lineno})" if own else ""


def _short(item: object) -> str:
    text = repr(item)
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 20]}...{text[-17:]}"
