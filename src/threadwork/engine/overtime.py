"""`Overtime`: asks tasks that take too long to stop, and leaves behind those that do not."""

from collections.abc import Callable
from math import inf

from ..errors import TaskTimeout
from .attempt import explain
from .batch import Batch
from .cancel import CancelScope
from .ledger import Ledger
from .retrying import Retrying, shown
from .timer import Timer

_REASON = "it took longer than its task_timeout"


class Overtime:
    """Looks at what runs whenever an attempt may have been at work for `seconds`: nothing is set for each of them."""

    def __init__(
        self, ledger: Ledger, timer: Timer, seconds: float, halt: Callable[[BaseException], None], retrying: Retrying | None
    ) -> None:
        self.seconds = seconds
        self._halt = halt
        self._ledger = ledger
        self._timer = timer
        self._retrying = retrying
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
                scope = CancelScope(ledger.settings.clock, parent, began + self.seconds - ledger.now(), _REASON)
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
            grace = ledger.settings.grace
            hung = [each for each in ledger.running if (asked_at := self._asked_at(each)) is not None and now >= asked_at + grace]
        for scope in scopes:
            scope.cancel(_REASON)
        for batch in hung:
            self._leave_behind(batch)
        ledger.tell_dropped()
        with ledger.lock:
            # As long as there is work, there is a look to come: whether an attempt is just being begun cannot be known.
            due = min([self._due(batch) for batch in ledger.running], default=None)
            self._set = due is not None
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

    def _leave_behind(self, batch: Batch) -> None:
        """Leave behind the worker of `batch`, unless it has come back just now, and have another one in its place."""
        ledger, asked = self._ledger, batch.asked
        with ledger.lock:
            error = self._error(batch)
        delay = self._retrying.delay_after(batch, error) if self._retrying else None
        with ledger.lock:
            if batch not in ledger.running or batch.asked is not asked or self._asked_at(batch) is None:
                return
            worker = batch.worker
            item, rest = ledger.leave_behind(batch, error, again=delay is not None)
            halts = item is not None and delay is None and ledger.failed(error)
            if item is not None and delay is not None:
                ledger.try_again(item, shown(error, delay))
        name = worker.name if worker else ""
        key = batch.start + batch.size
        explain(error, item=batch.item, index=key, key=key, worker=name, attempt=batch.attempt, history=batch.history)
        ledger.crew.note(error)
        if worker is not None:
            ledger.crew.replace(worker, batch)
        if rest is not None:
            ledger.submit(rest)
        if self._retrying and item is not None and delay is not None:
            self._retrying.hold(item, error, delay, name)
        if halts:
            self._halt(error)

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
