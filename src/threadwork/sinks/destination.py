"""What bytes are written to: a file that appears when it is whole, or a stream that gets them at once."""

import os
import stat
import sys
import time
from pathlib import Path
from typing import Protocol

from .output_error import OutputError
from .whole_file import LONGEST_BUFFERED, MOST_BUFFERED, WholeFile

STANDARD = "-"


class Destination(Protocol):
    """Takes whole records. Used by one thread."""

    def write(self, data: bytes) -> None:
        """Take one record. Raises `OutputError`; ``BrokenPipeError`` where nobody reads any more."""

    def commit(self) -> None:
        """All records are in: make them last. Raises `OutputError`."""

    def keep(self) -> str | None:
        """End early: keep the records that are in, and return the path where they are, if it is one of their own."""


class Stream:
    """Standard output, a pipe or a device: each record is handed on at once, or in portions where it is a file on disk."""

    def __init__(self, fd: int, name: str) -> None:
        self._fd = fd
        self._name = name
        self._read_live = not stat.S_ISREG(os.fstat(fd).st_mode)
        self._pending = bytearray()
        self._written_at = time.monotonic()

    def write(self, data: bytes) -> None:
        """Take one record."""
        self._pending += data
        late = time.monotonic() - self._written_at >= LONGEST_BUFFERED
        if self._read_live or late or len(self._pending) >= MOST_BUFFERED:
            self.commit()

    def commit(self) -> None:
        """Hand on what is left."""
        try:
            while self._pending:
                del self._pending[: os.write(self._fd, self._pending)]
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(f"cannot write {self._name}: {error.strerror}") from error
        self._written_at = time.monotonic()

    def keep(self) -> None:
        """Hand on what is left, which is where it was wanted. Never waits for a reader: he has had every whole record."""
        if not self._read_live:
            self.commit()


def open_destination(path: str, standard: int | None = None) -> Destination:
    """Open `path` for writing; ``-`` is the file descriptor `standard`, by default that of standard output.

    A device or a pipe is written to as it is; a regular file is replaced when the new one is whole. Raises `OutputError`
    where it cannot be written.
    """
    try:
        if path == STANDARD:
            return Stream(sys.stdout.fileno() if standard is None else standard, "standard output")
        if Path(path).exists() and not Path(path).is_file() and not Path(path).is_dir():
            return Stream(os.open(path, os.O_WRONLY | os.O_CLOEXEC), path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
    return WholeFile(path)
