"""`Overtime`: asks tasks that take too long to stop, and leaves behind those that do not."""

from collections.abc import Callable
from math import inf

from ..errors import TaskTimeout
from .attempt import explain
from .batch import Batch
from .cancel import CancelScope
from .ledger import Ledger
from .timer import Timer

_REASON = "it took longer than its task_timeout"


class Overtime:
    """Looks at what runs whenever an attempt may have been at work for `seconds`: nothing is set for each of them."""

    def __init__(self, ledger: Ledger, timer: Timer, seconds: float, halt: Callable[[BaseException], None]) -> None:
        self.seconds = seconds
        self._halt = halt
        self._ledger = ledger
        self._timer = timer
        self._set = False  # whether a look is set; guarded by the ledger's lock

    def begin(self, batch: Batch) -> None:
        """Take note that an attempt at the item of `batch` begins. Takes no lock: this is done for every item."""
        batch.scope = None
        batch.item_begun_at = began = self._ledger.now()
        if not self._set:
            with self._ledger.lock:
                first, self._set = not self._set, True
            if first:
                self._timer.at(began + self.seconds, self._look)

    def end(self, batch: Batch) -> None:
        """Take note that the attempt has ended."""
        batch.item_begun_at, batch.scope = inf, None

    def scope(self, batch: Batch, parent: CancelScope) -> CancelScope:
        """Return what the attempt that is running is asked to stop by, which is inside `parent`."""
        ledger = self._ledger
        with ledger.lock:
            began = batch.item_begun_at
            asked = self._asked_at(batch) is not None
            if began == inf:
                return parent
            if batch.scope is None:
                batch.scope = CancelScope(ledger.settings.clock, parent, began + self.seconds - ledger.now())
            scope = batch.scope
        if asked:
            scope.cancel(_REASON)
        return scope

    def error_of(self, batch: Batch, error: BaseException) -> BaseException:
        """Return what the item of `batch` failed with, whose task has heard that it is to stop."""
        with self._ledger.lock:
            late = self._asked_at(batch) is not None or (batch.scope is not None and batch.scope.remaining() == 0)
            timeout = self._error(batch)
        if not late:
            return error
        timeout.__cause__ = error
        return timeout.with_traceback(error.__traceback__)

    def _error(self, batch: Batch) -> TaskTimeout:
        return TaskTimeout(f"item {batch.position()} took longer than its task_timeout of {self.seconds:g} s")

    def _look(self) -> None:
        """Ask what takes too long to stop, and leave behind what was asked a grace ago; set the next look."""
        ledger = self._ledger
        grace = ledger.settings.grace
        scopes: list[CancelScope | None] = []
        hung: list[tuple[Batch, TaskTimeout, Batch | None]] = []
        halted = False
        with ledger.lock:
            now = ledger.now()
            timed = [batch for batch in ledger.running if batch.item_begun_at < inf]
            for batch in timed:
                began = batch.item_begun_at
                if self._asked_at(batch) is None and now >= began + self.seconds:
                    batch.asked = (began, now)
                    scopes.append(batch.scope)
            for batch in timed:
                asked_at = self._asked_at(batch)
                if asked_at is not None and now >= asked_at + grace:
                    error = self._error(batch)
                    left, rest = ledger.leave_behind(batch, error)
                    hung.append((batch, error, rest))
                    halted = (left is not None and ledger.failed(error)) or halted
            # As long as there is work, there is a look to come: whether an attempt is just being begun cannot be known.
            due = [time for batch in timed if batch in ledger.running and (time := self._due(batch, grace)) < inf]
            if ledger.running and not due:
                due = [now + self.seconds]
            self._set = bool(due)
        for scope in scopes:
            if scope is not None:
                scope.cancel(_REASON)
        for batch, error, rest in hung:
            self._leave_behind(batch, error, rest)
        ledger.tell_dropped()
        if halted:
            self._halt(hung[0][1])
        if due:
            self._timer.at(min(due), self._look)

    def _due(self, batch: Batch, grace: float) -> float:
        asked_at = self._asked_at(batch)
        return batch.item_begun_at + self.seconds if asked_at is None else asked_at + grace

    @staticmethod
    def _asked_at(batch: Batch) -> float | None:
        """Return when the attempt that is running was asked to stop, if it was."""
        return batch.asked[1] if batch.asked is not None and batch.asked[0] == batch.item_begun_at else None

    def _leave_behind(self, batch: Batch, error: TaskTimeout, rest: Batch | None) -> None:
        """Have another worker in the place of the one that hangs in `batch`."""
        worker = batch.worker
        if worker is not None:
            key = batch.start + batch.size
            explain(error, item=batch.item, index=key, key=key, worker=worker.name, attempt=batch.attempt, history=batch.history)
            self._ledger.crew.replace(worker)
        if rest is not None:
            self._ledger.submit(rest)
