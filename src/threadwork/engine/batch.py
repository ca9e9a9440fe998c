"""`Batch`: items that a worker takes at once; and `BatchSizer`, which finds out how many."""

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from math import inf
from typing import Any, Protocol

from .cancel import CancelScope
from .seat import Owner
from .task import TaskContext
from .worker import Worker

TARGET_SECONDS = 0.001  # work in one batch: large against a hand-over (about 20 us), small against what people notice


class BatchOwner(Owner, Protocol):
    """Who knows what to do with a batch."""

    def execute(self, batch: "Batch", worker: Worker) -> None:
        """Run the items of `batch` on the calling thread, which is `worker`'s. Never raises."""

    def refuse(self, batch: "Batch", error: BaseException) -> None:
        """Take note that no worker will ever run `batch`, because of `error`."""

    def describe(self, batch: "Batch") -> TaskContext:
        """Return the context of the item of `batch` that is running."""


class Batch:
    """Items next to each other in the input, in the hands of one worker, and what has come of them so far.

    Its worker takes items from the left of `items` and adds results to the right of `done`; meanwhile others may take
    items from the right and results from the left. Both are deques because those four calls are documented to be safe
    from several threads. All the rest is guarded by the lock of its owner.
    """

    __slots__ = (
        "admitted_at", "asked", "attempt", "bad", "begun_at", "circuit", "done", "dropped", "entered", "failure", "finished",
        "history", "item", "item_begun_at", "items", "judged", "keys", "lasted", "mark", "owner", "recalled", "scope", "size",
        "start", "taken", "ticket", "worker",
    )  # fmt: skip

    def __init__(self, owner: BatchOwner, start: int, items: deque[Any], admitted_at: float) -> None:
        self.owner = owner
        self.start = start  # index of the first item
        self.size = len(items)
        """How many items it has or had, less those that were taken away from its end."""
        self.items = items
        self.admitted_at = admitted_at
        self.done: deque[Any] = deque()
        """Values or outcomes, in the order of the items."""
        self.bad = 0
        """How many of its items ended without a value."""
        self.judged = -1
        """Index of the last item that ended without a value."""
        self.failure: BaseException | None = None
        """Error of that item. Where values are wanted it ends the batch."""
        self.finished = False
        self.dropped = False
        """Its `items` will never be run."""
        self.taken = 0  # how many of its results were delivered before it was finished
        self.begun_at = 0.0
        self.lasted = 0.0  # how long its only item had been running when it was left behind
        self.worker: Worker | None = None
        self.item: Any = None  # the one that is running
        self.attempt = 1
        """The number of the attempt at its items; above 1, it has one item."""
        self.history: tuple[str, ...] = ()
        """What became of the attempts before."""
        self.keys: tuple[Hashable, ...] = ()
        """The keys of its only item for the limits, once it was parked."""
        self.circuit: Hashable = None  # the key for the breaker of the item that is running
        self.entered = False  # whether the limits have let its only item in already
        self.item_begun_at = inf
        """When the attempt that is running began, where attempts are timed; written by its worker alone, without the lock."""
        self.asked: tuple[float, float] | None = None
        """When an attempt began that was asked to stop, because it takes too long, and when that was."""
        self.mark = b""  # what stands for the item that is running in the journal
        self.recalled = 0  # how many of its items were done in an earlier run
        self.ticket = 0  # what to wait for until all that it has done is durable
        self.scope: tuple[float, CancelScope] | None = None
        """When an attempt began that has called ``current()``, and what it is asked to stop by."""

    def execute(self, worker: Worker) -> None:
        """Run the items on the calling thread, which is `worker`'s. Never raises."""
        self.owner.execute(self, worker)

    def refuse(self, error: BaseException) -> None:
        """Take note that no worker will ever run it."""
        self.owner.refuse(self, error)

    def describe(self) -> TaskContext:
        """Return the context of the item that is running."""
        return self.owner.describe(self)

    def position(self) -> int:
        """Return the index of the item that is running."""
        return self.start + self.size - len(self.items) - 1

    def judge(self, error: BaseException) -> int:
        """Take note that the item that is running ended with `error`; return its index."""
        self.judged = self.position()
        self.bad += 1
        self.failure = error
        return self.judged

    def cut(self) -> "Batch | None":
        """Take away what has not begun and return it as a batch of its own, or ``None`` if there is nothing."""
        rest: deque[Any] = deque()
        while True:
            try:
                rest.appendleft(self.items.pop())
            except IndexError:
                break
        if not rest:
            return None
        self.size -= len(rest)
        return Batch(self.owner, self.start + self.size, rest, self.admitted_at)

    def take_out(self) -> "tuple[Batch, Batch | None]":
        """Take away the item that is running, and what has not begun; return both, as batches of their own."""
        rest = self.cut()
        self.size -= 1
        again = Batch(self.owner, self.start + self.size, deque([self.item]), self.admitted_at)
        again.attempt, again.history, again.keys, again.mark = self.attempt, self.history, self.keys, self.mark
        return again, rest

    def split_off(self, count: int) -> "Batch":
        """Take `count` items from the left of a batch that nobody has begun, as a batch of their own."""
        first = deque(self.items.popleft() for _ in range(count))
        batch = Batch(self.owner, self.start, first, self.admitted_at)
        self.start += count
        self.size -= count
        return batch


def share_out(batch: Batch, shares: int) -> list[Batch]:
    """Cut what nobody has begun from `batch` and return it in at most `shares` equal batches, in order."""
    rest = batch.cut()
    if rest is None:
        return []
    part = -(-rest.size // shares)
    parts = []
    while rest.size > part:
        parts.append(rest.split_off(part))
    return [*parts, rest]


@dataclass(slots=True)
class BatchSizer:
    """Finds how many items make about `TARGET_SECONDS` of work: doubles, halves, or falls to 1. Arithmetic alone."""

    size: int = 1
    largest: int = 1
    fixed: bool = False

    def measured(self, count: int, seconds: float) -> None:
        """Take note that a batch of `count` items took `seconds`."""
        if self.fixed:
            return
        if seconds >= count * TARGET_SECONDS:
            self.size = 1
        elif seconds > 2 * TARGET_SECONDS:
            self.size = max(1, self.size // 2)
        elif count >= self.size and seconds < TARGET_SECONDS / 2:
            self.size = min(self.largest, 2 * self.size)
