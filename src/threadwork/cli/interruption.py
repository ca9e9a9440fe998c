"""Ctrl-C and SIGTERM in two stages: first stop the run and keep what is finished, then leave at once."""

import queue
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Self

_REMIND_SECONDS = 0.5
_LATE_SECONDS = 0.05
"""How much later than the end of the input a signal may come that was its cause (a guess: measured was 1 ms)."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Answers:
    """What is done about signals. All but `leave` are called on a thread of their own."""

    stop: Callable[[], None]
    """After the first Ctrl-C or SIGTERM."""
    remind: Callable[[], None]
    """Half a second later, where the main thread is not done by then."""
    leave: Callable[[int], None]
    """After the second one, with the exit status; called in the handler, and must not return."""
    dump: Callable[[], None]
    """After each SIGUSR1."""


class Interruption:
    """While entered, answers signals. Enter it on the main thread.

    A signal handler runs in the middle of whatever the main thread does, and may not take a lock that is held there: what is
    done happens on a thread of its own. If the main thread is not done `patience` seconds after the first signal (it may be
    writing to a pipe that nobody reads), a second one is sent to it. Signals that were ignored when the process was started
    stay ignored.
    """

    def __init__(self, answers: Answers, patience: float, name: str) -> None:
        self.signal = 0
        """The signal that came, or 0."""
        self._answers = answers
        self._patience = patience
        self._wishes: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()  # its put is allowed in a handler
        self._plan: deque[tuple[float, Callable[[], None]]] = deque()  # what is to be done when; of the thread
        self._thread = threading.Thread(target=self._attend, name=f"{name}-signals", daemon=True)
        self._previous: dict[int, signal.Handlers | Callable[[int, FrameType | None], object] | int | None] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._previous[number] = signal.signal(number, self._receive)
        self._previous[signal.SIGUSR1] = signal.signal(signal.SIGUSR1, lambda *_: self._wishes.put(self._answers.dump))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._wishes.put(None)
        self._thread.join()

    @property
    def status(self) -> int:
        """The exit status that tells of the signal."""
        return 128 + self.signal

    def wait_for_late_one(self, since: float) -> None:
        """Wait for a signal until a moment after `since`: Ctrl-C ends all of a pipeline, and the end of the input may win."""
        while not self.signal and time.monotonic() < since + _LATE_SECONDS:
            time.sleep(_LATE_SECONDS / 10)

    def _receive(self, number: int, _: FrameType | None) -> None:
        if self.signal:
            self._answers.leave(self.status)
        self.signal = number
        self._wishes.put(self._begin_to_stop)

    def _attend(self) -> None:
        while wish := self._next():
            wish()

    def _next(self) -> Callable[[], None] | None:
        """Wait for the next thing to do, which is planned or comes meanwhile; ``None``: the end."""
        try:
            return self._wishes.get(timeout=max(0.0, self._plan[0][0] - time.monotonic()) if self._plan else None)
        except queue.Empty:
            return self._plan.popleft()[1]

    def _begin_to_stop(self) -> None:
        self._answers.stop()
        remind_at = time.monotonic() + _REMIND_SECONDS
        self._plan.extend([(remind_at, self._answers.remind), (remind_at + self._patience, self._insist)])

    def _insist(self) -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, self.signal)
