"""The options that make a run go on where it was."""

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def journal_options(command: F) -> F:
    """Add the options of the journal."""
    for option in (
        click.option(
            "--in-doubt",
            type=click.Choice(["hold", "again"]),
            help="With --journal: note each item that begins; after a crash hold back those without an end, or run them again.",
        ),
        click.option("--journal", metavar="FILE", help="Remember what is done in FILE; the same command goes on where it was."),
    ):
        command = option(command)
    return command


def paths_of_journal(path: str | None) -> frozenset[str]:
    """Return the real paths of the files of a journal, which are no input."""
    return frozenset(os.path.realpath(path) + suffix for suffix in ("", "-wal", "-shm", "-lock")) if path else frozenset()
