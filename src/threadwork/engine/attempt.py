"""Calling the task for each item of a batch: one loop for values alone, one for outcomes and events.

Both loops run on a worker, call every task in its own copy of the caller's context, and take items from the left of
the batch until there are none left: others may shorten it at any time.
"""

import contextvars
import reprlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from ..errors import Cancelled
from .batch import Batch
from .cancel import CancelScope
from .events import ItemFinished, ItemStarted
from .notify import Notifier
from .outcome import Outcome, Status

Task = Callable[[Any], Any]

_MOST_NOTES = 10
"""Notes on one error: an error object that is raised for many items must not grow with them."""


class Judge(Protocol):
    """Decides what a failed item means for the run."""

    def failed(self, batch: Batch, error: BaseException, scope: CancelScope | None = None) -> Status:
        """Take note that the item of `batch` that is running ended with `error`, stop the run if that is the rule.

        `scope` is what the item was asked to stop by, where that is not the scope of the run. Returns the status of
        the item.
        """


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
                judge.failed(batch, _without_engine(error))


@dataclass(frozen=True, slots=True)
class OutcomesRunner:
    """Keeps an outcome for each item (unless `keep` is off), and tells the listeners."""

    task: Task
    key: Callable[[Any], Any] | None
    notifier: Notifier
    now: Callable[[], float]
    epoch: float
    keep: bool = True

    def __call__(self, batch: Batch, context: contextvars.Context, judge: Judge) -> None:
        """Run the items of `batch`."""
        take, keep, copy, now = batch.items.popleft, batch.done.append, context.copy, self.now
        worker = batch.worker.name if batch.worker else ""
        index = batch.start
        end = now()
        while True:
            try:
                batch.item = batch.items[0]  # before it is taken, so that nobody finds another one's item as the running one
                item = take()
            except IndexError:
                return
            start = end
            key, value, error, status = index, None, None, Status.DONE
            try:
                try:
                    if self.key:
                        key = self.key(item)
                finally:
                    if self.notifier:
                        self.notifier.tell(ItemStarted(index, key, item, 1, worker, start - self.epoch))
                value = copy().run(self.task, item)
            except BaseException as caught:  # noqa: BLE001 - the judge lets none vanish
                error = _without_engine(caught)
                status = judge.failed(batch, error)
            end = now()
            outcome = Outcome(
                index, key, item, status, value, error, 1, start - self.epoch, end - start, start - batch.admitted_at, worker
            )
            if self.keep:
                keep(outcome)
            if self.notifier:
                self.notifier.tell(ItemFinished(outcome))
            del item, value, error, outcome
            index += 1


def dropped_outcomes(batch: Batch, key: Callable[[Any], Any] | None) -> Iterator[Outcome[Any]]:
    """Yield the outcomes of items that have no other: the run was stopped before they began, or they were left behind."""
    attempts, worker = (1, batch.worker.name) if batch.worker else (0, "")
    error = batch.failure
    status = Status.CANCELLED if error is None or isinstance(error, Cancelled) else Status.FAILED
    for index, item in enumerate(batch.items, batch.start):
        yield Outcome(index, identify(key, item, index), item, status, None, error, attempts, 0.0, 0.0, 0.0, worker)


def explain(error: BaseException, *, item: Any, index: int, key: Any, worker: str, attempt: int = 1) -> None:
    """Add a note to `error` that says which item it came from."""
    if len(getattr(error, "__notes__", ())) < _MOST_NOTES:
        error.add_note(f"while processing item {index} (key {_show(key)}): {_show(item)}, attempt {attempt}, on {worker}")


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
