"""Ctrl-C and SIGTERM in two stages: first stop the run and keep what is finished, then leave at once."""

import os
import select
import signal
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Self

_REMIND_SECONDS = 0.5
_LATE_SECONDS = 0.05
"""How much later than the end of the input a signal may come that was its cause (a guess: measured was 1 ms)."""

_STOPS = (signal.SIGINT, signal.SIGTERM)
_END = b"\0"  # no signal has this number


@dataclass(frozen=True, slots=True)
class Answers:
    """What is done about signals, on a thread of their own."""

    stop: Callable[[], None]
    """After the first Ctrl-C or SIGTERM."""
    remind: Callable[[], None]
    """Half a second later, where the main thread is not done by then."""
    leave: Callable[[int], None]
    """After the second one, with the exit status; must not return."""
    dump: Callable[[], None]
    """After each SIGUSR1."""


class Interruption:
    """While entered, answers signals on a thread of its own. Enter it on the main thread.

    A handler of Python's would run in the middle of whatever the main thread does, where no lock may be taken that is held
    there; and not at all, as long as the main thread waits for a lock, if the signal came just before that wait began. So the
    handlers do nothing: the interpreter writes the number of each signal to a pipe, which the thread reads. If the main thread
    is not done `patience` seconds after the first signal (it may be writing to a pipe that nobody reads), that counts as a
    second one. Signals that were ignored when the process was started stay ignored.
    """

    def __init__(self, answers: Answers, patience: float, name: str) -> None:
        self.signal = 0
        """The signal that came, or 0."""
        self._answers = answers
        self._patience = patience
        self._plan: deque[tuple[float, Callable[[], None]]] = deque()  # what is to be done when; of the thread
        self._thread = threading.Thread(target=self._attend, name=f"{name}-signals", daemon=True)
        self._previous: dict[int, signal.Handlers | Callable[[int, FrameType | None], object] | int | None] = {}

    def __enter__(self) -> Self:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        self._thread.start()
        self._wakeup_before = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        for number in (*_STOPS, signal.SIGUSR1):
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._previous[number] = signal.signal(number, _do_nothing)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup_before)
        os.write(self._writer, _END)
        self._thread.join()
        os.close(self._reader)
        os.close(self._writer)

    @property
    def status(self) -> int:
        """The exit status that tells of the signal."""
        return 128 + self.signal

    def wait_for_late_one(self, since: float) -> None:
        """Wait for a signal until a moment after `since`: Ctrl-C ends all of a pipeline, and the end of the input may win."""
        while not self.signal and time.monotonic() < since + _LATE_SECONDS:
            time.sleep(_LATE_SECONDS / 10)

    def _attend(self) -> None:
        while True:
            patience = max(0.0, self._plan[0][0] - time.monotonic()) if self._plan else None
            if not select.select([self._reader], [], [], patience)[0]:
                _carry_out(self._plan.popleft()[1])
                continue
            for number in os.read(self._reader, 64):
                if number == _END[0]:
                    return
                self._receive(number)

    def _receive(self, number: int) -> None:
        if number == signal.SIGUSR1:
            _carry_out(self._answers.dump)
        elif number in _STOPS and number in self._previous:
            if self.signal:
                self._leave()
            self.signal = number
            _carry_out(self._answers.stop)
            remind_at = time.monotonic() + _REMIND_SECONDS
            self._plan.extend([(remind_at, self._answers.remind), (remind_at + self._patience, self._leave)])

    def _leave(self) -> None:
        self._answers.leave(self.status)


def _do_nothing(number: int, frame: FrameType | None) -> None:
    """Let the thread do it."""


def _carry_out(action: Callable[[], None]) -> None:
    """Call `action`; whatever is wrong with it, the next signal is to be answered too."""
    try:
        action()
    except Exception:  # noqa: BLE001 - see above
        traceback.print_exc()
