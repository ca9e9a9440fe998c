"""The only place of the engine where time is read or waited for."""

import threading
import time
from typing import Protocol


class Lock(Protocol):
    """What the engine needs of a lock."""

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT001, FBT002 - the standard library's signature
        """Take the lock, waiting up to `timeout` seconds (-1: without end)."""

    def release(self) -> None:
        """Give the lock back."""


class Clock(Protocol):
    """Reads the time and waits for it. Safe to use from several threads."""

    def now(self) -> float:
        """Return seconds on a clock that never goes backwards."""

    def acquire(self, lock: Lock, timeout: float | None) -> bool:
        """Take `lock`, waiting at most `timeout` seconds (``None``: without end); tell whether it was taken."""


_DEAF_SECONDS = 1.0
"""How long the main thread may not hear of an interrupt, in the worst case."""

thread_seconds = time.thread_time
"""Return the processor time that the calling thread has had, in seconds."""

process_seconds = time.process_time
"""Return the processor time that the process has had, in seconds."""


def let_others_run() -> None:
    """Give the rest of this thread's turn to others that can run."""
    time.sleep(0)


class SystemClock:
    """The machine's monotonic clock."""

    now = staticmethod(time.monotonic)

    @staticmethod
    def acquire(lock: Lock, timeout: float | None) -> bool:
        """Take `lock` within `timeout` seconds. An interrupt (Ctrl-C) ends the wait on the main thread."""
        if timeout is None:
            if threading.current_thread() is not threading.main_thread():
                return lock.acquire()
            # A signal that comes just before such a wait begins is heard only when that ends: so it ends now and again.
            while not lock.acquire(timeout=_DEAF_SECONDS):
                pass
            return True
        return lock.acquire(timeout=min(max(timeout, 0.0), threading.TIMEOUT_MAX))


SYSTEM_CLOCK = SystemClock()
