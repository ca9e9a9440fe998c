"""`Ticker`: calls something at intervals, on a named thread, for as long as it is entered."""

import math
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Ticker:
    """Calls `tick` every `seconds`, first after that time; never if that is infinite. Leaving it waits for the thread."""

    def __init__(self, tick: Callable[[], None], seconds: float, name: str) -> None:
        self._tick = tick
        self._seconds = seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._main, name=name, daemon=True)

    def __enter__(self) -> Self:
        if self._seconds < math.inf:
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ended.set()
        if self._seconds < math.inf:
            self._thread.join()

    def _main(self) -> None:
        while not self._ended.wait(self._seconds):
            self._tick()
