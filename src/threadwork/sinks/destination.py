"""What bytes are written to: a file that appears when it is whole, or a stream that gets them at once."""

import os
import stat
import sys
from typing import BinaryIO, Protocol

from .output_error import OutputError
from .whole_file import WholeFile

STANDARD_OUTPUT = "-"


class Destination(Protocol):
    """Takes whole records. Used by one thread."""

    paths: frozenset[str]
    """Real paths that belong to it, so that they are not taken for input."""

    def write(self, data: bytes) -> None:
        """Take one record. Raises `OutputError`; ``BrokenPipeError`` where nobody reads any more."""

    def commit(self) -> None:
        """All records are in: make them last. Raises `OutputError`."""

    def keep(self) -> str | None:
        """End early: keep the records that are in, and return the path where they are, if it is one of their own."""


class Stream:
    """Standard output, a pipe or a device: a record is handed on at once, except to a file, where that has no reader."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self.paths: frozenset[str] = frozenset()
        self._stream = stream
        self._name = name
        self._read_live = not stat.S_ISREG(os.fstat(stream.fileno()).st_mode)

    def write(self, data: bytes) -> None:
        """Take one record."""
        try:
            self._stream.write(data)
            if self._read_live:
                self._stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(f"cannot write {self._name}: {error.strerror}") from error

    def commit(self) -> None:
        """Hand on what is left."""
        self.write(b"")
        self._stream.flush()

    def keep(self) -> None:
        """Hand on what is left; it is where it was wanted."""
        self.commit()


def open_destination(path: str) -> Destination:
    """Open `path` for writing, ``-`` for standard output. Raises `OutputError` where that cannot be done.

    A device or a pipe is written to as it is; a regular file is replaced when the new one is whole.
    """
    if path == STANDARD_OUTPUT:
        return Stream(sys.stdout.buffer, "standard output")
    if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
        return Stream(open(path, "wb"), path)  # noqa: SIM115 # open until the process ends, like standard output
    return WholeFile(path)
