"""What happens in a run, told to listeners. Every event is an immutable value."""

from dataclasses import dataclass
from typing import Any

from .outcome import Outcome, Summary


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run has begun; `total` is the number of items where the input's length is known."""

    name: str
    workers: int
    total: int | None


@dataclass(frozen=True, slots=True)
class ItemStarted:
    """An attempt at an item begins, on the thread called `worker`, `at` seconds after the start of the run."""

    index: int
    key: Any
    item: Any
    attempt: int
    worker: str
    at: float


@dataclass(frozen=True, slots=True)
class ItemRetried:
    """An attempt has failed with `error`, on the thread called `worker`; the next one may begin in `delay` seconds."""

    index: int
    item: Any
    attempt: int
    error: Exception
    delay: float
    worker: str


@dataclass(frozen=True, slots=True)
class ItemThrottled:
    """An attempt could have begun, but a limit has no room for it now: it waits, without a worker. Its start follows."""

    index: int
    item: Any
    attempt: int


@dataclass(frozen=True, slots=True)
class ItemFinished:
    """An item has its outcome."""

    outcome: Outcome[Any]


@dataclass(frozen=True, slots=True)
class RunFinished:
    """A run is over: nothing of it runs any more, except the threads named in ``summary.abandoned``."""

    summary: Summary


@dataclass(frozen=True, slots=True)
class WorkerStarted:
    """A worker has been started."""

    worker: str


@dataclass(frozen=True, slots=True)
class WorkerExited:
    """A worker has left, after it closed its resource."""

    worker: str


@dataclass(frozen=True, slots=True)
class WorkersChanged:
    """There may be `workers` at work from now on, `before` until now, because of `reason`: a rule's, or ``by hand``."""

    before: int
    workers: int
    reason: str


Event = (
    RunStarted
    | ItemStarted
    | ItemThrottled
    | ItemRetried
    | ItemFinished
    | RunFinished
    | WorkerStarted
    | WorkerExited
    | WorkersChanged
)
