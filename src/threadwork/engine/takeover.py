"""`Takeover`: idle workers take over what waits behind a slow item of a batch, or behind a slow input."""

from .batch import Batch, share_out
from .crew import LOOK_SECONDS
from .intake import Intake
from .ledger import Ledger


class Takeover:
    """Looks after the batches of one run, for a thread that has nothing else to do."""

    def __init__(self, ledger: Ledger, intake: Intake) -> None:
        self._ledger = ledger
        self._intake = intake

    def look(self) -> bool:
        """Give what has waited too long to the crew, so that idle workers get it; tell whether to look again soon."""
        ledger = self._ledger
        with ledger.lock:
            watch = ledger.watch()
            late = ledger.now() - LOOK_SECONDS
            shares = self._intake.take_late(late) if watch else []
            for slow in [batch for batch in ledger.running if batch.items and batch.begun_at < late] if watch else []:
                shares += self._share_out(slow)
        for share in shares:
            ledger.submit(share)
        return watch

    def _share_out(self, slow: Batch) -> list[Batch]:
        """Cut what nobody has begun from `slow`, in as many shares as workers are free. The lock is held."""
        shares = share_out(slow, self._ledger.crew.free() + 1)  # the one that looks is not idle meanwhile
        for before, share in zip([slow, *shares], shares, strict=False):
            self._ledger.delivery.place_after(before, share)
        return shares
