"""A clock that stands still until the test moves it."""

import threading
from typing import Protocol


class _Lock(Protocol):
    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool: ...

    def release(self) -> None: ...


class ManualClock:
    """An engine clock under the test's control. Safe to use from several threads.

    A wait ends when its lock is released or when `advance` passes its deadline. `wait_for_waiters` tells when threads have
    come to wait, so that a test moves the time at the right moment.
    """

    def __init__(self, start: float = 0.0) -> None:
        self._now = start  # guarded by _changed
        self._waiting = 0  # guarded by _changed; waits that only the clock or a release can end
        self._changed = threading.Condition()

    def now(self) -> float:
        """Return the time that the test has set."""
        with self._changed:
            return self._now

    def advance(self, seconds: float) -> None:
        """Move the time on and end the waits whose deadline has come."""
        with self._changed:
            self._now += seconds
            self._changed.notify_all()

    def acquire(self, lock: _Lock, timeout: float | None) -> bool:
        """Take `lock`, waiting for at most `timeout` seconds of this clock."""
        if lock.acquire(blocking=False):
            return True
        with self._changed:
            deadline = None if timeout is None else self._now + timeout
            self._waiting += 1
            self._changed.notify_all()
            try:
                while not lock.acquire(blocking=False):
                    if deadline is not None and self._now >= deadline:
                        return False
                    # A release of the lock cannot be waited for together with the clock, so it is looked for often.
                    self._changed.wait(0.001)
            finally:
                self._waiting -= 1
                self._changed.notify_all()
        return True

    def wait_for_waiters(self, count: int = 1, timeout: float = 5.0) -> None:
        """Wait until at least `count` threads wait on this clock; fail after `timeout` real seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._waiting >= count, timeout):
                raise AssertionError(f"{self._waiting} of {count} threads wait on the clock after {timeout} s")
