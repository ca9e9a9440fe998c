"""`Figures`: a run condensed to what a page can show. Values alone."""

from dataclasses import dataclass, field
from datetime import datetime

from ..engine import RunStatus, Status
from .failure_groups import FailureGroup
from .histogram import Histogram


@dataclass(frozen=True, slots=True)
class SlowItem:
    """One of the items that took longest, in its last attempt."""

    duration: float
    index: int
    item: str
    status: Status
    attempts: int
    worker: str
    at: float
    """When it ended; seconds from the start, as are all moments here."""


@dataclass(frozen=True, slots=True)
class ThreadFigures:
    """What one thread did."""

    name: str
    attempts: int
    failed: int
    """Attempts that failed, were too late, or were tried again."""
    seconds: float
    """How long it was at work, in total."""
    busy: tuple[float, ...]
    """What share of each column of time it was at work, 0 to 1."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What only the run itself knows."""

    name: str = ""
    began: datetime | None = None
    """In UTC; ``None`` where nothing has begun."""
    elapsed: float = 0.0
    status: RunStatus = RunStatus.PENDING
    workers: int = 0
    """The most that were at work at once."""
    total: int | None = None
    """Number of items, where the input knew it."""
    abandoned: tuple[str, ...] = ()
    """Threads that were left behind."""
    settings: dict[str, str] = field(default_factory=dict)
    """What it was asked for, by those who know."""


@dataclass(frozen=True, slots=True)
class Figures:
    """A run, or several, in figures. A column is `width` seconds long; the first begins with the run."""

    run: RunFacts
    done: int
    failed: int
    timed_out: int
    cancelled: int
    from_journal: int
    """Items that were done in an earlier run; counted in `done` too."""
    retried: int
    """Attempts that were followed by another one."""
    recovered: int
    """Items that were done in a later attempt than the first."""
    throttled: int
    """Attempts that a limit has kept waiting."""
    waited: float
    """Seconds that items have waited for a thread, a limit or another attempt, in all."""
    width: float
    done_over_time: tuple[float, ...]
    failed_over_time: tuple[float, ...]
    retried_over_time: tuple[float, ...]
    latency: Histogram
    """Of the last attempts of items."""
    slowest: tuple[SlowItem, ...]
    failures: tuple[FailureGroup, ...]
    other_failures: int
    """Failures that are in none of the groups."""
    retries: tuple[FailureGroup, ...]
    other_retries: int
    threads: tuple[ThreadFigures, ...]
    other_threads: int
    """Threads that are not among `threads`."""

    @property
    def finished(self) -> int:
        """Items that have been worked on to their end, in this run."""
        return self.done + self.failed + self.timed_out - self.from_journal
