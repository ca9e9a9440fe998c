"""`Call`: one call of a function, and the future of its result."""

import contextvars
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from .cancel import CancelScope
from .crew import Crew
from .seat import Owner, set_seat
from .task import TaskContext
from .worker import Work, Worker, worker_here

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Invocation(Generic[R]):
    """A function with its arguments and the context it is called in."""

    fn: Callable[..., R]
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    context: contextvars.Context

    def __repr__(self) -> str:
        shown = [f"{value!r:.60}" for value in self.args] + [f"{name}={value!r:.60}" for name, value in self.kwargs.items()]
        return f"{getattr(self.fn, '__qualname__', self.fn)}({', '.join(shown)})"


class Call(Future[R]):
    """A future that is its own seat: it knows what is called, on which worker, and whether it should stop.

    Waiting for one on a worker of its own crew runs it there, if nobody has begun it: waiting could be for ever.
    """

    def __init__(self, owner: Owner, crew: Crew, scope: CancelScope, index: int, invocation: Invocation[R]) -> None:
        super().__init__()
        self.owner = owner
        self.index = index
        self.scope = scope
        self.worker: Worker | None = None
        self.work: Work | None = None
        """What stands for it in the queue of the crew."""
        self._crew = crew
        self._invocation: Invocation[R] | None = invocation

    def __repr__(self) -> str:
        return repr(self._invocation) if self._invocation else super().__repr__()

    def invoke(self, worker: Worker) -> BaseException | None:
        """Call the function on the thread of `worker`; keep its result or its error, and return the error."""
        self.worker = worker
        invocation = self._invocation
        if invocation is None:  # the worker of an attempt before was left behind, and has come back with the result
            return None
        context = invocation.context.copy()  # for there may be further attempts
        context.run(set_seat, self)
        try:
            result = context.run(invocation.fn, *invocation.args, **invocation.kwargs)
        except BaseException as error:  # noqa: BLE001 - it is for whoever asks for the result
            return error.with_traceback(error.__traceback__ and error.__traceback__.tb_next)
        else:
            self.settle(result, None)
            return None
        finally:
            del self, invocation, context  # an error's frames refer to this one, and the call refers to the error

    def settle(self, result: Any, error: BaseException | None) -> None:
        """Give whoever waits the `result` or the `error`, and let go of the function and its arguments."""
        try:
            if error is None:
                self.set_result(result)
            else:
                self.set_exception(error)
        except InvalidStateError:  # it was left behind, and whoever waited has been told so
            return
        finally:
            self.forget()

    def forget(self) -> None:
        """Let go of the function and its arguments, and of the work in the queue."""
        self._invocation = None
        self.work = None

    def describe(self) -> TaskContext:
        """Return the context of the call, for `current()` in it."""
        worker = self.worker
        return TaskContext(
            self.scope,
            index=self.index,
            key=self.index,
            item=self,
            worker=worker.name if worker else "",
            resource=worker.resource if worker else None,
        )

    def result(self, timeout: float | None = None) -> R:
        """Return what the function returned, or raise what it raised; wait for it, at most `timeout` seconds."""
        if timeout is None:
            self._help()
        try:
            return super().result(timeout)
        finally:
            del self  # the frames of an error that is raised here would refer to it

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Return what the function raised, or ``None``; wait for its end, at most `timeout` seconds."""
        if timeout is None:
            self._help()
        return super().exception(timeout)

    def _help(self) -> None:
        """Run the call here, if this is a worker of its crew and nobody has begun it."""
        worker, work = worker_here(), self.work
        if worker and work and worker.crew is self._crew and self._crew.take_back(work):
            worker.do(work)
