"""`WholeFile`: a file that is either there, whole, or not there."""

import os
import shutil
import time

from .output_error import OutputError

MOST_BUFFERED = 1 << 16
LONGEST_BUFFERED = 0.5  # seconds; a guess: little to lose when the process is killed, few writes when results are many
_SUFFIX = ".partial"


class WholeFile:
    """Writes records beside `path` and moves them there with `commit`, so that a reader of `path` never sees half a file.

    While it is written the file is called ``<path>.<process id>.partial``; `keep` leaves it as ``<path>.partial``. It
    holds whole records only, even when the disk is full. The permissions of a file that is replaced are kept; a symbolic
    link stays one. Used by one thread. Raises `OutputError` where the file cannot be written: at once, if that can be known.
    """

    def __init__(self, path: str) -> None:
        self._path = os.path.realpath(path)
        self._beside, self._kept = _names_beside(self._path)
        self._records: list[bytes] = []
        self._buffered = 0
        self._size = 0  # of the file up to the last record that is in it
        self._written_at = time.monotonic()
        if os.path.isdir(path):
            raise OutputError(f"cannot write {path}: it is a directory; name a file in it")
        try:
            if os.path.exists(path):
                os.close(os.open(path, os.O_WRONLY))
            self._fd = os.open(self._beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
            if os.path.exists(path):
                shutil.copymode(path, self._beside)
        except OSError as error:
            raise self._unwritable(error) from error

    def write(self, data: bytes) -> None:
        """Take one record; it is in the file within 64 KiB of records, or with the next one half a second later."""
        self._records.append(data)
        self._buffered += len(data)
        if self._buffered >= MOST_BUFFERED or time.monotonic() - self._written_at >= LONGEST_BUFFERED:
            self._flush()

    def commit(self) -> None:
        """Move the file to its place, on disk to stay."""
        try:
            self._finish(self._path)
        except OSError as error:
            raise self._unwritable(error) from error

    def keep(self) -> str | None:
        """Leave the records that are in as ``<path>.partial`` and return that name; nothing is left if there are none."""
        try:
            self._flush()
        except OutputError:  # the disk is full: what is in the file already is kept all the same
            self._records.clear()
        if self._size == 0:
            os.close(self._fd)
            os.unlink(self._beside)
            return None
        self._finish(self._kept)
        return self._kept

    def _flush(self) -> None:
        """Write the records at their place in the file: done twice, because of an interruption, it does no harm."""
        data = b"".join(self._records)
        written = 0
        try:
            while written < len(data):
                written += os.pwrite(self._fd, data[written:], self._size + written)
        except OSError as error:
            os.ftruncate(self._fd, self._size)
            raise self._unwritable(error) from error
        self._size += len(data)
        self._records.clear()
        self._buffered = 0
        self._written_at = time.monotonic()

    def _finish(self, path: str) -> None:
        self._flush()
        os.fsync(self._fd)
        os.close(self._fd)
        os.replace(self._beside, path)
        directory = os.open(os.path.dirname(path), os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(f"cannot write {self._path}: {error.strerror}")


def paths_of_output(path: str) -> frozenset[str]:
    """Return the real paths that writing the file `path` makes use of, so that they are not taken for input."""
    real = os.path.realpath(path)
    return frozenset((real, *_names_beside(real)))


def _names_beside(path: str) -> tuple[str, str]:
    """Return what the file is called while it is written, and when it is kept unfinished."""
    return f"{path}.{os.getpid()}{_SUFFIX}", path + _SUFFIX
