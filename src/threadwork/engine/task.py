"""`current()`: what a task can know and do about itself, from anything it calls."""

import contextvars
from collections.abc import Callable
from typing import Any, NoReturn

from ..errors import Cancelled, NotInTask, RetryAfter
from .cancel import CancelCallback, CancelCallbacks, CancelScope
from .seat import Seat, current_seat


class TaskContext:
    """The running task: who it is, and its side of the cancelling. Got from `current()`; lives as long as the task."""

    def __init__(
        self, scope: CancelScope, *, index: int, key: Any, item: Any, worker: str, resource: Any, attempt: int = 1
    ) -> None:
        self.index = index
        self.key = key
        self.item = item
        self.attempt = attempt
        self.worker = worker
        self.resource = resource
        self.scope = scope
        self._callbacks: CancelCallbacks | None = None

    @property
    def cancelled(self) -> bool:
        """Whether the task has been asked to stop. Cheap; never raises."""
        return self.scope.cancelled or self.remaining() == 0

    def checkpoint(self) -> None:
        """Raise `Cancelled` if the task has been asked to stop or the run's deadline is over. Does not wait."""
        if self.scope.cancelled:
            raise Cancelled(self.scope.reason or "the task was asked to stop")
        if self.remaining() == 0:
            raise Cancelled(self.scope.overdue)

    def sleep(self, seconds: float) -> None:
        """Wait `seconds`; raise `Cancelled` as soon as the task is asked to stop."""
        self.checkpoint()
        left = self.remaining()
        self.scope.sleep(seconds if left is None else min(seconds, left))
        self.checkpoint()

    def remaining(self) -> float | None:
        """Return the seconds left for the task, never below 0, or ``None`` if nothing limits it.

        Made to be passed on: ``requests.get(url, timeout=current().remaining())``.
        """
        return self.scope.remaining()

    def retry_after(self, seconds: float) -> NoReturn:
        """Give this attempt up, to be tried again in `seconds` at the earliest; what shares its keys in the limits pauses.

        For an answer like 429, where the other side says when to come back. Raises `RetryAfter`; without a ``retry``, or
        when there is no attempt left, the item fails with it.
        """
        raise RetryAfter(seconds)

    def on_cancel(self, callback: Callable[[], object]) -> CancelCallback:
        """Call `callback` when the task is asked to stop (now, if it was already): close a socket, kill a child.

        It is called once, on the thread that cancels, and no more after the task has ended; used as a context manager,
        the registration ends with the ``with``. A registration made in a copy of the task's context, as in a coroutine,
        ends with that copy. An exception in it is logged, not raised.
        """
        if self._callbacks is None:
            self._callbacks = CancelCallbacks()
            self.scope.tell(self._callbacks)
        return self._callbacks.add(callback)


_described: contextvars.ContextVar[tuple[Seat, TaskContext] | None] = contextvars.ContextVar("threadwork.task", default=None)


def current() -> TaskContext:
    """Return the context of the running task.

    Works in anything the task calls and, once it was called there, in threads and coroutines that were started with a
    copy of its context; also in an iterator that is the input of a run, to see that the run is stopped. Raises
    `NotInTask` elsewhere. The first call in a task costs about a microsecond, further ones a tenth.
    """
    task = current_or_none()
    if task is None:
        raise NotInTask("no task is running here: current() is for code called by map, for_each, a TaskGroup or an Executor")
    return task


def current_or_none() -> TaskContext | None:
    """Return the context of the running task, or ``None`` outside of one."""
    seat = current_seat()
    if seat is None:
        return None
    described = _described.get()
    if described is not None and described[0] is seat:
        return described[1]
    task: TaskContext = seat.describe()
    # The task's own copy of the context holds the only lasting reference: it dies when the task ends. What a task
    # inside this one finds there is of another seat.
    _described.set((seat, task))
    return task
