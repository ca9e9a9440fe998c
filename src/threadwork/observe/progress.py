"""How far a run is, on a terminal or in a log. Nothing here writes to standard output."""

import dataclasses
import json
import math
import os
import sys
import threading
from importlib import import_module
from typing import Protocol, TextIO

from ..engine import Summary
from ..errors import MissingExtra

_BAR_SECONDS = 0.1
_PLAIN_SECONDS = 10.0
_JSON_SECONDS = 1.0


class Display(Protocol):
    """Shows the counts of a run. `show` and `note` may be called from different threads."""

    seconds: float
    """How often it wants to be shown the counts."""

    def show(self, summary: Summary) -> None:
        """Show the counts as they are now."""

    def note(self, line: str) -> None:
        """Write a line for people, above the bar if there is one."""

    def close(self) -> None:
        """Take the display away."""


def open_display(style: str, stream: TextIO, total: int | None) -> Display:
    """Return the display for `style`: ``bar``, ``plain``, ``json``, ``off``, or ``auto``.

    ``auto`` is a bar where `stream` is a terminal that can show one, else plain lines.
    """
    if style == "auto":
        terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
        style = "bar" if terminal or _in_notebook() else "plain"
    if style == "bar":
        return Bar(stream, total)
    if style == "plain":
        return Plain(stream)
    return Json(stream) if style == "json" else Off(stream)


class Off:
    """Shows no counts."""

    seconds = math.inf

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def show(self, summary: Summary) -> None:
        """Show nothing."""

    def note(self, line: str) -> None:
        """Write `line`."""
        self._stream.write(f"{line}\n")
        self._stream.flush()

    def close(self) -> None:
        """Do nothing."""


class Plain(Off):
    """A line every ten seconds, for logs; a run that is over before has none."""

    seconds = _PLAIN_SECONDS

    def show(self, summary: Summary) -> None:
        """Write the counts as a line."""
        self.note(str(summary))


class Json(Off):
    """A JSON object every second, for programs."""

    seconds = _JSON_SECONDS

    def show(self, summary: Summary) -> None:
        """Write the counts as an object with ``"event": "progress"``."""
        self.note(summary_json(summary, "progress"))


class Bar:
    """A bar of tqdm: finished items, speed, the time left where the number of items is known, and the other counts."""

    seconds = _BAR_SECONDS

    def __init__(self, stream: TextIO, total: int | None) -> None:
        try:
            # Takes 30 ms, and only a bar needs it; `auto` takes half a second, and only a notebook needs it.
            tqdm = import_module("tqdm.auto" if _in_notebook() else "tqdm").tqdm
        except ModuleNotFoundError as error:
            raise MissingExtra(f'a progress bar needs the package {error.name}: pip install "threadwork[cli]"') from error
        tqdm.monitor_interval = 0  # no thread of tqdm's own: the ticker refreshes
        tqdm.set_lock(threading.RLock())  # its own choice reaches for multiprocessing
        self._stream = stream
        self._write = tqdm.write
        self._bar = tqdm(total=total, file=stream, unit=" items", unit_scale=False, dynamic_ncols=True, leave=False)

    def show(self, summary: Summary) -> None:
        """Redraw the bar."""
        self._bar.n = summary.done + summary.failed + summary.timed_out
        self._bar.set_description_str(summary.name, refresh=False)
        self._bar.set_postfix_str(_counts(summary), refresh=False)
        self._bar.refresh()

    def note(self, line: str) -> None:
        """Write `line` above the bar."""
        self._write(line, file=self._stream)

    def close(self) -> None:
        """Remove the bar from the terminal."""
        self._bar.close()


def _in_notebook() -> bool:
    """Tell whether this is a kernel of Jupyter."""
    return "ipykernel" in sys.modules


def _counts(summary: Summary) -> str:
    """Return what there is beside what is done."""
    counts = {
        "failed": summary.failed,
        "timed out": summary.timed_out,
        "waiting": summary.waiting,
        "from the journal": summary.from_journal,
        "running": summary.running,
    }
    return ", ".join(f"{count:,} {word}" for word, count in counts.items() if count)


def summary_json(summary: Summary, event: str) -> str:
    """Return the counts as a JSON object on one line."""
    return json.dumps({"event": event, **dataclasses.asdict(summary)})
