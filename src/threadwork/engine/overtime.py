"""`Overtime`: asks tasks that take too long to stop, and leaves behind those that do not."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from ..errors import TaskTimeout
from .attempt import explain
from .batch import Batch
from .cancel import CancelScope
from .ledger import Ledger
from .timer import Timer

_REASON = "it took longer than its task_timeout"


@dataclass(frozen=True, slots=True)
class _Left:
    """A batch whose worker was left behind."""

    batch: Batch
    error: TaskTimeout
    rest: Batch | None
    halts: bool


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
        batch.item_begun_at = began = self._ledger.now()
        if not self._set:
            with self._ledger.lock:
                first, self._set = not self._set, True
            if first:
                self._timer.at(began + self.seconds, self._look)

    def end(self, batch: Batch) -> None:
        """Take note that the attempt has ended."""
        batch.item_begun_at = inf

    def scope(self, batch: Batch, parent: CancelScope) -> CancelScope:
        """Return what the attempt that is running is asked to stop by, which is inside `parent`."""
        ledger = self._ledger
        with ledger.lock:
            began = batch.item_begun_at
            asked = self._asked_at(batch) is not None
            if began == inf:
                return parent
            scope = self._scope_of(batch, began)
            if scope is None:
                scope = CancelScope(ledger.settings.clock, parent, began + self.seconds - ledger.now())
                batch.scope = (began, scope)
        if asked:
            scope.cancel(_REASON)
        return scope

    def error_of(self, batch: Batch, error: BaseException) -> BaseException:
        """Return what the item of `batch` failed with, whose task has heard that it is to stop."""
        with self._ledger.lock:
            scope = self._scope_of(batch, batch.item_begun_at)
            late = self._asked_at(batch) is not None or (scope is not None and scope.remaining() == 0)
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
        with ledger.lock:
            now = ledger.now()
            scopes = self._ask(now)
            hung = self._give_up(now)
            # As long as there is work, there is a look to come: whether an attempt is just being begun cannot be known.
            due = min([self._due(batch) for batch in ledger.running], default=None)
            self._set = due is not None
        for scope in scopes:
            scope.cancel(_REASON)
        for left in hung:
            self._replace(left)
        ledger.tell_dropped()
        if any(left.halts for left in hung):
            self._halt(hung[0].error)
        if due is not None:
            self._timer.at(min(due, now + self.seconds), self._look)

    def _ask(self, now: float) -> list[CancelScope]:
        """Take note of the attempts that take too long; return what is to be cancelled. The lock is held."""
        scopes = []
        for batch in self._ledger.running:
            began = batch.item_begun_at
            if self._asked_at(batch) is None and now >= began + self.seconds:
                batch.asked = (began, now)
                if (scope := self._scope_of(batch, began)) is not None:
                    scopes.append(scope)
        return scopes

    def _give_up(self, now: float) -> list[_Left]:
        """Leave behind the attempts that were asked to stop a grace ago. The lock is held."""
        ledger, hung = self._ledger, []
        for batch in list(ledger.running):
            asked_at = self._asked_at(batch)
            if asked_at is not None and now >= asked_at + ledger.settings.grace:
                error = self._error(batch)
                item, rest = ledger.leave_behind(batch, error)
                hung.append(_Left(batch, error, rest, halts=item is not None and ledger.failed(error)))
                ledger.crew.note(error)
        return hung

    def _due(self, batch: Batch) -> float:
        asked_at = self._asked_at(batch)
        return batch.item_begun_at + self.seconds if asked_at is None else asked_at + self._ledger.settings.grace

    @staticmethod
    def _scope_of(batch: Batch, began: float) -> CancelScope | None:
        """Return what the attempt that began then is asked to stop by: meanwhile there may be another one."""
        scope = batch.scope
        return scope[1] if scope is not None and scope[0] == began else None

    @staticmethod
    def _asked_at(batch: Batch) -> float | None:
        """Return when the attempt that is running was asked to stop, if it was."""
        return batch.asked[1] if batch.asked is not None and batch.asked[0] == batch.item_begun_at else None

    def _replace(self, left: _Left) -> None:
        """Have another worker in the place of the one that hangs."""
        batch, error, worker = left.batch, left.error, left.batch.worker
        if worker is not None:
            key = batch.start + batch.size
            explain(error, item=batch.item, index=key, key=key, worker=worker.name, attempt=batch.attempt, history=batch.history)
            self._ledger.crew.replace(worker, batch)
        if left.rest is not None:
            self._ledger.submit(left.rest)
