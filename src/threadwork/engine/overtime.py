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
        """Take note that an attempt at the item of `batch` begins."""
        ledger = self._ledger
        with ledger.lock:
            batch.asked_at = batch.scope = None
            batch.item_begun_at = ledger.now()
            first, self._set = not self._set, True
        if first:
            self._timer.at(batch.item_begun_at + self.seconds, self._look)

    def end(self, batch: Batch) -> None:
        """Take note that the attempt has ended."""
        with self._ledger.lock:
            batch.item_begun_at, batch.scope = inf, None

    def scope(self, batch: Batch, parent: CancelScope) -> CancelScope:
        """Return what the attempt that is running is asked to stop by, which is inside `parent`."""
        ledger = self._ledger
        with ledger.lock:
            began, asked = batch.item_begun_at, batch.asked_at is not None
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
            late = batch.asked_at is not None or (batch.scope is not None and batch.scope.remaining() == 0)
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
                if batch.asked_at is None and now >= batch.item_begun_at + self.seconds:
                    batch.asked_at = now
                    scopes.append(batch.scope)
            for batch in [each for each in timed if each.asked_at is not None and now >= each.asked_at + grace]:
                timed.remove(batch)
                error = self._error(batch)
                hung.append((batch, error, ledger.leave_behind(batch, error)))
                halted = ledger.failed(error) or halted
            due = [self._due(batch, grace) for batch in timed]
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
        return batch.item_begun_at + self.seconds if batch.asked_at is None else batch.asked_at + grace

    def _leave_behind(self, batch: Batch, error: TaskTimeout, rest: Batch | None) -> None:
        """Have another worker in the place of the one that hangs in `batch`."""
        worker = batch.worker
        if worker is not None:
            key = batch.start + batch.size
            explain(error, item=batch.item, index=key, key=key, worker=worker.name, attempt=batch.attempt, history=batch.history)
            self._ledger.crew.replace(worker)
        if rest is not None:
            self._ledger.submit(rest)
