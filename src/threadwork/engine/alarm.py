"""`Alarm`: calls something at a set time, unless it is called off before."""

import threading
from collections.abc import Callable

from .clock import Clock
from .threads import join_thread, start_thread


class Alarm:
    """Calls `ring` on a thread of its own, called `name`, `seconds` after `start`. Its owner ends it with `call_off`."""

    def __init__(self, clock: Clock, seconds: float, ring: Callable[[], None], name: str) -> None:
        self._clock = clock
        self._seconds = seconds
        self._ring = ring
        self._called_off = threading.Lock()
        self._called_off.acquire()
        self.name = name
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to count. Raises ``RuntimeError`` where the system has no thread left."""
        start_thread(self._main, self.name, self._keep)

    def call_off(self, patience: float | None) -> bool:
        """End the alarm, and wait for its thread at most `patience` seconds; tell whether that has ended, or is this one."""
        self._called_off.release()
        return join_thread(self._thread, patience, busy=False)

    def _keep(self, thread: threading.Thread) -> None:
        self._thread = thread

    def _main(self) -> None:
        if not self._clock.acquire(self._called_off, self._seconds):
            self._ring()
