"""``threadwork journal``: what is in the file of a journal."""

import dataclasses
import datetime as dt
from collections.abc import Iterable
from typing import Any

import click

from ..engine import Status
from ..errors import ThreadworkError
from ..journal import STARTED, Overview, compact, overview, records
from ..sinks import json_text, open_output
from .refusal import Refusal

_FILE = click.argument("file", metavar="FILE")


class _Commands(click.Group):
    """Turns what goes wrong with the file into a message and exit status 2."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except ThreadworkError as error:
            raise Refusal(str(error)) from error


@click.group(cls=_Commands)
def journal() -> None:
    """Look into the file of --journal, also while a run writes it."""


@journal.command()
@_FILE
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def show(file: str, *, as_json: bool) -> None:
    """Tell what FILE is of, its runs, and how many items ended how."""
    found = overview(file)
    click.echo(json_text(dataclasses.asdict(found)) if as_json else _for_people(found))


@journal.command()
@_FILE
def failed(file: str) -> None:
    """Print the failed and timed-out items as JSON, one a line."""
    _write("-", None, records(file, (Status.FAILED, Status.TIMED_OUT)))


@journal.command("in-doubt")
@_FILE
def in_doubt(file: str) -> None:
    """Print the items that have begun and not ended (see --in-doubt) as JSON, one a line."""
    _write("-", None, records(file, (STARTED,)))


@journal.command()
@_FILE
@click.option("-o", "--output", default="-", metavar="OUT", help="OUT.jsonl or OUT.csv; - is standard output.")
@click.option("--format", "record_format", type=click.Choice(["jsonl", "csv"]), help="[by the suffix of OUT, else jsonl]")
def export(file: str, output: str, record_format: str | None) -> None:
    """Write all records, with their values where they are kept as JSON."""
    _write(output, record_format, records(file, values=True))


@journal.command("compact")
@_FILE
def compact_file(file: str) -> None:
    """Give space back that is not used any more; not while a run has FILE."""
    before, after = compact(file)
    click.echo(f"{file}: {before:,} bytes, now {after:,}", err=True)


def _write(path: str, record_format: str | None, found: Iterable[dict[str, Any]]) -> None:
    with open_output(path, record_format) as output:
        for record in found:
            output.write(output.encode(record))
        output.commit()


def _for_people(found: Overview) -> str:
    lines = [f"{name:8} {value}" for name, value in found.meaning.items() if value]
    for number, began, ended in found.runs:
        end = f"ended {_time(ended)}" if ended else "has no end: it is running, or was killed"
        lines.append(f"run {number:<4} began {_time(began)}, {end}")
    lines += [f"{status:8} {count:,}" for status, count in found.counts.items()]
    return "\n".join(lines)


def _time(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, tz=dt.UTC).astimezone().isoformat(" ", "seconds")
