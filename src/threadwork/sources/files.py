"""The regular files below a directory, as items."""

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from .input_error import InputError


def files_below(directory: str, leave_out: Collection[str] = ()) -> Iterator[str]:
    """Yield the path of every regular file below `directory`, which every path begins with.

    Order: by name within each directory, files and directories together. Symbolic links below `directory` are neither
    followed nor yielded; nor are the real paths in `leave_out`. Memory: the entries of the directories on the way.

    Raises `InputError`: at the call where `directory` cannot be read; while iterating where one below it cannot.
    """
    return _walk(_sorted_entries(directory), frozenset(leave_out))


def _walk(entries: list[os.DirEntry[str]], leave_out: frozenset[str]) -> Iterator[str]:
    names = {Path(path).name for path in leave_out}  # spares the other files the cost of realpath
    pending = [iter(entries)]
    while pending:
        entry = next(pending[-1], None)
        if entry is None:
            pending.pop()
        elif entry.is_dir(follow_symlinks=False):
            pending.append(iter(_sorted_entries(entry.path)))
        elif entry.is_file(follow_symlinks=False) and not (entry.name in names and os.path.realpath(entry.path) in leave_out):
            yield entry.path


def _sorted_entries(directory: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(f"cannot read {directory}: {error.strerror}") from error
