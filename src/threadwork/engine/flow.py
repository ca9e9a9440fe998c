"""`Flow`: moves the batches of one run from its input, through the crew, to its consumer."""

import contextvars
from dataclasses import replace
from typing import Any, TypeGuard

from ..errors import Cancelled, DeadlineExceeded, JournalError, RunCancelled, TaskTimeout
from .admission import Admission
from .attempt import BatchRunner, explain, identify
from .batch import Batch
from .cancel import CancelScope
from .clock import thread_seconds
from .crew import Crew
from .delivery import NoDelivery
from .ending import Ending
from .intake import Intake
from .ledger import Keep, Ledger
from .notify import Notifier
from .options import Settings
from .outcome import Status
from .outlet import Outlet
from .overtime import Overtime
from .parking import Parking
from .retrying import Retrying
from .run_state import RunState
from .seat import set_seat
from .takeover import Takeover
from .task import TaskContext
from .timer import Timer
from .worker import Worker, owner_here


class Flow:
    """The workers' side of a run, and what stops it. The input comes by `intake`, the consumer is served by `outlet`."""

    def __init__(self, settings: Settings, crew: Crew, keep: Keep, scope: CancelScope, timer: Timer, notifier: Notifier) -> None:
        self.settings = settings
        self.within = owner_here()
        """Who gave the task, or the input, in which this run is begun; whoever waits for that one may help with this."""
        self.crew = crew
        self.keep = keep
        self.scope = scope
        self.ledger = Ledger(settings, crew, keep, self)
        self.intake = Intake(self.ledger)
        self.takeover = Takeover(self.ledger, self.intake)
        self.outlet = Outlet(self.ledger, self.takeover)
        self.parking = Parking(self.ledger, timer)
        retries = settings.retry.for_run() if settings.retry else None
        self.retrying = Retrying(retries, self.ledger, self.parking, notifier) if retries else None
        seconds = settings.task_timeout
        self.overtime = None if seconds is None else Overtime(self.ledger, timer, seconds, self.halt, self.retrying)
        admission = Admission(self.ledger, self.parking, self.overtime, notifier)
        self.admit, self.leave = admission.admit, admission.leave
        self._context = contextvars.Context()
        self._run_items: BatchRunner

    def use(self, runner: BatchRunner, context: contextvars.Context) -> None:
        """Run the items with `runner`, each in a copy of `context`."""
        self._run_items = runner
        self._context = context

    def nudge(self) -> None:
        """Wake the consumer where it waits on a worker's thread: it may have work to do."""
        if self.outlet.helps:
            with self.ledger.lock:
                self.ledger.ready.wake()

    # The workers' side: every method is called without a lock.

    def execute(self, batch: Batch, worker: Worker) -> None:
        """Run the items of `batch` on `worker`'s thread."""
        ledger = self.ledger
        with ledger.lock:
            dropped = ledger.state.stopped
            if dropped:
                ledger.drop(batch)
            else:
                ledger.running.add(batch)
                batch.begun_at = ledger.now()
                batch.worker = worker
                divisible = batch.size > 1
                if divisible:
                    ledger.wake_looker()
        if dropped:
            ledger.tell_dropped()
            return
        if divisible:
            self.crew.watch()
        context = self._context.copy()
        context.run(set_seat, batch)
        cpu = thread_seconds() if divisible else 0.0
        try:
            self._run_items(batch, context, self)
        except BaseException as error:  # noqa: BLE001 - such as SystemExit in a listener: it ends the run, not the worker
            self.refuse(batch, error)
        self._take_back(batch, thread_seconds() - cpu if divisible else 0.0)

    def _take_back(self, batch: Batch, cpu: float) -> None:
        """Take `batch` back from its worker, which was at work for it for `cpu` seconds."""
        ledger = self.ledger
        if batch.entered:  # its item was taken from it before it began, when the run was stopped
            batch.entered = False
            self.parking.leave(batch.keys)
        with ledger.lock:
            batch.item = None
            if self.keep is not Keep.VALUES:
                batch.failure = None
            if batch.finished:  # it was left behind: its items have their ends already
                return
            rest = batch.cut()  # where a failure ended the batch before its items
            if rest:
                ledger.delivery.place_after(batch, rest)
            seconds = ledger.now() - batch.begun_at
            ledger.sizer.measured(batch.size, self._work(seconds, cpu))
            if self.crew.tuner:
                ledger.state.took(batch.size, seconds)
            ledger.running.discard(batch)
            ledger.state.done += batch.size - batch.bad
            ledger.settle(batch)
        if rest:
            ledger.submit(rest)
        if batch.size > 1:
            self.takeover.look()  # a worker that is at work gets to look sooner than one that has to be woken

    def _work(self, seconds: float, cpu: float) -> float:
        """Return how much of the `seconds` that a batch took was work: not what workers that fill a core wait for each other."""
        return cpu if cpu * len(self.ledger.running) >= seconds else seconds

    def refuse(self, batch: Batch, error: BaseException) -> None:
        """Stop the run: the crew cannot go on with `batch`, because of `error`."""
        self.abort(error)
        with self.ledger.lock:
            if not batch.finished and batch not in self.ledger.running:
                self.ledger.drop(batch)
        self.ledger.tell_dropped()

    def describe(self, batch: Batch) -> TaskContext:
        """Return the context of the item of `batch` that is running."""
        with self.ledger.lock:
            index = batch.position()
        scope = self.overtime.scope(batch, self.scope) if self.overtime else self.scope
        item, worker = batch.item, batch.worker
        key = self.settings.key(item) if self.settings.key else index
        name, resource = (worker.name, worker.resource) if worker else ("", None)
        return TaskContext(scope, index=index, key=key, item=item, worker=name, resource=resource, attempt=batch.attempt)

    def error_of(self, batch: Batch, error: BaseException) -> BaseException:
        """Return what the item of `batch` failed with."""
        if self.overtime and isinstance(error, Cancelled) and not self.scope.cancelled and self.scope.remaining() != 0:
            return self.overtime.error_of(batch, error)
        return error

    def failed(self, batch: Batch, error: BaseException, scope: CancelScope | None = None) -> Status | None:
        """Take note that the running item of `batch` ended with `error`: try it again, or stop the run, if that is the rule.

        `scope` is what the item was asked to stop by, where it has one of its own.
        """
        scope, ledger = scope or self.scope, self.ledger
        self.crew.note(error)
        if batch.worker and isinstance(error, self.settings.renew_on):
            batch.worker.renewal_due = True
        if isinstance(error, Cancelled) and (scope.cancelled or scope.remaining() == 0):
            with ledger.lock:
                if not batch.finished:
                    batch.judge(error)
            # The task may have heard of it before the run has.
            if self.scope.cancelled:
                self.stop()
            elif not scope.cancelled:
                self.expire()
            return Status.CANCELLED
        if self.retrying and _is_worth_it(error) and self.retrying.again(batch, error):
            return None
        with ledger.lock:
            if batch.finished:  # it was left behind: its item has its end already
                return Status.FAILED
            index = batch.judge(error)
            if ledger.state.stopped:
                ledger.late.add(index)
            halted = ledger.failed(error)
        # First of all others had to be stopped; whoever gets the error gets it when this batch has ended.
        self._explain(batch, index, error)
        if halted:
            self.halt(error)
        return Status.TIMED_OUT if isinstance(error, TaskTimeout) else Status.FAILED

    def _explain(self, batch: Batch, index: int, error: BaseException) -> None:
        key = identify(self.settings.key, batch.item, index)
        worker = batch.worker.name if batch.worker else ""
        explain(error, item=batch.item, index=index, key=key, worker=worker, attempt=batch.attempt, history=batch.history)

    def halt(self, error: BaseException) -> None:
        """Ask what runs to stop, for an item has failed with `error`, unless it may come to its end."""
        self.ledger.tell_dropped()
        if not self.ledger.halt.drain or not isinstance(error, Exception | Cancelled):
            state = self.ledger.state
            self.scope.cancel(f"halted after {state.failed + state.timed_out} failed")

    # What stops it: called from any thread.

    def stop(self) -> None:
        """Stop the run: its scope was cancelled."""
        parent = self.scope.parent
        reason = self.scope.reason or "the run was cancelled"
        with self.ledger.lock:
            if parent and parent.cancelled:
                self.ledger.stop(Cancelled(reason))
            else:
                self.ledger.stop(RunCancelled(reason), quiet=True)
        self.ledger.tell_dropped()

    def abort(self, cause: BaseException) -> None:
        """Stop the run, because its crew cannot go on."""
        with self.ledger.lock:
            self.ledger.stop(cause)
        self.ledger.tell_dropped()
        self.scope.cancel(f"its workers cannot go on: {type(cause).__name__}")

    def expire(self) -> None:
        """Stop the run: its deadline is over, or that of the task that it is part of."""
        error: BaseException = Cancelled("the deadline is over")
        if self.settings.timeout is not None:
            error = DeadlineExceeded(f"run {self.settings.name!r} took longer than its timeout of {self.settings.timeout:g} s")
        with self.ledger.lock:
            self.ledger.stop(error)
        self.ledger.tell_dropped()
        self.scope.cancel(str(error))

    # Sight: called from any thread.

    def statistics(self) -> tuple[RunState, int, tuple[str, ...]]:
        """Return a copy of the counts, how many items are running, and the names of workers that were left behind."""
        ledger = self.ledger
        with ledger.lock:
            return replace(ledger.state), len(ledger.running), tuple(worker.name for worker in ledger.abandoned)

    def over(self) -> bool:
        """Tell whether every item has its end."""
        with self.ledger.lock:
            return self.ledger.over

    def at_work(self) -> list[tuple[Worker, int, Any, float]]:
        """Return worker, index, item and age in seconds of everything that runs."""
        with self.ledger.lock:
            return self.ledger.at_work()

    def left_behind(self) -> list[Worker]:
        """Return the workers that were left behind."""
        with self.ledger.lock:
            return list(self.ledger.abandoned)

    @property
    def cause(self) -> BaseException | None:
        """Why the run was stopped before the end of its input, if it was."""
        ending = self.ledger.ending
        return ending.input_error if ending.cause is None else ending.cause

    def take_errors(self) -> list[BaseException]:
        """Return the first errors of items, and let go of them."""
        with self.ledger.lock:
            errors, self.ledger.errors = self.ledger.errors, []
        return errors

    def forget(self) -> None:
        """Let go of what would keep this run alive: itself, and what was raised, whose frames refer to it."""
        with self.ledger.lock:
            self.ledger.ending = Ending(give_up_at=self.ledger.ending.give_up_at)
            self.ledger.owner = None
            self.ledger.incoming = None
            self.ledger.on_drop = None
            self.ledger.delivery = NoDelivery()  # what was not delivered has errors too
        self.outlet.forget()


def _is_worth_it(error: BaseException) -> TypeGuard[Exception]:
    """Tell whether another attempt may make it better: not where it is about what the one before has done."""
    return isinstance(error, Exception) and not isinstance(error, JournalError)
