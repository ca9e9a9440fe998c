"""A lock that makes the unlucky moment happen always."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self


class LyingLock:
    """A lock whose timed waits fail although it was just released: what a real lock does only once in a million times.

    Every timed `acquire` that would have to wait calls `meanwhile` (the race that the test wants, such as a release), then says
    that it did not get the lock in time. Other uses are honest. Put it where a module takes its ``Lock`` from.
    """

    def __init__(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        self._lock = threading.Lock()
        self._meanwhile = meanwhile
        self.lies = 0
        """How many waits were told a lie."""

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Take the lock like ``threading.Lock``, except that a timed wait never succeeds."""
        if self._lock.acquire(blocking=False):
            return True
        if not blocking or timeout < 0:
            return self._lock.acquire(blocking)
        self.lies += 1
        self._meanwhile()
        return False

    def release(self) -> None:
        """Give the lock back."""
        self._lock.release()

    def locked(self) -> bool:
        """Tell whether the lock is taken."""
        return self._lock.locked()

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()
