"""`Admission`: whether an attempt may begin now, what it needs for that, and what it gives back when it has ended."""

from ..errors import CircuitOpen
from .batch import Batch
from .events import ItemThrottled
from .ledger import Ledger
from .notify import Notifier
from .overtime import Overtime
from .parking import Parking
from .protocols import CircuitBreaker


class Admission:
    """Called by workers for each attempt, without a lock."""

    def __init__(self, ledger: Ledger, parking: Parking, overtime: Overtime | None, notifier: Notifier) -> None:
        self._ledger = ledger
        self._notifier = notifier
        self._limits = ledger.settings.limits
        self._breaker = ledger.settings.breaker
        self._renews = bool(ledger.settings.renew_on)
        self._parking = parking
        self._overtime = overtime

    def admit(self, batch: Batch) -> bool:
        """Tell whether the item of `batch` that is about to run may begin; if not, it is taken out and parked.

        Raises what it fails with instead: a key function's error, `CircuitOpen`, what a resource that is made anew raises.
        """
        if self._limits and not batch.entered and not self._enter(batch):
            return False
        if self._overtime:
            self._overtime.begin(batch)
        if self._breaker or self._renews:
            self._prepare(batch)
        return True

    def leave(self, batch: Batch, error: BaseException | None) -> None:
        """Take note that the attempt at the item of `batch`, which was let begin, has ended with `error`, or well."""
        if self._overtime:
            self._overtime.end(batch)
        if self._limits:
            batch.entered = False
            self._parking.leave(batch.keys)
        if self._breaker is None:
            return
        if error is None:
            self._breaker.succeeded(batch.circuit)
        else:
            self._breaker.failed(batch.circuit, error, self._ledger.now())

    def _enter(self, batch: Batch) -> bool:
        batch.keys = self._parking.keys_of(batch.item)
        if self._parking.enter(batch.keys):
            return True
        with self._ledger.lock:
            if batch.finished:  # it was left behind: its item has its end already
                return False
            parked, rest = self._ledger.take_out(batch)
        if self._notifier:
            self._notifier.tell(ItemThrottled(parked.start, parked.items[0], parked.attempt))
        self._parking.park(parked)
        if rest is not None:
            self._ledger.submit(rest)
        return False

    def _prepare(self, batch: Batch) -> None:
        """Ask the breaker, and make the resource anew where that is due; give all back where that does not work."""
        try:
            if self._breaker:
                self._ask(self._breaker, batch)
            if batch.worker:
                batch.worker.renew_if_due()
        except BaseException:
            if self._overtime:
                self._overtime.end(batch)
            if self._limits:
                batch.entered = False
                self._parking.give_back(batch.keys)
            raise

    def _ask(self, breaker: CircuitBreaker, batch: Batch) -> None:
        batch.circuit = breaker.key_of(batch.item)
        wait = breaker.refuses(batch.circuit, self._ledger.now())
        if wait is not None:
            raise CircuitOpen(batch.circuit, wait)
