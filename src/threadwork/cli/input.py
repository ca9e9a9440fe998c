"""Which input was asked for: arguments, lines, JSON Lines, CSV, or the files of a directory."""

import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import click

from ..engine import current
from ..sources import InputStream, csv_rows, files_below, json_values, lines

_STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class InputChoice:
    """The input options as they were given."""

    arguments: tuple[str, ...]
    lines: str | None
    jsonl: str | None
    csv: str | None
    files: str | None
    null: bool


@dataclass(frozen=True, slots=True)
class Input:
    """Items, ready to be pulled."""

    items: Iterable[Any]
    text: bool
    """Whether every item is a text."""
    stream: InputStream | None = None
    """What is read and has to be stopped and closed, where that is a file or a pipe."""

    def __iter__(self) -> Iterator[Any]:
        """Yield the items, for a run; where the run is stopped, whoever waits for an item is told so."""
        with current().on_cancel(self.stop):
            yield from self.items

    def stop(self) -> None:
        """End the input for whoever waits for it; from any thread."""
        if self.stream:
            self.stream.stop()


def open_input(choice: InputChoice, leave_out: Collection[str]) -> Input:
    """Open the one input that was chosen; `leave_out` names files that are not input, because the run writes them.

    Raises ``click.UsageError`` where none or several were chosen, `InputError` where it cannot be read.
    """
    given = {
        "--lines": choice.lines,
        "--jsonl": choice.jsonl,
        "--csv": choice.csv,
        "--files": choice.files,
        "arguments": " ".join(choice.arguments) or None,
    }
    chosen = {option: value for option, value in given.items() if value is not None}
    if len(chosen) > 1:
        one, other = list(chosen.items())[:2]
        raise click.UsageError(f"there are two inputs, {one[0]} {one[1]!r} and {other[0]} {other[1]!r}: give one")
    if choice.null and not chosen.keys() <= {"--lines"}:
        raise click.UsageError(f"-0 is about lines and does not go with {next(iter(chosen))}")
    if choice.files is not None:
        return Input(files_below(choice.files, leave_out), text=True)
    if choice.arguments:
        return Input(choice.arguments, text=True)
    if not chosen and (sys.stdin is None or sys.stdin.isatty()):
        raise click.UsageError(
            "there is no input: give items as arguments, pipe lines in, or use --lines, --jsonl, --csv or --files"
        )
    if choice.jsonl is not None:
        stream = InputStream(choice.jsonl)
        return Input(json_values(stream), text=False, stream=stream)
    if choice.csv is not None:
        stream = InputStream(choice.csv)
        return Input(csv_rows(stream), text=False, stream=stream)
    stream = InputStream(choice.lines or _STANDARD_INPUT)
    return Input(lines(stream, b"\0" if choice.null else b"\n"), text=True, stream=stream)
