"""`Retrying`: what becomes of a failed attempt that is worth another one."""

import reprlib
from collections.abc import Callable
from typing import Any

from ..errors import BadResult
from .batch import Batch
from .events import ItemRetried
from .ledger import Ledger
from .notify import Notifier
from .parking import Parking
from .protocols import Retries


class Retrying:
    """Takes failed items out of their batches, to be run again later. No worker waits for that."""

    def __init__(self, retries: Retries, ledger: Ledger, parking: Parking, notifier: Notifier) -> None:
        self._retries = retries
        self._ledger = ledger
        self._parking = parking
        self._notifier = notifier

    def again(self, batch: Batch, error: Exception) -> bool:
        """Have the running item of `batch`, which has failed with `error`, run again later, if that is the rule."""
        ledger, worker = self._ledger, batch.worker
        try:
            delay = self._delay(batch, error)
        except Exception as fault:  # noqa: BLE001 - told with the error that it was asked about
            error.add_note(f"the retry rule raised {fault!r}, so it was not tried again")
            return False
        if delay is None:
            return False
        with ledger.lock:
            if ledger.state.stopped or batch.finished:
                return False
            ledger.state.retried += 1
            item, rest = ledger.take_out(batch)
            item.history += (f"attempt {item.attempt}: {_shown(error)}; tried again after {delay:.3g} s",)
            item.attempt += 1
        if self._notifier:
            name = worker.name if worker else ""
            self._notifier.tell(ItemRetried(item.start, item.items[0], item.attempt - 1, error, delay, name))
        self._parking.hold(item, delay)
        if rest is not None:
            ledger.submit(rest)
        return True

    def _delay(self, batch: Batch, error: Exception) -> float | None:
        with self._ledger.lock:
            state = self._ledger.state
            begun = state.ended + state.retried + len(self._ledger.running)
        wait = self._retries.asked_wait(error)
        if wait is not None and batch.keys:
            self._parking.pause(batch.keys, wait)
        return self._retries.delay_after(batch.attempt, error, begun)


def checked(task: Callable[[Any], Any], is_bad: Callable[[Any], bool]) -> Callable[[Any], Any]:
    """Return `task`, which fails with `BadResult` where its value is bad."""

    def call(item: Any) -> Any:
        value = task(item)
        if is_bad(value):
            raise BadResult(value)
        return value

    return call


def _shown(error: Exception) -> str:
    try:
        return f"{type(error).__name__}: {reprlib.repr(str(error))}"
    except Exception:  # noqa: BLE001 - what cannot be shown must not hide the error
        return type(error).__name__
