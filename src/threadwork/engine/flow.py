"""`Flow`: moves the batches of one run from its input, through the crew, to its consumer, all under one lock."""

import contextvars
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from typing import Any

from ..errors import Cancelled, DeadlineExceeded, RunCancelled
from .attempt import BatchRunner, explain
from .batch import Batch, BatchSizer
from .cancel import CancelScope
from .channel import Signal
from .crew import Crew, Worker
from .delivery import AsCompleted, Delivery, InOrder, NoDelivery
from .ending import Ending
from .halt import Halt
from .options import Settings
from .outcome import Status
from .run_state import RunState
from .task import TaskContext, take_seat

_LOOK_SECONDS = 0.005
"""How often a waiting consumer looks after batches that take long: half of the 10 ms in which a result is delivered."""

_MOST_ERRORS = 100
"""How many errors are kept where nobody takes them one by one."""


class Keep(Enum):
    """What the consumer of a run wants of its items."""

    VALUES = "values"
    OUTCOMES = "outcomes"
    NOTHING = "nothing"


class Flow:
    """The moving part of a run. The input thread, the workers and one consumer meet here.

    No lock is held while a task, a listener, or a key function runs. Lock order: this one, then the crew's.
    """

    def __init__(self, settings: Settings, crew: Crew, keep: Keep, scope: CancelScope, helper: Worker | None) -> None:
        self.settings = settings
        self.crew = crew
        self.keep = keep
        self.scope = scope
        self.context = contextvars.Context()
        self.halt = settings.halt or (Halt() if keep is Keep.VALUES else Halt.never())
        self.helper = helper
        """The worker of this very crew on whose thread the consumer waits: it does queued work meanwhile."""
        self.errors: list[BaseException] = []
        """The first errors of items, where nothing is kept."""
        self.abandoned: list[str] = []
        """Names of the workers that were left behind."""
        self.on_drop: Callable[[Batch], None] | None = None
        """Is told of each batch that will not be run, where somebody waits for its items."""
        self._now = settings.clock.now
        self._lock = threading.Lock()  # Guards: all below, and the batches
        self._state = RunState(settings.workers, settings.buffersize)
        largest = self._state.largest_batch()
        self._sizer = BatchSizer(size=min(settings.batch or 1, largest), largest=largest, fixed=settings.batch is not None)
        self._ready = Signal(self._lock, settings.clock)  # the consumer waits for a result or the end
        self._room = Signal(self._lock, settings.clock)  # the input waits for room
        self._delivery: Delivery = NoDelivery() if keep is Keep.NOTHING else InOrder() if settings.ordered else AsCompleted()
        self._ending = Ending()
        self._running: set[Batch] = set()
        self._incoming: Batch | None = None  # what the input is filling
        self._looks = False  # the waiting consumer looks by itself now and then
        self._handed = 0  # items handed to the consumer, of which it may not have used all yet
        self._dropped: deque[Batch] = deque()  # batches to tell `on_drop` of
        self._gap: Batch | None = None  # a delivered batch that ended without a value for every item
        self._run_items: BatchRunner

    def use(self, runner: BatchRunner, context: contextvars.Context) -> None:
        """Run the items with `runner`, each in a copy of `context`."""
        self._run_items = runner
        self.context = context

    # The input's side -----------------------------------------------------------------------------------------------

    def wait_for_room(self) -> int:
        """Wait until items may be admitted and return how many to take; 0 when the run is stopped."""
        with self._lock:
            while not self._state.stopped:
                size = self._sizer.size
                if self._state.room(size) >= size:
                    return size
                self._room.wait()
        return 0

    def open_batch(self) -> deque[Any]:
        """Return the deque to put the next items into; `admit` ends it."""
        with self._lock:
            self._incoming = Batch(self, self._state.admitted, deque(), self._now())
            return self._incoming.items

    def admit(self) -> int:
        """Admit what was put into the open batch; return how many items that were."""
        with self._lock:
            batch, self._incoming = self._incoming, None
            if batch is None:
                return 0
            opened_at, batch.start = batch.start, self._state.admitted
            batch.size = len(batch.items)
            queued = batch.size > 0 and self._enqueue(batch)
            count = self._state.admitted - opened_at
        if queued:
            self.crew.submit(batch)
        return count

    def push(self, item: Any) -> bool:
        """Admit one item, whatever room there is; tell whether it will be run. For items that do not come from an input."""
        with self._lock:
            if self._state.stopped or self._state.over:
                return False
            batch = Batch(self, self._state.admitted, deque([item]), self._now())
            item.work = batch
            self._enqueue(batch)
        self.crew.submit(batch)
        return True

    def full(self) -> bool:
        """Tell whether there is no room for another item."""
        with self._lock:
            return self._state.room(1) < 1

    def end_input(self, error: BaseException | None) -> None:
        """Take note that no further item will come, because the input has ended or raised `error`."""
        with self._lock:
            self._state.input_open = False
            self._ending.input_error = error
            self._wake_consumer()

    def _enqueue(self, batch: Batch) -> bool:
        """Count new items in; tell whether they may go to the crew. The lock is held."""
        self._state.admitted += batch.size
        self._delivery.admit(batch)
        if self._state.stopped:
            self._drop(batch)
            return False
        if self.helper:
            self._ready.wake()
        return True

    # The workers' side ----------------------------------------------------------------------------------------------

    def execute(self, batch: Batch, worker: Worker) -> None:
        """Run the items of `batch` on `worker`'s thread."""
        with self._lock:
            dropped = self._state.stopped
            if dropped:
                self._drop(batch)
            else:
                self._running.add(batch)
                batch.begun_at = self._now()
                batch.worker = worker
        if dropped:
            self._tell_dropped()
            return
        context = self.context.copy()
        context.run(take_seat, batch)
        self._run_items(batch, context, self)
        self._end(batch)

    def refuse(self, batch: Batch, error: BaseException) -> None:
        """Stop the run: the crew cannot work, because of `error`."""
        with self._lock:
            self._stop(error)
            if not batch.finished:
                self._drop(batch)
        self._tell_dropped()
        self.scope.cancel("a worker could not start")

    def describe(self, batch: Batch) -> TaskContext:
        """Return the context of the item of `batch` that is running."""
        with self._lock:
            index = batch.position()
        item, worker = batch.item, batch.worker
        key = self.settings.key(item) if self.settings.key else index
        return TaskContext(
            self.scope,
            index=index,
            key=key,
            item=item,
            worker=worker.name if worker else "",
            resource=worker.resource if worker else None,
        )

    def failed(self, batch: Batch, error: BaseException, scope: CancelScope | None = None) -> Status:
        """Take note that the running item of `batch` ended with `error`; stop the run if that is the rule.

        `scope` is what the item was asked to stop by, where it has one of its own.
        """
        scope = scope or self.scope
        if isinstance(error, Cancelled) and (scope.cancelled or scope.remaining() == 0):
            with self._lock:
                batch.bad += 1
            return Status.CANCELLED
        task = self.describe(batch)
        explain(error, item=task.item, index=task.index, key=task.key, worker=task.worker)
        with self._lock:
            batch.bad += 1
            self._state.failed += 1
            if self.keep is Keep.NOTHING and len(self.errors) < _MOST_ERRORS:
                self.errors.append(error)
            ended = self._state.settled + batch.size - len(batch.items)
            fatal = not isinstance(error, Exception | Cancelled)  # KeyboardInterrupt, SystemExit: leave at once
            halted = fatal or self.halt.reached(self._state.failed, ended)
            if halted:
                self._stop(error, quiet=not fatal)
        if halted:
            self._tell_dropped()
            if fatal or not self.halt.drain:
                self.scope.cancel(f"halted after {self._state.failed} failed")
        return Status.FAILED

    def _end(self, batch: Batch) -> None:
        """Take `batch` back from its worker."""
        with self._lock:
            batch.item = None
            if batch.finished:  # left behind: its items have their outcomes already
                return
            rest = batch.cut()  # where a failure ended the batch before its items
            if rest:
                self._delivery.place_after(batch, rest)
            self._running.discard(batch)
            self._sizer.measured(batch.size, self._now() - batch.begun_at)
            self._state.done += batch.size - batch.bad
            self._settle(batch)
        if rest:
            self.crew.submit(rest)

    def _settle(self, batch: Batch) -> None:
        """Count the items of `batch` as ended and offer it to the consumer. The lock is held."""
        batch.finished = True
        self._state.settled += batch.size
        self._delivery.settle(batch)
        if self.keep is Keep.NOTHING:
            self._state.yielded += batch.size
        self._wake_consumer()
        self._wake_input()

    def _drop(self, batch: Batch) -> None:
        """End `batch` without running it. The lock is held."""
        batch.dropped = True
        if self.on_drop:
            self._dropped.append(batch)
        self._settle(batch)

    def _tell_dropped(self) -> None:
        """Tell of the batches that were dropped. No lock is held."""
        while self.on_drop and self._dropped:
            self.on_drop(self._dropped.popleft())

    # The consumer's side --------------------------------------------------------------------------------------------

    def take(self) -> tuple[Batch, int] | None:
        """Wait for results; return a batch and how many of its results to take, or ``None`` at the end of the run.

        Raises what ended the run, where that was not the end of the input.
        """
        with self._lock:
            self._state.yielded += self._handed
            self._handed = 0
            while True:
                if self._gap and self.keep is Keep.VALUES:
                    raise self._ending.cause or self._gap.failure or RunCancelled("the run was stopped")
                if batch := self._delivery.next(self._running, self._now() - _LOOK_SECONDS):
                    return batch, self._hand_over(batch)
                if self._state.over:
                    break
                self._wait_for_result()
        error = self._ending.error(outcomes=self.keep is not Keep.VALUES)
        if error is not None:
            raise error
        return None

    def wait_until_over(self) -> None:
        """Wait until every admitted item has ended, after a stop at most the grace; what still runs then is left behind."""
        with self._lock:
            while not self._state.over:
                self._wait_for_result()
        self._tell_dropped()

    def _hand_over(self, batch: Batch) -> int:
        """Account for the delivery of what `batch` has so far; return how many results that are. The lock is held."""
        count = len(batch.done)
        if batch.finished:
            self._delivery.remove_next()
            used = batch.size - batch.taken
            if batch.failure or batch.dropped:
                self._gap = batch
        else:
            used = count
            batch.taken += count
        if used > 1:  # how many the consumer has used is known when it comes back
            self._handed = used
        else:
            self._state.yielded += used
        self._wake_input()
        return count

    def _wait_for_result(self) -> None:
        """Wait until there may be a result, and look after batches that take long. The lock is held."""
        if self._ending.give_up_at is not None and self._now() >= self._ending.give_up_at:
            self._abandon()
            return
        work = self.crew.take_own(self) if self.helper else None
        if work and self.helper:
            self._lock.release()
            try:
                work.execute(self.helper)
            finally:
                self._lock.acquire()
            return
        self._state.consumer_waits = True
        self._wake_input()
        try:
            woken = self._ready.wait(self._patience())
        finally:
            self._state.consumer_waits = False
        if not woken:
            self._rescue()

    def _patience(self) -> float | None:
        """Return how long the consumer may wait before it has to look after something. The lock is held."""
        # Where no worker has more than one item there is nothing to look after.
        self._looks = self._sizer.size > 1 or any(batch.size > 1 for batch in self._running)
        waits = [_LOOK_SECONDS] if self._looks else []
        if self._ending.give_up_at is not None:
            waits.append(max(0.0, self._ending.give_up_at - self._now()))
        return min(waits, default=None)

    def _rescue(self) -> None:
        """Give items that wait behind a slow one, or behind a slow input, to idle workers. The lock is held."""
        free = self.crew.free()
        if not free or self._state.stopped:
            return
        late = self._now() - _LOOK_SECONDS
        shares = self._take_incoming(late)
        for slow in [batch for batch in self._running if batch.items and batch.begun_at < late]:
            before, rest = slow, slow.cut()
            while rest:
                part = -(-rest.size // free)
                share, rest = (rest.split_off(part), rest) if part < rest.size else (rest, None)
                self._delivery.place_after(before, share)
                shares.append(share)
                before = share
        self._lock.release()
        try:
            for share in shares:
                self.crew.submit(share)
        finally:
            self._lock.acquire()

    def _take_incoming(self, late: float) -> list[Batch]:
        """Return what an input that is blocked since before `late` has given for the open batch. The lock is held."""
        incoming = self._incoming
        if incoming is None or not incoming.items or incoming.admitted_at >= late:
            return []
        items = deque(incoming.items.popleft() for _ in range(len(incoming.items)))
        batch = Batch(self, self._state.admitted, items, incoming.admitted_at)
        return [batch] if self._enqueue(batch) else []

    def _wake_consumer(self) -> None:
        if not self._ready.waiting:
            return
        state = self._state
        # Where tasks are tiny, waking the consumer for each batch costs more than the work, and it looks by itself soon.
        if state.over or (self._delivery.ready() and (not self._looks or state.settled - state.yielded >= state.lump())):
            self._ready.wake()

    def _wake_input(self) -> None:
        if self._room.waiting:
            size = self._sizer.size
            if self._state.stopped or self._state.room(size) >= max(size, self._state.refill(size)):
                self._room.wake()

    # The end --------------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Stop the run: its scope was cancelled."""
        parent = self.scope.parent
        reason = self.scope.reason or "the run was cancelled"
        with self._lock:
            if parent and parent.cancelled:
                self._stop(Cancelled(reason))
            else:
                self._stop(RunCancelled(reason), quiet=True)
        self._tell_dropped()

    def expire(self) -> None:
        """Stop the run: its deadline is over."""
        error = DeadlineExceeded(f"run {self.settings.name!r} took longer than its timeout of {self.settings.timeout:g} s")
        with self._lock:
            self._stop(error)
        self._tell_dropped()
        self.scope.cancel(str(error))

    def _stop(self, cause: BaseException, *, quiet: bool = False) -> None:
        """Admit no more items, and begin none that is not begun. The lock is held.

        `quiet`: where outcomes are wanted, they tell the cause.
        """
        patient = quiet and self.halt.drain
        self._ending.stop(cause, quiet=quiet, give_up_at=None if patient else self._now() + self.settings.grace)
        if self._state.stopped:
            return
        self._state.stopped = True
        for batch in list(self._running):
            if (rest := batch.cut()) is not None:
                self._delivery.place_after(batch, rest)
                self._drop(rest)
        for work in self.crew.withdraw(self):
            if isinstance(work, Batch):
                self._drop(work)
        self._room.wake()
        self._ready.wake()  # it may wait now at most for the grace

    def _abandon(self) -> None:
        """Leave behind what still runs: give its items their end now. The lock is held."""
        for batch in list(self._running):
            self._running.discard(batch)
            self.abandoned.append(batch.worker.name if batch.worker else "")
            self._state.done += batch.size - 1 - batch.bad
            batch.size -= 1
            hung = Batch(self, batch.start + batch.size, deque([batch.item]), batch.admitted_at)
            self._delivery.place_after(batch, hung)
            self._settle(batch)
            self._drop(hung)

    # Sight ----------------------------------------------------------------------------------------------------------

    def statistics(self) -> RunState:
        """Return a copy of the counts."""
        with self._lock:
            return replace(self._state)

    def at_work(self) -> list[tuple[Worker, int, Any, float]]:
        """Return worker, index, item and age in seconds of everything that runs."""
        with self._lock:
            now = self._now()
            return [(b.worker, b.position(), b.item, now - b.begun_at) for b in self._running if b.worker]

    @property
    def cause(self) -> BaseException | None:
        """Why the run was stopped before the end of its input, if it was."""
        return self._ending.cause or self._ending.input_error

    @property
    def give_up_at(self) -> float | None:
        """When what still runs after a stop is left behind, on the clock."""
        return self._ending.give_up_at
