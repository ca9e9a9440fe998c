"""Ctrl-C and SIGTERM in two stages: first stop the run and keep what is finished, then leave at once."""

import queue
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

_REMIND_SECONDS = 0.5
_LATE_SECONDS = 0.05
"""How much later than the end of the input a signal may come that was its cause (a guess: measured was 1 ms)."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """While entered, turns the first signal into a call of `stop` and the second into a call of `leave`.

    `stop` runs on a thread of its own: a signal handler runs in the middle of whatever the main thread does, and may not
    take a lock that is held there. There too `remind` is called, where the main thread is not done half a second later.
    `leave` runs in the handler and must not return. If the main thread is not done `patience` seconds after the first
    signal (it may be writing to a pipe that nobody reads), a second one is sent to it. Signals that were ignored when the
    process was started stay ignored. Enter it on the main thread.
    """

    def __init__(
        self, stop: Callable[[], None], remind: Callable[[], None], leave: Callable[[int], None], patience: float, name: str
    ) -> None:
        self.signal = 0
        """The signal that came, or 0."""
        self._stop = stop
        self._remind = remind
        self._leave = leave
        self._patience = patience
        self._wishes: queue.SimpleQueue[bool] = queue.SimpleQueue()  # its put is allowed in a signal handler
        self._thread = threading.Thread(target=self._attend, name=f"{name}-signals", daemon=True)
        self._previous: dict[int, signal.Handlers | Callable[[int, FrameType | None], object] | int | None] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._previous[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._wishes.put(False)
        self._thread.join()

    @property
    def status(self) -> int:
        """The exit status that tells of the signal."""
        return 128 + self.signal

    def _receive(self, number: int, _: FrameType | None) -> None:
        if self.signal:
            self._leave(self.status)
        self.signal = number
        self._wishes.put(True)

    def _attend(self) -> None:
        if not self._wishes.get():
            return
        self._stop()
        if self._done_within(_REMIND_SECONDS):
            return
        self._remind()
        if not self._done_within(self._patience):
            signal.pthread_kill(threading.main_thread().ident or 0, self.signal)
            self._wishes.get()

    def _done_within(self, seconds: float) -> bool:
        try:
            self._wishes.get(timeout=seconds)
        except queue.Empty:
            return False
        return True

    def wait_for_late_one(self, since: float) -> None:
        """Wait for a signal until a moment after `since`: Ctrl-C ends all of a pipeline, and the end of the input may win."""
        while not self.signal and time.monotonic() < since + _LATE_SECONDS:
            time.sleep(_LATE_SECONDS / 10)
