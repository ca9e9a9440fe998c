"""`Timer`: calls functions at set times, on one thread of its own."""

import heapq
import threading
from collections.abc import Callable
from itertools import count

from .clock import Clock
from .threads import join_thread, start_thread


class Timer:
    """Calls what it was given `at` the time that was given, on a thread called `name`, started when it is first needed.

    Safe to use from several threads. Its owner ends it with `stop`.
    """

    def __init__(self, clock: Clock, name: str) -> None:
        self.name = name
        self._clock = clock
        self._lock = threading.Lock()  # Guards: all below
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()  # of two things at the same time, the one that was asked for first comes first
        self._thread: threading.Thread | None = None
        self._started = False
        self._stopped = False
        self._baton = threading.Lock()  # held while the thread waits; released to make it look again
        self._baton.acquire()

    def at(self, time: float, ring: Callable[[], None]) -> None:
        """Call `ring` at `time` on the clock, or as soon as possible after it; never once it is stopped. Does not wait.

        `ring` should return quickly and must not raise. Raises ``RuntimeError`` where the system has no thread left.
        """
        with self._lock:
            heapq.heappush(self._heap, (time, next(self._numbers), ring))
            first = self._heap[0][0] == time
            start, self._started = not self._started, True
            if first and self._baton.locked():
                self._baton.release()
        if start:
            start_thread(self._main, self.name, self._keep)

    def stop(self, patience: float | None) -> bool:
        """Call nothing more, and wait for the thread at most `patience` seconds; tell whether it has ended, or is this one."""
        with self._lock:
            self._stopped = True
            self._heap.clear()  # what would be called refers to its owner
            if self._baton.locked():
                self._baton.release()
        return join_thread(self._thread, patience, busy=False)

    def _keep(self, thread: threading.Thread) -> None:
        self._thread = thread

    def _main(self) -> None:
        while True:
            with self._lock:
                if self._stopped:
                    return
                wait = self._heap[0][0] - self._clock.now() if self._heap else None
                ring = heapq.heappop(self._heap)[2] if wait is not None and wait <= 0 else None
            if ring is not None:
                ring()
                del ring
            else:
                self._clock.acquire(self._baton, wait)
