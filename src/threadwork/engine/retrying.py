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
        delay = self.delay_after(batch, error)
        if delay is None:
            return False
        with ledger.lock:
            if ledger.state.stopped or batch.finished:
                return False
            item, rest = ledger.take_out(batch)
            ledger.try_again(item, shown(error, delay))
        self.hold(item, error, delay, worker.name if worker else "")
        if rest is not None:
            ledger.submit(rest)
        return True

    def hold(self, item: Batch, error: Exception, delay: float, worker: str) -> None:
        """Begin another attempt at `item`, which was taken out, after `delay` seconds."""
        self._notifier.tell(ItemRetried(item.start, item.items[0], item.attempt - 1, error, delay, worker))
        self._parking.hold(item, delay)

    def delay_after(self, batch: Batch, error: Exception) -> float | None:
        """Return the seconds until another attempt at the running item of `batch`; ``None``: there is none."""
        try:
            return self._delay(batch, error)
        except Exception as fault:  # noqa: BLE001 - told with the error that it was asked about
            error.add_note(f"the retry rule raised {fault!r}, so it was not tried again")
            return None

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


def shown(error: Exception, delay: float) -> str:
    """Return a line for people about a failed attempt."""
    try:
        text = f": {reprlib.repr(str(error))}"
    except Exception:  # noqa: BLE001 - what cannot be shown must not hide the error
        text = ""
    return f"{type(error).__name__}{text}; tried again after {delay:.3g} s"
