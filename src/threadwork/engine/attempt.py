"""Calling the task for each item of a batch: one loop for values alone, one for outcomes and events.

Both loops run on a worker, call every task in its own copy of the caller's context, and take items from the left of
the batch until there are none left: others may shorten it at any time.
"""

import contextvars
import reprlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Protocol

from ..errors import Cancelled, TaskTimeout
from .batch import Batch
from .cancel import CancelScope
from .events import ItemFinished, ItemStarted
from .journaling import Journaling
from .notify import Notifier
from .outcome import Outcome, Status
from .protocols import Recalled

Task = Callable[[Any], Any]

_MOST_NOTES = 10
"""Notes on one error: an error object that is raised for many items must not grow with them."""


class Judge(Protocol):
    """Decides whether an item may begin, and what a failed one means for the run."""

    def admit(self, batch: Batch) -> bool:
        """Tell whether the item of `batch` that is about to run may begin; if not it is taken out, and the batch ends here."""

    def leave(self, batch: Batch, error: BaseException | None) -> None:
        """Take note that the attempt which `admit` let begin has ended with `error`, or well."""

    def failed(self, batch: Batch, error: BaseException, scope: CancelScope | None = None) -> Status | None:
        """Take note that the item of `batch` that is running ended with `error`, stop the run if that is the rule.

        `scope` is what the item was asked to stop by, where that is not the scope of the run. Returns the status of
        the item, or ``None`` where it will be tried again: then it is taken out, and the batch ends here.
        """

    def error_of(self, batch: Batch, error: BaseException) -> BaseException:
        """Return what the item of `batch` failed with: `error`, unless that is how the task heard that it takes too long."""


class BatchRunner(Protocol):
    """One way to run the items of a batch."""

    def __call__(self, batch: Batch, context: contextvars.Context, judge: Judge) -> None:
        """Run the items of `batch`, each in a copy of `context`."""


@dataclass(frozen=True, slots=True)
class ValuesRunner:
    """Keeps values alone. A failed item ends the batch; what follows is for another one."""

    task: Task

    def __call__(self, batch: Batch, context: contextvars.Context, judge: Judge) -> None:
        """Run the items of `batch` up to the first failure."""
        task, take, keep, copy = self.task, batch.items.popleft, batch.done.append, context.copy
        while True:
            try:
                item = take()
            except IndexError:
                return
            try:
                batch.item = item
                keep(copy().run(task, item))
            except BaseException as error:  # noqa: BLE001 - the judge lets none vanish
                judge.failed(batch, _without_engine(error))
                return


@dataclass(frozen=True, slots=True)
class NothingRunner:
    """Keeps nothing, and goes on after a failure."""

    task: Task

    def __call__(self, batch: Batch, context: contextvars.Context, judge: Judge) -> None:
        """Run the items of `batch`."""
        task, take, copy = self.task, batch.items.popleft, context.copy
        while True:
            try:
                item = take()
            except IndexError:
                return
            try:
                batch.item = item
                copy().run(task, item)
            except BaseException as error:  # noqa: BLE001 - the judge lets none vanish
                if judge.failed(batch, _without_engine(error)) is None:
                    return


@dataclass(frozen=True, slots=True)
class GuardedRunner:
    """Keeps values alone, or with `keep` off nothing; the judge admits each attempt.

    Where values are kept, a failed item ends the batch. What follows is for another one.
    """

    task: Task
    keep: bool

    def __call__(self, batch: Batch, context: contextvars.Context, judge: Judge) -> None:
        """Run the items of `batch`, up to the first that has to wait."""
        task, items, copy, admit, leave = self.task, batch.items, context.copy, judge.admit, judge.leave
        keep = batch.done.append if self.keep else _let_go
        while True:
            try:
                batch.item = items[0]  # before it is taken, so that nobody finds another one's item as the running one
                items.popleft()
            except IndexError:
                return
            admitted, error = False, None
            try:
                admitted = admit(batch)
                if not admitted:
                    return
                keep(copy().run(task, batch.item))
            except BaseException as caught:  # noqa: BLE001 - the judge lets none vanish
                error = judge.error_of(batch, _without_engine(caught))
            if admitted:
                leave(batch, error)
            if error is not None:
                again = judge.failed(batch, error) is None
                del error  # its frames refer to this one
                if again or self.keep:
                    return


def _let_go(_: object) -> None:
    """Keep nothing."""


