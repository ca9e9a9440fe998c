"""`check_own_files`: files that write over each other are refused before anything is written."""

import os
from collections.abc import Mapping

import click


def check_own_files(files: Mapping[str, str | None]) -> None:
    """Raise ``click.UsageError`` where two of `files` (by option; ``None`` and ``-`` are none) are the same."""
    seen: dict[str, tuple[str, str]] = {}
    for option, path in files.items():
        if path is not None and path != "-":
            other, as_given = seen.setdefault(os.path.realpath(path), (option, path))
            if other != option:
                raise click.UsageError(f"{other} and {option} are the same file, {as_given}: give two")
