"""`Outlet`: the consumer's side of a run: what is delivered, and what is done while it waits."""

import contextlib
from collections.abc import Iterator

from .batch import Batch
from .crew import LOOK_SECONDS
from .ledger import Keep, Ledger
from .takeover import Takeover
from .threads import MOMENT
from .worker import worker_here


class Outlet:
    """Used by one thread, the consumer's."""

    def __init__(self, ledger: Ledger, takeover: Takeover) -> None:
        self._ledger = ledger
        self._takeover = takeover
        self._helper = worker_here()  # the worker on whose thread the consumer waits, if that is one
        self._handed = 0  # items handed to the consumer, of which it may not have used all yet
        self._gap: Batch | None = None  # a delivered batch that ended without a value for every item

    @property
    def helps(self) -> bool:
        """Whether the consumer waits on the thread of a worker, which can do queued work meanwhile."""
        return self._helper is not None

    def take(self) -> tuple[Batch, int] | None:
        """Wait for results; return a batch and how many of its results to take, or ``None`` at the end of the run.

        Raises what ended the run, where that was not the end of the input.
        """
        ledger = self._ledger
        error: BaseException | None
        with ledger.lock:
            ledger.state.yielded += self._handed
            self._handed = 0
            while True:
                if self._gap is not None:
                    error = ledger.reason(self._gap.judged, self._gap.failure)
                    break
                if batch := ledger.delivery.next(ledger.running, ledger.now() - LOOK_SECONDS):
                    return batch, self._hand_over(batch)
                if self._over():
                    error = ledger.ending.error(outcomes=ledger.keep is not Keep.VALUES)
                    break
                self._wait()
        try:
            if error is not None:
                raise error
        finally:
            del error  # its frames would refer to it
        return None

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """While entered, the consumer waits for something else than a result: let work go on meanwhile."""
        ledger = self._ledger
        with ledger.lock:
            ledger.state.consumer_waits = True
            ledger.wake_input()
        try:
            yield
        finally:
            with ledger.lock:
                ledger.state.consumer_waits = False

    def forget(self) -> None:
        """Let go of the error that ended the last batch."""
        if self._gap is not None:
            self._gap.failure = None

    def wait_until_over(self) -> None:
        """Wait until every admitted item has ended, after a stop at most the grace; what still runs then is left behind."""
        ledger = self._ledger
        with ledger.lock:
            while not self._over():
                self._wait()
        ledger.tell_dropped()
        with ledger.lock:  # whoever has stopped the run may be about to tell of the rest
            until = ledger.ending.give_up_at
            while not ledger.told() and (until is None or ledger.now() < until + MOMENT):
                ledger.ready.wait(LOOK_SECONDS)

    def _hand_over(self, batch: Batch) -> int:
        """Account for the delivery of what `batch` has so far; return how many results that are. The lock is held."""
        count = len(batch.done)
        if batch.finished:
            self._ledger.delivery.remove_next()
            used = batch.size - batch.taken
            if self._ledger.keep is Keep.VALUES and (batch.failure is not None or batch.dropped):
                self._gap = batch
        else:
            used = count
            batch.taken += count
        if used > 1:  # how many the consumer has used is known when it comes back
            self._handed = used
        else:
            self._ledger.state.yielded += used
        self._ledger.wake_input()
        return count

    def _over(self) -> bool:
        """Tell whether there is nothing to wait for any more. The lock is held.

        A worker that has just taken a batch gets a moment to see that it is not to be run. An interrupt (Ctrl-C) at an
        unlucky moment may have left wrong counts: whatever they are, the wait ends.
        """
        ledger = self._ledger
        given_up_at = ledger.ending.give_up_at
        return ledger.over or (given_up_at is not None and ledger.now() >= given_up_at + MOMENT)

    def _wait(self) -> None:
        """Wait until there may be a result, and look after batches that take long. The lock is held."""
        ledger = self._ledger
        if ledger.ending.give_up_at is not None and ledger.now() >= ledger.ending.give_up_at:
            ledger.abandon()
            if not ledger.over:  # a worker has a batch in hand that it is about to see the end of
                ledger.ready.wait(LOOK_SECONDS)
        elif not self._help():
            ledger.state.consumer_waits = True
            ledger.wake_input()
            try:
                woken = ledger.ready.wait(self._patience())
            finally:
                ledger.state.consumer_waits = False
            if not woken and self.helps:
                self._look()

    def _help(self) -> bool:
        """Where the consumer's thread is a worker, let it do queued work for this run; tell whether there was any.

        Its own crew may be another than that of the run: then such work is for a run that a task of this one has begun.
        """
        helper = self._helper
        owner = self._ledger.owner
        work = helper.crew.take_own(owner) if helper and owner else None
        if helper is None or work is None:
            return False
        self._ledger.lock.release()
        try:
            helper.do(work)
        finally:
            self._ledger.lock.acquire()
        return True

    def _patience(self) -> float | None:
        """Return how long the consumer may wait before it has to look after something. The lock is held."""
        ledger = self._ledger
        # Where no worker has more than one item there is nothing to look after.
        ledger.looks = ledger.sizer.size > 1 or any(batch.size > 1 for batch in ledger.running)
        waits = [LOOK_SECONDS] if ledger.looks else []
        if ledger.ending.give_up_at is not None:
            waits.append(max(0.0, ledger.ending.give_up_at - ledger.now()))
        return min(waits, default=None)

    def _look(self) -> None:
        """Take over what waits behind something slow: this is a worker with nothing to do. The lock is held."""
        self._ledger.lock.release()
        try:
            self._takeover.look()
        finally:
            self._ledger.lock.acquire()
