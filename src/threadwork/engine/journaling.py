"""`Journaling`: what a journal has to do with the items of one run."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from ..errors import NotJournaled
from .batch import Batch
from .ledger import Ledger
from .outcome import Outcome, Status
from .protocols import Identity, JournalSession, Recalled

_CONTENT = "content"


class Failing(Protocol):
    """Decides what a failed item means for the run."""

    def failed(self, batch: Batch, error: BaseException) -> Status | None:
        """Take note that the running item of `batch` ended with `error`; return its status."""


class Journaling:
    """Called by workers, for each batch and each item, without a lock."""

    def __init__(self, session: JournalSession, ledger: Ledger, epoch: float) -> None:
        self._session = session
        self._ledger = ledger
        self._key = ledger.settings.key
        self._epoch = epoch

    def recall(self, batch: Batch) -> Iterator[Recalled]:
        """Return what is known of the items of `batch`, one after the other. Raises what ends the run."""
        if batch.mark:  # it was asked for before the item had to wait, and the task may have changed the item since
            return iter([Recalled(batch.mark)])
        with self._ledger.lock:  # others may take items away
            items = list(batch.items)
        key = self._key
        if key is None:
            return iter(self._session.recall(batch.start, items))
        return iter([self._recall_one(key, index, item) for index, item in enumerate(items, batch.start)])

    def outcome(self, batch: Batch, index: int, recalled: Recalled) -> Outcome[Any] | None:
        """Return the outcome of the running item of `batch`, where that was done in an earlier run."""
        batch.mark = recalled.mark
        if not recalled.known:
            return None
        self._session.see(recalled.mark, index)
        batch.recalled += 1
        item, now = batch.item, self._ledger.now()
        return Outcome(
            index, self._key(item) if self._key else index, item, Status.DONE, recalled.value, None, recalled.attempts,
            now - self._epoch, recalled.duration, now - batch.admitted_at, recalled.worker, from_journal=True,
        )  # fmt: skip

    def begin(self, batch: Batch, index: int, recalled: Recalled) -> None:
        """Take note that an attempt at the running item begins. Raises what it fails with, where that is known already."""
        if recalled.error is not None:
            raise recalled.error
        self._session.begin(recalled.mark, index, batch.item, batch.attempt)

    def keep(self, batch: Batch, outcome: Outcome[Any], judge: Failing) -> Outcome[Any]:
        """Keep the outcome of the running item of `batch`; return it, or that it failed because it cannot be kept."""
        if not batch.mark or outcome.from_journal:
            return outcome
        try:
            batch.ticket = self._session.end(batch.mark, outcome) or batch.ticket
        except NotJournaled as error:
            status = judge.failed(batch, error)
            return outcome._replace(status=status or Status.FAILED, value=None, error=error)
        return outcome

    def _recall_one(self, key: Callable[[Any], Any], index: int, item: Any) -> Recalled:
        """Return what is known of an item that has a key of its own; one for which there is none fails with that."""
        try:
            identity = key(item)
        except Exception as error:  # noqa: BLE001 - the item fails with it
            return Recalled(b"", error=error)
        return self._session.recall(index, [identity])[0]


def identity_of(task: Callable[..., Any], key: Callable[[Any], Any] | None) -> Identity:
    """Return what makes two runs of `task` the same."""
    return Identity(_name(task), _name(key) if key else _CONTENT)


def _name(function: Any) -> str:
    """Return module and name of `function`, or of what it wraps."""
    inner = getattr(function, "__wrapped__", None) or getattr(function, "func", None)  # the latter of a partial
    if inner is not None:
        return _name(inner)
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{named.__module__}.{named.__qualname__}"
