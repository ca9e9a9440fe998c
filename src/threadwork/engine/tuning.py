"""`Tuner`: sets how many workers of a crew are at work, as a rule says that looks at what they get done."""

import sys
import threading
from collections.abc import Callable
from typing import NamedTuple, Protocol

from .clock import process_seconds
from .cpus import usable_cpus
from .events import WorkersChanged
from .notify import Notifier
from .protocols import Sample, Sizing

TUNE_SECONDS = 0.05
"""How often what the workers get done is looked at; the rule may wait for more before it decides."""


class Progress(NamedTuple):
    """What has been done: see `Sample`."""

    ended: int = 0
    spent: float = 0.0
    squares: float = 0.0

    def plus(self, other: "Progress") -> "Progress":
        """Return what has been done here and there."""
        return Progress(self.ended + other.ended, self.spent + other.spent, self.squares + other.squares)


class Tunable(Protocol):
    """What is tuned."""

    def progress(self) -> tuple[Progress, int, int]:
        """Return what has been done, busy workers, and queued batches."""

    def resize(self, workers: int) -> None:
        """Let so many workers be at work."""


class Tuner:
    """Looks after one crew, for as long as a run on it has a timer that rings for it."""

    def __init__(self, crew: Tunable, sizing: Sizing, notifier: Notifier, now: Callable[[], float]) -> None:
        self._crew = crew
        self._sizing = sizing
        self._notifier = notifier
        self._now = now
        self._controller = sizing.controller(usable_cpus(), gil=getattr(sys, "_is_gil_enabled", lambda: True)())
        self._workers = sizing.start
        self._turn = threading.Lock()  # Guards: all but _overloads; held while the rule decides
        self._due = 0.0
        self._stopped = False
        self._overloads_lock = threading.Lock()  # Guards: _overloads
        self._overloads = 0

    def failed(self, error: Exception) -> None:
        """Take note of the `error` of an attempt."""
        if self._sizing.is_overload(error):
            with self._overloads_lock:
                self._overloads += 1

    def stop(self) -> None:
        """Change nothing from now on: somebody has said how many workers there are to be."""
        self._stopped = True

    def look(self) -> None:
        """Have as many workers at work as the rule says now. Does nothing where another run's timer has just done that."""
        if self._stopped or not self._turn.acquire(blocking=False):
            return
        try:
            now = self._now()
            if now < self._due:
                return
            self._due = now + TUNE_SECONDS / 2
            self._decide(now)
        finally:
            self._turn.release()

    def _decide(self, now: float) -> None:
        progress, busy, queued = self._crew.progress()
        sample = Sample(now, *progress, cpu=process_seconds(), overloads=self._overloads, busy=busy, queued=queued)
        before, (self._workers, reason) = self._workers, self._controller.sample(sample)
        if self._workers != before:
            self._crew.resize(self._workers)
            self._notifier.tell(WorkersChanged(before, self._workers, reason))
