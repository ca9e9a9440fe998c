"""`Tally`: adds up what happens, at moments that it is told, into `Figures`. Arithmetic alone."""

import heapq
from collections import Counter
from dataclasses import dataclass, field
from itertools import count

from ..engine import Status
from .failure_groups import FailureGroup, FailureGroups
from .figures import Figures, RunFacts, SlowItem, ThreadFigures
from .histogram import Histogram
from .series import COLUMNS, Series

MOST_SLOWEST = 20
MOST_THREADS = 128


@dataclass(slots=True)
class _Lane:
    busy: Series = field(default_factory=Series)
    attempts: int = 0
    failed: int = 0
    seconds: float = 0.0


class Tally:
    """Moments are seconds from the start. Memory is bounded, whatever the number of items; guarded by its owner.

    Time is kept in 120 columns that double in width, durations in a histogram (quantiles to 4.5%), and there are at most 20
    slowest items, 50 kinds of failures and 128 threads.
    """

    def __init__(self) -> None:
        self.counts: Counter[Status] = Counter()
        self.from_journal = self.retried = self.recovered = self.throttled = 0
        self.waited = 0.0
        self.failures, self.retries = FailureGroups(), FailureGroups()
        self._series = {name: Series() for name in ("done", "failed", "retried")}
        self._latency = Histogram()
        self._slowest: list[tuple[float, int, SlowItem]] = []  # a heap
        self._serial = count()
        self._lanes: dict[str, _Lane] = {}
        self._other_threads: set[str] = set()

    def attempt(self, worker: str, start: float, end: float, *, failed: bool) -> None:
        """Add what a thread did from `start` to `end`."""
        lane = self._lanes.get(worker)
        if lane is None:
            if len(self._lanes) >= MOST_THREADS:
                self._other_threads.add(worker)
                return
            lane = self._lanes[worker] = _Lane()
        lane.attempts += 1
        lane.failed += failed
        lane.seconds += end - start
        lane.busy.spread(start, end)

    def retry(self, at: float) -> None:
        """Add that an attempt has failed and will be followed by another one."""
        self.retried += 1
        self._series["retried"].add(at)

    def outcome(self, status: Status, at: float, waited: float, *, attempts: int) -> None:
        """Add the end of an item that has run."""
        self.counts[status] += 1
        self.waited += max(0.0, waited)
        self.recovered += status is Status.DONE and attempts > 1
        self._series["done" if status is Status.DONE else "failed"].add(at)

    def is_slow(self, duration: float) -> bool:
        """Tell whether an item that took so long is one of the slowest so far."""
        return len(self._slowest) < MOST_SLOWEST or duration > self._slowest[0][0]

    def lasted(self, duration: float, slow: SlowItem | None = None) -> None:
        """Add how long the last attempt at an item took; `slow`: it is one of the slowest."""
        self._latency.add(duration)
        if slow is not None:
            entry = (duration, next(self._serial), slow)
            if len(self._slowest) < MOST_SLOWEST:
                heapq.heappush(self._slowest, entry)
            else:
                heapq.heappushpop(self._slowest, entry)

    def figures(self, run: RunFacts) -> Figures:
        """Return all of it, with what only the run itself knows."""
        width = max([series.width for series in self._series.values()] + [lane.busy.width for lane in self._lanes.values()])
        columns = min(COLUMNS, int(run.elapsed / width) + 1)
        failures, retries = self.failures.largest(), self.retries.largest()
        return Figures(
            run=run,
            done=self.counts[Status.DONE],
            failed=self.counts[Status.FAILED],
            timed_out=self.counts[Status.TIMED_OUT],
            cancelled=self.counts[Status.CANCELLED],
            from_journal=self.from_journal,
            retried=self.retried,
            recovered=self.recovered,
            throttled=self.throttled,
            waited=self.waited,
            width=width,
            done_over_time=self._over_time("done", width, columns),
            failed_over_time=self._over_time("failed", width, columns),
            retried_over_time=self._over_time("retried", width, columns),
            latency=self._latency.copy(),
            slowest=tuple(slow for _, _, slow in sorted(self._slowest, reverse=True, key=lambda entry: entry[:2])),
            failures=_copies(failures[0]),
            other_failures=failures[1],
            retries=_copies(retries[0]),
            other_retries=retries[1],
            threads=tuple(_thread(each, lane, width, columns) for each, lane in self._lanes.items()),
            other_threads=len(self._other_threads),
        )

    def _over_time(self, name: str, width: float, columns: int) -> tuple[float, ...]:
        return tuple(self._series[name].values(width)[:columns])


def _thread(name: str, lane: _Lane, width: float, columns: int) -> ThreadFigures:
    busy = tuple(min(1.0, seconds / width) for seconds in lane.busy.values(width)[:columns])
    return ThreadFigures(name, lane.attempts, lane.failed, lane.seconds, busy)


def _copies(groups: list[FailureGroup]) -> tuple[FailureGroup, ...]:
    return tuple(group.copy() for group in groups)
