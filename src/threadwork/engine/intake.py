"""`Intake`: the input's side of a run: what is admitted, and when."""

from collections import deque
from typing import Any

from ..errors import Cancelled
from .batch import Batch, BatchOwner
from .ledger import Ledger


class Intake:
    """Used by one thread at a time, the input's; `push` by any."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def _owner(self) -> BatchOwner:
        owner = self._ledger.owner
        assert owner is not None, "the run has ended"
        return owner

    def wait_for_room(self, *, hurried: bool = False) -> int:
        """Wait until items may be admitted and return how many to take; 0 when the run is stopped.

        `hurried`: until there is room for one; else it waits longer, for less often.
        """
        ledger = self._ledger
        with ledger.lock:
            ledger.hurried = hurried
            while not ledger.state.stopped:
                if size := ledger.state.portion(ledger.sizer.size):
                    return size
                ledger.room.wait()
        return 0

    def open_batch(self, count: int) -> deque[Any]:
        """Return the deque to put the next `count` items into; `close_batch` admits them."""
        ledger = self._ledger
        with ledger.lock:
            ledger.incoming = batch = Batch(self._owner(), ledger.state.admitted, deque(), ledger.now())
            batch.size = count
        if count > 1:  # the input may block before it is full
            ledger.crew.watch()
        return batch.items

    def close_batch(self) -> int:
        """Admit what was put into the open batch; return how many items that were, those already taken out included."""
        ledger = self._ledger
        with ledger.lock:
            batch, ledger.incoming = ledger.incoming, None
            assert batch is not None
            if ledger.over:  # nobody will ask for these any more: they count as not admitted
                return 0
            opened_at, batch.start = batch.start, ledger.state.admitted
            batch.size = len(batch.items)
            queued = batch.size > 0 and ledger.admit(batch)
            count = ledger.state.admitted - opened_at
        if queued:
            ledger.submit(batch)
        return count

    def push(self, item: Any) -> Batch | None:
        """Admit one item, whatever room there is; return its batch, or ``None`` where it will not be run."""
        ledger = self._ledger
        with ledger.lock:
            if ledger.state.stopped or ledger.over:
                return None
            batch = Batch(self._owner(), ledger.state.admitted, deque([item]), ledger.now())
            item.work = batch
            ledger.admit(batch)
        ledger.submit(batch)
        return batch

    def full(self) -> bool:
        """Tell whether there is no room for another item."""
        with self._ledger.lock:
            return self._ledger.state.room(1) < 1

    def end(self, error: BaseException | None) -> None:
        """Take note that no further item will come, because the input has ended or raised `error`."""
        with self._ledger.lock:
            self._ledger.state.input_open = False
            if not (isinstance(error, Cancelled) and self._ledger.state.stopped):  # it has seen that the run is stopped
                self._ledger.ending.input_error = error
            self._ledger.wake_consumer()

    def take_late(self, late: float) -> list[Batch]:
        """Return what an input that is blocked since before `late` has put into the open batch. The lock is held."""
        incoming = self._ledger.incoming
        if incoming is None or not incoming.items or incoming.admitted_at >= late:
            return []
        items = deque(incoming.items.popleft() for _ in range(len(incoming.items)))
        batch = Batch(self._owner(), self._ledger.state.admitted, items, incoming.admitted_at)
        return [batch] if self._ledger.admit(batch) else []
