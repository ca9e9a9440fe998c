"""`InputStream`: the records of a file, a pipe or standard input, read so that a blocked read can be ended."""

import math
import os
import select
import stat
import sys
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from .input_error import InputError

STANDARD_INPUT = "-"
_CHUNK = 1 << 16


class InputStream:
    """An open file, pipe or terminal, read in records; ``-`` is standard input.

    Opening it fails at once with `InputError` where the file cannot be read. `records` blocks until there is something
    to read. `stop` may be called from any thread, also from a signal handler: whoever waits in `records` then gets the
    end of the input, without the record that had only been read in part.
    """

    def __init__(self, path: str) -> None:
        self.name = "standard input" if path == STANDARD_INPUT else path
        self._owned = path != STANDARD_INPUT
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC) if self._owned else sys.stdin.fileno()
            mode = os.fstat(self._fd).st_mode
        except (OSError, AttributeError) as error:  # sys.stdin is None where a process was started without one
            raise self._unreadable(error) from error
        if stat.S_ISDIR(mode):
            self._close_input()
            raise InputError(f"cannot read {self.name}: it is a directory; its files are the items with --files")
        self.live = not stat.S_ISREG(mode)
        """Whether somebody may be writing it: a pipe, a terminal."""
        self.ended_at = -math.inf
        """When a live input came to its end, on the machine's monotonic clock."""
        self._stopped = False
        self._wake_reader, self._wake_writer = os.pipe()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def records(self, end: bytes = b"\n") -> Iterator[bytes]:
        """Yield what stands between the `end` marks, without them; a last record needs no mark. Memory: one record."""
        begun: list[bytes] = []
        for chunk in self._chunks():
            first, *others = chunk.split(end)
            begun.append(first)
            if others:
                yield b"".join(begun)
                yield from others[:-1]
                begun = others[-1:]
        last = b"".join(begun)
        if last and not self._stopped:
            yield last

    def stop(self) -> None:
        """End the input for whoever reads it, now or later."""
        if not self._stopped:
            self._stopped = True
            os.write(self._wake_writer, b"\0")

    def close(self) -> None:
        """Give the file back. Nobody may be reading any more; see `stop`."""
        self._close_input()
        os.close(self._wake_reader)
        os.close(self._wake_writer)

    def _chunks(self) -> Iterator[bytes]:
        while not self._stopped:
            try:
                if self.live and not self._wait_readable():
                    return
                chunk = os.read(self._fd, _CHUNK)
            except OSError as error:
                raise self._unreadable(error) from error
            if not chunk:
                if self.live:
                    self.ended_at = time.monotonic()
                return
            yield chunk

    def _wait_readable(self) -> bool:
        """Wait until there is something to read (True) or `stop` was called (False)."""
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        poll.register(self._wake_reader, select.POLLIN)
        ready = {fd for fd, _ in poll.poll()}
        return self._wake_reader not in ready

    def _close_input(self) -> None:
        if self._owned:
            os.close(self._fd)

    def _unreadable(self, error: Exception) -> InputError:
        reason = error.strerror if isinstance(error, OSError) else "there is none"
        return InputError(f"cannot read {self.name}: {reason}")
