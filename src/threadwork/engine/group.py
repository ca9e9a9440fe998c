"""`TaskGroup`: calls that begin and end inside one ``with``."""

import contextlib
import contextvars
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Any, Literal, ParamSpec, Self, TypeVar, Unpack

from ..errors import Cancelled, InvalidOption, PoolClosed
from .attempt import Judge
from .batch import Batch
from .call import Call, Invocation
from .cancel import CancelScope
from .crew import Crew
from .events import ItemFinished, ItemStarted
from .execution import Execution
from .flow import Flow
from .halt import Halt
from .ledger import Keep
from .options import Options, settings_of
from .outcome import Outcome, Status, Summary
from .task import TaskContext
from .worker import worker_here

P = ParamSpec("P")
R = TypeVar("R")

OF_A_MAP: tuple[Literal["ordered", "batch", "key", "journal"], ...] = ("ordered", "batch", "key", "journal")
"""Options that have no meaning for a group."""


_DEEPEST = 10  # tasks run inside each other, where tasks start tasks in a full group: far from Python's recursion limit


class Task(Call[R]):
    """A call in a `TaskGroup`: a future whose running can be cancelled too."""

    def cancel(self) -> bool:
        """Ask the call to stop: it never begins, or is asked to at its next checkpoint. Does not wait.

        Returns whether it was asked; ``False`` where it has ended.
        """
        if self.done():
            return False
        self.scope.cancel("the task was cancelled")
        super().cancel()
        return True

    @property
    def args(self) -> tuple[Any, ...]:
        """The positional arguments of the call, for the ``key`` of a `Limit` or a `Breaker`; none once it has ended."""
        invocation = self._invocation  # another thread may let go of it
        return tuple(invocation.args) if invocation else ()

    def begin(self) -> bool:
        """Take note that an attempt is about to begin; tell whether it may."""
        if self.running():  # it has had an attempt before
            return not self.scope.cancelled
        return self.set_running_or_notify_cancel()

    def describe(self) -> TaskContext:
        """Return the context of the call, for `current()` in it."""
        flow, batch = self.owner, self.work
        context = super().describe()
        if isinstance(flow, Flow) and isinstance(batch, Batch):
            context.attempt = batch.attempt
            if flow.overtime:
                context.scope = flow.overtime.scope(batch, self.scope)
        return context

    def drop(self, error: BaseException | None) -> None:
        """End it with `error`, because it will not be run or its worker is left behind; tell those who wait for it."""
        self.scope.cancel("the task was dropped")
        if super().cancel():
            with contextlib.suppress(RuntimeError):  # it has been told already
                self.set_running_or_notify_cancel()
            self.forget()
        else:
            self.settle(None, error or Cancelled("left behind: it did not stop in time"))

    def cancelled(self) -> bool:
        """Tell whether the call ended because it was asked to."""
        return super().cancelled() or (self.done() and isinstance(super().exception(0), Cancelled))


