"""`WholeFile`: a file that is either there, whole, or not there."""

import contextlib
import os
import shutil
import time
from pathlib import Path

from .output_error import OutputError

MOST_BUFFERED = 1 << 16
LONGEST_BUFFERED = 0.5  # seconds; a guess: little to lose when the process is killed, few writes when results are many


class WholeFile:
    """Writes records beside `path` and moves them there with `commit`, so that a reader of `path` never sees half a file.

    While it is written the file is called ``<path>.<process id>.partial``; `keep` leaves it as ``<path>.partial``. It
    holds whole records only, even when the disk is full. The permissions of a file that is replaced are kept; a symbolic
    link stays one. Used by one thread. Raises `OutputError` where the file cannot be written: at once, if that can be known.
    """

    def __init__(self, path: str) -> None:
        self._path, self._beside, self._kept = _paths(path)
        self._records: list[bytes] = []
        self._buffered = 0
        self._size = 0  # of the file up to the last record that is in it
        self._written_at = time.monotonic()
        if self._path.is_dir():
            raise OutputError(f"cannot write {path}: it is a directory; name a file in it")
        try:
            replaces = self._path.exists()
            if replaces:
                os.close(os.open(self._path, os.O_WRONLY | os.O_CLOEXEC))
            self._fd = os.open(self._beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
            if replaces:
                shutil.copymode(self._path, self._beside)
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
        self._flush()
        self._move(self._path)

    def keep(self) -> str | None:
        """Leave the records that are in as ``<path>.partial`` and return that name; nothing is left if there are none."""
        with contextlib.suppress(OutputError):  # the disk is full: what is in the file already is kept all the same
            self._flush()
        if self._size == 0:
            os.close(self._fd)
            self._beside.unlink()
            return None
        self._move(self._kept)
        return str(self._kept)

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

    def _move(self, path: Path) -> None:
        try:
            os.fsync(self._fd)
            os.close(self._fd)
            self._beside.replace(path)
            directory = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(f"cannot write {self._path}: {error.strerror}")


def paths_of_output(path: str) -> frozenset[str]:
    """Return the real paths that writing the file `path` makes use of, so that they are not taken for input."""
    return frozenset(map(str, _paths(path)))


def _paths(path: str) -> tuple[Path, Path, Path]:
    """Return where the file belongs, where it is while it is written, and where it is kept unfinished."""
    real = Path(path).resolve()
    return real, Path(f"{real}.{os.getpid()}.partial"), Path(f"{real}.partial")
