"""What became of an item (`Outcome`) and of a run (`Summary`)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, NamedTuple, TypeVar

from ..errors import RunCancelled

R_co = TypeVar("R_co", covariant=True)


class Status(StrEnum):
    """How an item ended."""

    DONE = "done"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    CANCELLED = "cancelled"


class Outcome(NamedTuple, Generic[R_co]):
    """What became of one item. Immutable.

    A named tuple, because a frozen dataclass of this size takes five times as long to build.
    """

    index: int  # type: ignore[assignment] # hides tuple.index, which nobody asks of an outcome
    """Place of the item in the input, from 0."""
    key: Any
    """What ``key=`` gave for the item; its index where no ``key`` was given."""
    item: Any
    """The input itself; a tuple of the arguments where there were several iterables."""
    status: Status
    value: R_co | None
    """What the task returned; ``None`` unless `status` is done."""
    error: BaseException | None
    """What the task raised, with a note that names the item."""
    attempts: int
    """How many times the task was called; 0 for an item that never began."""
    started: float
    """Seconds from the start of the run to the start of the last attempt."""
    duration: float
    """Seconds that the last attempt took."""
    waited: float
    """Seconds from the item's admission to the start of the last attempt."""
    worker: str
    """Name of the thread that ran it; empty for an item that never began."""
    from_journal: bool = False
    """Whether it was done in an earlier run: `value`, `attempts`, `duration` and `worker` are those of then."""

    @property
    def ok(self) -> bool:
        """Whether the task returned."""
        return self.status is Status.DONE

    def unwrap(self) -> R_co:
        """Return the value, or raise the item's error; `RunCancelled` where it has none because the run was stopped."""
        if self.error is not None:
            try:
                raise self.error
            finally:
                del self  # the frames of the error would refer to it
        if self.status is not Status.DONE:
            raise RunCancelled(f"item {self.index} has no value: it was cancelled")
        return self.value  # type: ignore[return-value] # a done item has the task's own return value, None included


class RunStatus(StrEnum):
    """How a run stands, or how it ended."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    HALTED = "halted"
    CANCELLED = "cancelled"
    DEADLINE = "deadline exceeded"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Summary:
    """The counts of a run at one moment: while it runs (`Run.stats`) or at its end (`for_each`)."""

    name: str
    status: RunStatus
    workers: int
    """Threads started so far."""
    admitted: int
    """Items taken from the input."""
    done: int
    failed: int
    timed_out: int
    cancelled: int
    """Items that were admitted and will have no result, because the run was stopped."""
    waiting: int
    """Items that wait for their next attempt, or for a limit."""
    running: int
    """Items in the hands of workers that have not ended yet."""
    elapsed: float
    """Seconds since the run began, or that it took."""
    from_journal: int = 0
    """Items that were done in an earlier run, and not again; counted in `done` too."""
    abandoned: tuple[str, ...] = ()
    """Names of the threads that did not stop in time and were left behind."""

    @property
    def ok(self) -> bool:
        """Whether the run went to the end of its input and every item was done."""
        return self.status is RunStatus.COMPLETED and self.done == self.admitted

    def __str__(self) -> str:
        known = f" ({self.from_journal:,} before)" if self.from_journal else ""
        counts = [f"{self.done:,} done{known}"]
        counts += [
            f"{count:,} {word}"
            for count, word in (
                (self.failed, "failed"),
                (self.timed_out, "timed out"),
                (self.cancelled, "cancelled"),
                (self.waiting, "waiting"),
                (self.running, "running"),
            )
            if count
        ]
        finished = self.done + self.failed + self.timed_out - self.from_journal
        rate = f" ({finished / self.elapsed:,.0f}/s)" if self.elapsed > 0 and finished else ""
        threads = f"{self.workers} worker{'' if self.workers == 1 else 's'}"
        line = f"{self.name}: {', '.join(counts)} in {self.elapsed:.2f} s{rate} on {threads}"
        if self.status not in (RunStatus.COMPLETED, RunStatus.RUNNING):
            line += f"; {self.status}"
        if self.abandoned:
            line += f"; left behind: {', '.join(self.abandoned)}"
        return line