class TaskGroup:
    """Starts calls on named threads and does not end before they have; like ``asyncio.TaskGroup``.

    At the end of the ``with`` it waits for every task. When a task fails (by default the first one: ``halt``), or the
    body does, the others are asked to stop, are joined for up to ``grace`` seconds, and an ``ExceptionGroup`` of all
    errors is raised. Tasks may start further tasks. Safe to use from several threads inside the ``with``.

    The options are those of `map` that concern calls; ``buffersize`` is the most tasks that are open at once (default
    ``max(64, 8 * workers)``): `start` waits where there are as many.
    """

    def __init__(self, **options: Unpack[Options]) -> None:
        for name in OF_A_MAP:
            if name in options:
                raise InvalidOption(f"{name} has no meaning for a TaskGroup, whose tasks are started one by one")
        settings = settings_of(options)
        self._execution = Execution(replace(settings, batch=1, halt=settings.halt or Halt()))
        self._turn = threading.Lock()  # Guards: waiting for room, one thread at a time
        self._flow: Flow | None = None
        self._refusal: PoolClosed | None = None

    @classmethod
    def on_crew(cls, crew: Crew, options: Options) -> Self:
        """Return a group whose tasks run on the threads of `crew`."""
        group = cls(**options)
        group._execution.use_crew(crew)
        return group

    def start(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Task[R]:
        """Call `fn` on a worker and return its `Task`. Waits while as many tasks are open as ``buffersize`` allows.

        Called by a task of the group when it is full, it runs a queued task meanwhile instead of waiting. Raises
        `PoolClosed` before the ``with``, after it, and when the group is stopping; `InvalidOption` for what cannot be called.
        """
        if not callable(fn):
            raise InvalidOption(f"a task must be a function and its arguments, not {type(fn).__name__} {fn!r:.60}")
        flow, settings = self._flow, self._execution.settings
        if flow is None:
            raise PoolClosed(f"task group {settings.name!r} is not open: start tasks inside its 'with'")
        scope = CancelScope(settings.clock, flow.scope)
        task = Task(flow, flow.crew, scope, 0, Invocation(fn, args, kwargs, settings.context_of_caller()))
        worker = worker_here()
        if worker and worker.crew is flow.crew:
            # A worker never waits for room: were all of them here, nobody would be left to make it.
            while worker.depth < _DEEPEST and flow.intake.full() and (work := flow.crew.take_own(flow)):
                worker.do(work)
            pushed = flow.intake.push(task)
        else:
            with self._turn:
                pushed = flow.intake.push(task) if flow.intake.wait_for_room(hurried=True) else None
        if pushed is None:
            self._refusal = PoolClosed(f"task group {settings.name!r} is stopping: it starts no more tasks")
            raise self._refusal
        return task

    def cancel(self, reason: str = "") -> None:
        """Ask all tasks to stop, and start no more; the ``with`` then ends without an error of its own. Does not wait."""
        self._execution.cancel(reason)

    def stats(self) -> Summary:
        """Return the counts as they are now."""
        return self._execution.stats()

    def __enter__(self) -> Self:
        if self._execution.flow is not None:
            raise PoolClosed(f"task group {self._execution.settings.name!r} was used before: make a new one")
        try:
            self._flow = self._execution.begin(Keep.NOTHING, TasksRunner)
            self._flow.ledger.on_drop = partial(_drop, self._flow.ledger.on_drop)
        except BaseException as error:  # such as an interrupt: what has begun must not stay
            self._execution.finish(error)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        flow = self._flow
        assert flow is not None
        ended: BaseException | None = error
        try:
            flow.intake.end(None)
            if error is None or error is self._refusal:
                flow.outlet.take()
        except BaseException as caught:
            ended = caught
            raise
        finally:
            self._execution.finish(ended)
            self._flow = None
        self._raise(error, flow.take_errors())

    def _raise(self, error: BaseException | None, errors: list[BaseException]) -> None:
        """Raise all errors as a group, with that of the body; an interrupt of the body or of a task passes as it is."""
        if error is not None and not isinstance(error, Exception):
            return
        for fatal in errors:
            if not isinstance(fatal, Exception | Cancelled):
                raise fatal
        # That a stopping group refused to start more is no news beside what stopped it; nor is an error of a task that
        # the body got and let pass.
        of_body = [] if error is None or error is self._refusal or any(error is each for each in errors) else [error]
        count = len(of_body) + self.stats().failed
        shown = "" if len(of_body) + len(errors) == count else f" (the first {len(errors)} are here)"
        if of_body or errors:
            name = self._execution.settings.name
            message = f"{count} error{'' if count == 1 else 's'} in task group {name!r}{shown}"
            raise BaseExceptionGroup(message, [*of_body, *errors])


@dataclass(frozen=True, slots=True)
class TasksRunner:
    """Runs batches of one `Task` each, and tells the listeners."""

    execution: Execution

    def __call__(self, batch: Batch, context: contextvars.Context, judge: Judge) -> None:  # noqa: ARG002 - a task brings its own
        """Run the task in `batch`, in its own context rather than in `context`."""
        try:
            task: Task[Any] = batch.items.popleft()
        except IndexError:  # the group was stopped before it could begin
            return
        task.index, task.work, batch.item = batch.start, batch, task
        try:
            if not judge.admit(batch):
                return
        except BaseException as refusal:  # noqa: BLE001 - the judge lets none vanish
            error: BaseException | None = refusal
            start = self.execution.settings.clock.now()
        else:
            start, error = self._attempt(task, batch, judge)
        status = Status.DONE if error is None else judge.failed(batch, error, task.scope)
        # Or it will be tried again; or its worker was left behind, and others have been told already.
        if status is not None and not batch.finished:
            self._tell(task, batch, status, error, start)
            if error is not None:
                task.settle(None, error)
        del task, error  # the frames of an error refer to this one

    def _attempt(self, task: Task[Any], batch: Batch, judge: Judge) -> tuple[float, BaseException | None]:
        """Call the task that was admitted; return when it began, and what it failed with."""
        execution, worker = self.execution, batch.worker
        assert worker is not None
        start = execution.settings.clock.now()
        error: BaseException | None = None
        try:
            if not task.begin():
                error = Cancelled("the task was cancelled")
                return start, error
            if execution.notifier:
                at = start - execution.epoch
                execution.notifier.tell(ItemStarted(task.index, task.index, task, batch.attempt, worker.name, at))
            error = task.invoke(worker)
            if error is not None:
                error = judge.error_of(batch, error)
            return start, error
        finally:
            judge.leave(batch, error)
            del task, error  # the frames of an error refer to this one

    def _tell(self, task: Task[Any], batch: Batch, status: Status, error: BaseException | None, start: float) -> None:
        execution = self.execution
        if execution.notifier:
            value = task.result() if error is None else None
            worker = batch.worker.name if batch.worker else ""
            began, duration = start - execution.epoch, execution.settings.clock.now() - start
            waited = start - batch.admitted_at
            outcome = Outcome(task.index, task.index, task, status, value, error, batch.attempt, began, duration, waited, worker)
            execution.notifier.tell(ItemFinished(outcome))


def _drop(tell: Callable[[Batch], None] | None, batch: Batch) -> None:
    """Cancel the tasks of a batch that will not be run, or whose worker is left behind; then `tell` of it."""
    for task in batch.items:
        if isinstance(task, Task):
            task.drop(batch.failure)
    if tell:
        tell(batch)
