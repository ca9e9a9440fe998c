"""`Statistics`: a listener that condenses what it is told of a run into `Figures`."""

import threading
import traceback
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ..engine import (
    Event,
    ItemFinished,
    ItemRetried,
    ItemStarted,
    ItemThrottled,
    Outcome,
    RunFinished,
    RunStarted,
    RunStatus,
    Status,
    default_clock,
)
from .failure_groups import FailureGroup, FailureGroups, kind_of
from .figures import Figures, RunFacts, SlowItem
from .shown import error_text, shown
from .tally import Tally

_LONGEST_TRACEBACK = 6_000  # characters


class Statistics:
    """Keeps counts, throughput, latency, slowest items, kinds of failures, retries and what each thread did.

    `figures` gives them at any time. Memory is bounded, whatever the number of items (see `Tally`). May be called from any
    thread and be given to several runs, whose figures it adds up. `settings` is what the run was asked for, in words.
    """

    def __init__(self, settings: dict[str, str] | None = None) -> None:
        self._now = default_clock.get().now
        self._lock = threading.Lock()  # Guards: all below
        self._tally = Tally()
        self._run = RunFacts(settings=settings or {})
        self._open = 0
        self._epoch = self._end = self._now()
        self._begun: dict[tuple[str, int], float] = {}  # when each attempt that runs began

    def __call__(self, event: Event, /) -> None:
        """Count what `event` tells. Takes about 4 microseconds for an item."""
        match event:
            case ItemStarted(worker=worker, index=index):
                with self._lock:
                    self._begun[worker, index] = self._now() - self._epoch
            case ItemFinished(outcome):
                self._item_finished(outcome)
            case ItemRetried():
                self._item_retried(event)
            case ItemThrottled():
                with self._lock:
                    self._tally.throttled += 1
            case RunStarted():
                with self._lock:
                    self._run_started(event)
            case RunFinished(summary):
                with self._lock:
                    self._open -= 1
                    self._end = self._now()
                    abandoned = self._run.abandoned + summary.abandoned
                    self._run = replace(self._run, status=summary.status, abandoned=abandoned)
            case _:
                pass

    def figures(self) -> Figures:
        """Return the figures as they are now."""
        with self._lock:
            end = self._now() if self._open else self._end
            return self._tally.figures(replace(self._run, elapsed=end - self._epoch))

    def _run_started(self, event: RunStarted) -> None:
        if self._run.began is None:
            self._epoch = self._now()
            began = datetime.now(UTC)
            self._run = replace(self._run, name=event.name, workers=event.workers, total=event.total, began=began)
        self._open += 1
        self._run = replace(self._run, status=RunStatus.RUNNING)

    def _item_finished(self, outcome: Outcome[Any]) -> None:
        now, error = self._now() - self._epoch, outcome.error
        failure = None
        if error is not None and outcome.status is not Status.CANCELLED:  # calls code of the user's: no lock is held
            failure = self._failure(self._tally.failures, error, outcome.index, outcome.item, now)
        slow = None
        if outcome.attempts and not outcome.from_journal and self._tally.is_slow(outcome.duration):
            slow = _slow(outcome, now)
        with self._lock:
            tally = self._tally
            if outcome.from_journal:
                tally.from_journal += 1
                tally.counts[outcome.status] += 1
                return
            start = self._begun.pop((outcome.worker, outcome.index), None)
            if start is not None:
                tally.attempt(outcome.worker, start, now, failed=not outcome.ok)
            if failure is not None:
                tally.failures.add(failure)
            if outcome.status is Status.CANCELLED:
                tally.counts[outcome.status] += 1
                return
            tally.outcome(outcome.status, now, outcome.waited, attempts=outcome.attempts)
            tally.lasted(outcome.duration, slow)

    def _item_retried(self, event: ItemRetried) -> None:
        now = self._now() - self._epoch
        failure = self._failure(self._tally.retries, event.error, event.index, event.item, now)
        with self._lock:
            start = self._begun.pop((event.worker, event.index), None)
            if start is not None:
                self._tally.attempt(event.worker, start, now, failed=True)
            self._tally.retries.add(failure)
            self._tally.retry(now)

    def _failure(self, groups: FailureGroups, error: BaseException, index: int, item: object, now: float) -> FailureGroup:
        """Return the group of this failure alone. Calls code of the user's."""
        kind = kind_of(error)
        with self._lock:
            wanted = groups.wants_traceback(kind)
        trace = "".join(traceback.format_exception(error))[-_LONGEST_TRACEBACK:] if wanted else ""
        return FailureGroup(*kind, 1, now, now, index, shown(item), error_text(error), trace)


def _slow(outcome: Outcome[Any], now: float) -> SlowItem:
    return SlowItem(outcome.duration, outcome.index, shown(outcome.item), outcome.status, outcome.attempts, outcome.worker, now)
