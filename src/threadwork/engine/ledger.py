"""`Ledger`: what the input, the workers and the consumer of one run share, under one lock."""

import threading
from collections import deque
from collections.abc import Callable, Hashable
from enum import Enum
from math import inf
from typing import Any

from ..errors import Cancelled, PoolClosed, RunCancelled, TaskTimeout
from .batch import Batch, BatchOwner, BatchSizer
from .channel import Signal
from .crew import Crew
from .delivery import AsCompleted, Delivery, InOrder, NoDelivery
from .ending import Ending
from .halt import Halt
from .options import Settings
from .run_state import RunState
from .seat import nudge
from .worker import Worker

_MOST_LEFT_BEHIND = 100
"""How many threads may hang, where there are few workers: each has a stack and whatever the task has opened."""

_MOST_ERRORS = 100
"""How many errors are kept where nobody takes them one by one."""


class Keep(Enum):
    """What the consumer of a run wants of its items."""

    VALUES = "values"
    OUTCOMES = "outcomes"
    NOTHING = "nothing"


class Ledger:
    """The books of one run. Every method but `submit` and `tell_dropped` is called with `lock` held.

    No lock is held while a task, a listener, or a key function runs. Lock order: this one, then the crew's.
    """

    def __init__(self, settings: Settings, crew: Crew, keep: Keep, owner: BatchOwner) -> None:
        self.settings = settings
        self.owner: BatchOwner | None = owner
        """Who gives the batches to the crew; nobody any more when the run has ended, so that no cycle keeps it alive."""
        self.crew = crew
        self.keep = keep
        self.now = settings.clock.now
        self.halt = settings.halt or (Halt() if keep is Keep.VALUES else Halt.never())
        self.lock = threading.Lock()  # Guards: all below, and the batches
        self.state = RunState(settings.workers, settings.buffersize)
        largest = self.state.largest_batch()
        self.sizer = BatchSizer(size=min(settings.batch or 1, largest), largest=largest, fixed=settings.batch is not None)
        self.delivery: Delivery = NoDelivery() if keep is Keep.NOTHING else InOrder() if settings.ordered else AsCompleted()
        self.ending = Ending()
        self.ready = Signal(self.lock, settings.clock)
        """The consumer waits for a result or the end."""
        self.room = Signal(self.lock, settings.clock)
        """The input waits for room."""
        self.late: set[int] = set()
        """Indexes of the items that failed when the run had been stopped already: what stopped it is the better reason."""
        self.running: set[Batch] = set()
        self.waiting: set[Batch] = set()
        """What waits for its next attempt, or for a limit, and is not queued meanwhile."""
        self.incoming: Batch | None = None
        """What the input is filling."""
        self.hurried = False
        """Whether the waiting input wants to go on as soon as there is room at all."""
        self.looks = False
        """Whether the waiting consumer looks by itself now and then."""
        self.abandoned: list[Worker] = []
        """The workers that were left behind."""
        self.errors: list[BaseException] = []
        """The first errors of items, where nothing is kept."""
        self.on_drop: Callable[[Batch], None] | None = None
        """Is told of each batch that will not be run, where somebody waits for its items."""
        self._dropped: list[Batch] = []
        self._telling: list[int] = []  # the threads that tell of dropped batches just now

    @property
    def over(self) -> bool:
        """Whether every item has its end, and no worker has a batch in hand (one may be left of which all items were cut)."""
        return self.state.over and not self.running

    def admit(self, batch: Batch) -> bool:
        """Count new items in; tell whether they may go to the crew."""
        self.state.admitted += batch.size
        self.delivery.admit(batch)
        if self.state.stopped:
            self.drop(batch)
            return False
        return True

    def settle(self, batch: Batch) -> None:
        """Count the items of `batch` as ended and offer it to the consumer."""
        batch.finished = True
        self.state.settled += batch.size
        self.state.recalled += batch.recalled
        self.delivery.settle(batch)
        if self.keep is Keep.NOTHING:
            self.state.yielded += batch.size
        self.wake_consumer()
        self.wake_input()

    def drop(self, batch: Batch) -> None:
        """End `batch` without running it."""
        batch.dropped = True
        if self.on_drop or batch.entered:
            self._dropped.append(batch)
        self.settle(batch)

    def tell_dropped(self) -> None:
        """Tell of the batches that were dropped. The lock is not held."""
        with self.lock:
            dropped, self._dropped = self._dropped, []
            if not dropped:
                return
            self._telling.append(threading.get_ident())
        try:
            for batch in dropped:
                if batch.entered:
                    self.leave(batch.keys)
                if self.on_drop:
                    self.on_drop(batch)
        finally:
            with self.lock:
                self._telling.remove(threading.get_ident())
                self.ready.wake()

    def told(self) -> bool:
        """Tell whether no other thread is about to tell of batches that were dropped."""
        return all(thread == threading.get_ident() for thread in self._telling)

    def take_out(self, batch: Batch) -> tuple[Batch, Batch | None]:
        """Take the running item out of `batch`, to wait; return it, and what follows it, which is to be submitted."""
        again, rest = batch.take_out()
        self.delivery.place_after(batch, again)
        if rest is not None:
            self.delivery.place_after(again, rest)
        self._hold(again)
        return again, rest

    def _hold(self, batch: Batch) -> None:
        """Have `batch` wait, or drop it where there is nothing to wait for any more."""
        if self.state.stopped:
            self.drop(batch)
        else:
            self.waiting.add(batch)
            self.state.waiting += 1

    def try_again(self, item: Batch, failure: str) -> None:
        """Take note that the `item`, which was taken out, has failed like that and will have another attempt."""
        self.state.retried += 1
        item.history += (f"attempt {item.attempt}: {failure}",)
        item.attempt += 1

    def leave(self, keys: tuple[Hashable, ...]) -> None:
        """Give the places with the limits back that an attempt had. The lock is not held."""
        for gate, key in zip(self.settings.limits, keys, strict=True):
            gate.leave(key)

    def release(self, batch: Batch) -> bool:
        """Take note that `batch` waits no more; ``False`` where it was dropped meanwhile."""
        if batch not in self.waiting:
            return False
        self.waiting.discard(batch)
        self.state.waiting -= 1
        self.wake_input()
        return True

    def stop(self, cause: BaseException, *, quiet: bool = False, patient: bool = False) -> None:
        """Admit no more items, and begin none that is not begun.

        `quiet`: where outcomes are wanted, they tell the cause. `patient`: what is running may take as long as it takes.
        """
        give_up_at = None if patient else self.now() + self.settings.grace
        if self.over:  # too late: only what leaves its resource may still take time
            self.ending.give_up(give_up_at)
            return
        self.ending.stop(cause, quiet=quiet, give_up_at=give_up_at)
        self.ready.wake()  # it may wait now at most for the grace
        if self.state.stopped:
            return
        self.state.stopped = True
        for batch in list(self.running):
            if (rest := batch.cut()) is not None:
                self.delivery.place_after(batch, rest)
                self.drop(rest)
        for batch in self.waiting:
            self.drop(batch)
        self.waiting.clear()
        self.state.waiting = 0
        self._drop_queued()
        self.room.wake()

    def _drop_queued(self) -> None:
        for work in self.crew.withdraw(self.owner) if self.owner else []:
            if isinstance(work, Batch):
                self.drop(work)

    def reason(self, index: int, error: BaseException | None) -> BaseException:
        """Return what to raise in place of the value of an item that ended with `error`, or with nothing."""
        cause = self.ending.cause
        fatal = cause is not None and not isinstance(cause, Exception)
        if isinstance(error, Exception) and index not in self.late and not fatal:
            return error
        return cause or error or RunCancelled("the run was stopped")

    def failed(self, error: BaseException) -> bool:
        """Count an item as failed, or as timed out; tell whether that stops the run."""
        if isinstance(error, TaskTimeout):
            self.state.timed_out += 1
        else:
            self.state.failed += 1
        if self.keep is Keep.NOTHING and len(self.errors) < _MOST_ERRORS:
            self.errors.append(error)
        ended = self.state.settled + sum(each.size - len(each.items) for each in self.running)
        fatal = not isinstance(error, Exception | Cancelled)  # KeyboardInterrupt, SystemExit: leave at once
        halted = fatal or self.halt.reached(self.state.failed + self.state.timed_out, ended)
        if halted:
            self.stop(error, quiet=not fatal, patient=self.halt.drain and not fatal)
        return halted

    def abandon(self) -> None:
        """Leave behind what still runs: give its items their end now."""
        for batch in list(self.running):
            self.leave_behind(batch)

    def leave_behind(
        self, batch: Batch, error: BaseException | None = None, *, again: bool = False
    ) -> tuple[Batch | None, Batch | None]:
        """Leave the worker of `batch` behind: give its items their end now, the one that runs with `error`.

        `again`: that one has no end yet, and waits for another attempt. Return it (``None``: it has ended just now), and
        what follows it, which is to be submitted.
        """
        self.running.discard(batch)
        if batch.worker:
            self._abandon(batch.worker)
        rest = batch.cut()
        # The worker, should it come back, adds to the old one.
        batch.done = deque(batch.done.popleft() for _ in range(len(batch.done)))
        ended = batch.taken + len(batch.done) + (batch.failure is not None and self.keep is Keep.VALUES)
        hung = None
        if batch.size > (0 if self.keep is Keep.NOTHING else ended):  # where nothing is kept, nobody knows better
            hung = self._cut_hung(batch, error)
        if rest is not None:
            self.delivery.place_after(hung or batch, rest)
        self.state.done += batch.size - batch.bad
        self.settle(batch)
        if hung and again:
            hung.worker = hung.failure = None
            self._hold(hung)
        elif hung:
            self.drop(hung)
        return hung, rest

    def _abandon(self, worker: Worker) -> None:
        most = max(_MOST_LEFT_BEHIND, 4 * self.settings.workers)
        self.abandoned.append(worker)
        if len(self.abandoned) >= most:
            self.abandoned = [each for each in self.abandoned if each.alive]
        if len(self.abandoned) >= most:
            self.stop(TaskTimeout(f"{most} threads were left behind, and hang: what the task calls needs a time-out of its own"))

    def _cut_hung(self, batch: Batch, error: BaseException | None) -> Batch:
        """Cut the item that runs from the end of `batch`, which nothing follows any more."""
        batch.size -= 1
        hung = Batch(batch.owner, batch.start + batch.size, deque([batch.item]), batch.admitted_at)
        hung.worker, hung.attempt, hung.history, hung.failure = batch.worker, batch.attempt, batch.history, error
        hung.mark = batch.mark
        began = batch.item_begun_at if batch.item_begun_at < inf else batch.begun_at
        hung.begun_at, hung.lasted = began, self.now() - began
        if batch.judged == hung.start:  # it has failed already, and only just
            batch.bad -= 1
            batch.failure, hung.failure = None, batch.failure
        self.delivery.place_after(batch, hung)
        return hung

    def submit(self, batch: Batch) -> None:
        """Give `batch` to the crew; where that takes no more work, the run is stopped. The lock is not held."""
        try:
            self.crew.submit(batch)
        except PoolClosed as error:
            batch.refuse(error)
        else:
            nudge(self.owner)
        with self.lock:
            stopped = self.state.stopped
            if stopped:  # meanwhile: no worker may be left to find that out
                self._drop_queued()
        if stopped:
            self.tell_dropped()

    def wake_consumer(self) -> None:
        """Wake the consumer where there is something for it."""
        if not self.ready.waiting:
            return
        state = self.state
        if self.sizer.size > 1 and not self.looks:
            self.wake_looker()
            return
        # Where tasks are tiny, waking the consumer for each batch costs more than the work, and it looks by itself soon:
        # it is woken when much has come together, or when nothing more is under way.
        under_way = state.admitted - state.settled
        enough = not self.looks or not under_way or state.settled - state.yielded >= state.lump()
        if self.over or (enough and self.delivery.ready()):
            self.ready.wake()

    def wake_looker(self) -> None:
        """Have a waiting consumer look by itself now and then, because a batch of several items begins."""
        if self.ready.waiting and not self.looks:
            self.ready.wake()

    def watch(self) -> bool:
        """Tell whether there is something to watch over: items that may come to wait behind a slow one, or a slow input."""
        filling = self.incoming is not None and self.incoming.size > 1
        return not self.state.stopped and (filling or any(batch.size > 1 for batch in self.running))

    def wake_input(self) -> None:
        """Wake the input where it is worth it."""
        if self.room.waiting:
            size = self.sizer.size
            if self.state.stopped or self.state.room(size) >= (1 if self.hurried else self.state.refill(size)):
                self.room.wake()

    def at_work(self) -> list[tuple[Worker, int, Any, float]]:
        """Return worker, index, item and age in seconds of everything that runs."""
        now = self.now()
        return [(b.worker, b.position(), b.item, now - b.begun_at) for b in self.running if b.worker]
