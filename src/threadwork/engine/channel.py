"""`Signal`: how one waiting thread is woken, under a lock that its owner already holds."""

import threading

from .clock import Clock, Lock


class Signal:
    """Wakes the one thread that waits for it: a condition variable for a single waiter, without an allocation a wait.

    Every method is called with the owner's lock held.
    """

    __slots__ = ("_baton", "_clock", "_lock", "waiting")

    def __init__(self, lock: Lock, clock: Clock) -> None:
        self._lock = lock
        self._clock = clock
        self._baton = threading.Lock()
        self._baton.acquire()
        self.waiting = False

    def wait(self, timeout: float | None = None) -> bool:
        """Give the lock up until `wake` is called or `timeout` seconds are over, take it again, and tell which."""
        self.waiting = True
        try:
            self._lock.release()
            self._clock.acquire(self._baton, timeout)
        finally:
            self._lock.acquire()
            woken = not self.waiting
            self.waiting = False
            # A wake may have come after the time-out but before the lock was ours: then the baton is still to be
            # taken. Where the wait above took it, this does nothing.
            if woken:
                self._baton.acquire(blocking=False)
        return woken

    def wake(self) -> None:
        """Wake the waiting thread, if there is one."""
        if self.waiting:
            self.waiting = False
            self._baton.release()