@dataclass(frozen=True, slots=True)
class OutcomesRunner:
    """Keeps an outcome for each item (unless `keep` is off) and tells the listeners; if `guarded`, the judge admits each."""

    task: Task
    key: Callable[[Any], Any] | None
    notifier: Notifier
    now: Callable[[], float]
    epoch: float
    keep: bool = True
    guarded: bool = False
    journal: Journaling | None = None

    def __call__(self, batch: Batch, context: contextvars.Context, judge: Judge) -> None:
        """Run the items of `batch`, up to the first that has to wait."""
        take, keep = batch.items.popleft, batch.done.append
        index = batch.start
        known = self.journal.recall(batch) if self.journal else repeat(None)
        while True:
            try:
                batch.item = batch.items[0]  # before it is taken, so that nobody finds another one's item as the running one
                take()
            except IndexError:
                return
            outcome = self._outcome(batch, index, context, judge, next(known))
            if outcome is None:
                return
            if self.keep:
                keep(outcome)
            if self.notifier and not batch.finished:  # as it is where the worker was left behind: that was told then
                self.notifier.tell(ItemFinished(outcome))
            del outcome
            index += 1

    def _outcome(
        self, batch: Batch, index: int, context: contextvars.Context, judge: Judge, recalled: Recalled | None
    ) -> Outcome[Any] | None:
        """Return the outcome of the item of `batch` that is running, or ``None`` if it has to wait; with a journal, keep it."""
        if self.journal is None or recalled is None:
            return self._attempt(batch, index, context, judge)
        outcome = self.journal.outcome(batch, index, recalled)
        if outcome is None:
            outcome = self._attempt(batch, index, context, judge, recalled)
        return None if outcome is None else self.journal.keep(batch, outcome, judge)

    def _attempt(
        self, batch: Batch, index: int, context: contextvars.Context, judge: Judge, recalled: Recalled | None = None
    ) -> Outcome[Any] | None:
        """Call the task for the item of `batch` that is running; return the outcome, or ``None`` if it has to wait."""
        worker = batch.worker.name if batch.worker else ""
        item, key, value, error = batch.item, index, None, None
        status: Status | None = Status.DONE
        admitted = False
        start = self.now()
        try:
            if self.guarded:
                admitted = judge.admit(batch)
                if not admitted:
                    return None
            try:
                if self.key:
                    key = self.key(item)
            finally:
                if self.notifier:
                    self.notifier.tell(ItemStarted(index, key, item, batch.attempt, worker, start - self.epoch))
            if self.journal and recalled:
                self.journal.begin(batch, index, recalled)
            value = context.copy().run(self.task, item)
        except BaseException as caught:  # noqa: BLE001 - the judge lets none vanish
            error = judge.error_of(batch, _without_engine(caught))
        finally:
            if admitted:
                judge.leave(batch, error)
        if error is not None:
            status = judge.failed(batch, error)
        if status is None:
            del error
            return None
        began, duration, waited = start - self.epoch, self.now() - start, start - batch.admitted_at
        try:
            return Outcome(index, key, item, status, value, error, batch.attempt, began, duration, waited, worker)
        finally:
            del item, value, error  # the frames of the error refer to this one


def dropped_outcomes(batch: Batch, key: Callable[[Any], Any] | None, epoch: float) -> Iterator[Outcome[Any]]:
    """Yield the outcomes of items that have no other: the run was stopped before they began, or they were left behind."""
    attempts, worker = (batch.attempt, batch.worker.name) if batch.worker else (batch.attempt - 1, "")
    error = batch.failure
    status = Status.CANCELLED if error is None or isinstance(error, Cancelled) else Status.FAILED
    if isinstance(error, TaskTimeout):
        status = Status.TIMED_OUT
    started, waited = (batch.begun_at - epoch, batch.begun_at - batch.admitted_at) if batch.worker else (0.0, 0.0)
    for index, item in enumerate(batch.items, batch.start):
        name = identify(key, item, index)
        yield Outcome(index, name, item, status, None, error, attempts, started, batch.lasted, waited, worker)


def explain(
    error: BaseException, *, item: Any, index: int, key: Any, worker: str, attempt: int = 1, history: Sequence[str] = ()
) -> None:
    """Add notes to `error` that say which item it came from, and what became of the attempts before."""
    if len(getattr(error, "__notes__", ())) < _MOST_NOTES:
        error.add_note(f"while processing item {index} (key {_show(key)}): {_show(item)}, attempt {attempt}, on {worker}")
        for line in history:
            error.add_note(line)


def identify(key: Callable[[Any], Any] | None, item: Any, index: int) -> Any:
    """Return the identity of an item; its index where there is no `key` or it fails: its error is told with the item."""
    try:
        return key(item) if key else index
    except Exception:  # noqa: BLE001 - see above
        return index


def _show(value: Any) -> str:
    try:
        return reprlib.repr(value)
    except Exception as fault:  # noqa: BLE001 - what cannot be shown must not hide the error
        return f"<{type(value).__name__} whose repr raised {type(fault).__name__}>"


def _without_engine(error: BaseException) -> BaseException:
    """Return `error` with a traceback that begins in the task, so that it keeps nothing of the engine alive."""
    return error.with_traceback(error.__traceback__ and error.__traceback__.tb_next)
