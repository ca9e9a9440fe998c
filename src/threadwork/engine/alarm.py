"""`Alarm`: calls something at a set time, unless it is called off before."""

import threading
from collections.abc import Callable

from .clock import Clock
from .threads import start_thread


class Alarm:
    """Calls `ring` on a thread of its own after `seconds`. Its owner ends it with `call_off`."""

    def __init__(self, clock: Clock, seconds: float, ring: Callable[[], None], name: str) -> None:
        self._clock = clock
        self._seconds = seconds
        self._ring = ring
        self._called_off = threading.Lock()
        self._called_off.acquire()
        self._thread = start_thread(self._main, name)

    def _main(self) -> None:
        if not self._clock.acquire(self._called_off, self._seconds):
            self._ring()

    def call_off(self) -> None:
        """End the alarm and its thread, and wait for that, unless called by the alarm itself."""
        self._called_off.release()
        if self._thread is not threading.current_thread():
            self._thread.join()
