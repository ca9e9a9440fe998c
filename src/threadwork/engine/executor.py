"""`Executor`: the engine's crew behind the interface of ``concurrent.futures``."""

import contextvars
import itertools
import logging
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.thread import BrokenThreadPool
from contextlib import contextmanager
from functools import partial
from typing import Any, ParamSpec, TypeVar

from ..errors import PoolClosed
from .call import Call, Invocation
from .cancel import CancelScope
from .cpus import default_workers
from .crew import Crew
from .exits import exiting
from .notify import Notifier
from .options import Settings
from .seat import Owner
from .worker import Worker

P = ParamSpec("P")
R = TypeVar("R")

_numbers = itertools.count()


class Executor(ThreadPoolExecutor):
    """A drop-in for ``concurrent.futures.ThreadPoolExecutor``, which it is a subclass of for those who check.

    It differs where that one hurts: calls see a copy of the submitter's context variables and `current()`; a call
    that waits for another one's result on the same executor runs it itself, if nobody has begun it; a hung call does not
    keep the interpreter from exiting: at exit, submitted calls are finished, unless none of them ends for five seconds.

    Submitting never waits: the queue is unbounded, as in the original, and a call has no policies, since it has one
    attempt and one future. For bounded work, retries, limits and time-outs use `map` or a `TaskGroup`.
    """

    def __init__(
        self,
        max_workers: int | None = None,
        thread_name_prefix: str = "",
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
    ) -> None:
        """Make the executor; threads are started when there is work.

        Raises ``ValueError`` or ``TypeError`` as the original does.
        """
        workers = default_workers() if max_workers is None else max_workers
        if workers <= 0:
            raise ValueError("max_workers must be greater than 0")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        name = thread_name_prefix or f"Executor-{next(_numbers)}"

        resource = None if initializer is None else partial(_initialized, initializer, initargs)
        settings = Settings(workers=workers, name=name, resource=resource)
        self._max_workers = workers  # libraries read it
        self._settings = settings
        self._crew = Crew(settings, Notifier(()))
        self._scope = CancelScope(settings.clock)
        self._owner = _Submitted()
        self._submitting = threading.Lock()  # Guards: the order of submit and shutdown
        self._count = 0
        # When the executor is dropped without shutdown its threads finish what is queued and leave.
        weakref.finalize(self, self._crew.close).atexit = False

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Queue a call of `fn` and return its future. Never waits.

        Raises `PoolClosed` (a ``RuntimeError``) after `shutdown`, ``BrokenThreadPool`` where an initializer failed.
        """
        invocation = Invocation(fn, args, kwargs, contextvars.copy_context())
        with self._submitting:
            if exiting.is_set():
                raise RuntimeError("cannot schedule new futures after interpreter shutdown")
            if self._crew.broken is not None:
                raise BrokenThreadPool(
                    "A thread initializer failed, the thread pool is not usable anymore"
                ) from self._crew.broken
            call = SubmittedCall(self._owner, self._crew, self._scope, self._count, invocation)
            call.work = call
            self._count += 1
            try:
                self._crew.submit(call)
            except PoolClosed:
                raise PoolClosed("cannot schedule new futures after shutdown") from None
        return call

    @property
    def _broken(self) -> bool:  # type: ignore[override] # what the original calls it, and its tests ask
        return self._crew.broken is not None

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - the original's signature
        """Accept no more calls; with `wait`, return when the last one has ended; with `cancel_futures`, begin no more."""
        with self._submitting:
            self._crew.close()
            withdrawn = self._crew.withdraw(self._owner) if cancel_futures else []
        for call in withdrawn:
            if isinstance(call, SubmittedCall):
                call.cancel()
                call.set_running_or_notify_cancel()
        if wait:
            self._crew.join(None)


@contextmanager
def _initialized(initializer: Callable[..., object], initargs: tuple[Any, ...]) -> Iterator[None]:
    """Call `initializer` for a worker; log a failure as the original does."""
    try:
        initializer(*initargs)
    except BaseException:
        logging.getLogger("concurrent.futures").critical("Exception in initializer:", exc_info=True)
        raise
    yield


class _Submitted:
    """Who gave the calls of one executor; not the executor itself, which must not be kept alive by its queue."""

    within: Owner | None = None

    def nudge(self) -> None:
        """Do nothing: nobody waits for all calls of an executor."""


class SubmittedCall(Call[R]):
    """A call given to an `Executor`: its own work in the crew's queue."""

    def execute(self, worker: Worker) -> None:
        """Run the call on `worker`'s thread."""
        if self.set_running_or_notify_cancel():
            error = self.invoke(worker)
            if error is not None:
                self.settle(None, error)
                del error
        self.forget()
        del self  # an error's frames refer to this one

    def refuse(self, error: BaseException) -> None:
        """Fail: the initializer of a worker raised `error`."""
        if self.set_running_or_notify_cancel():
            broken = BrokenThreadPool("A thread initializer failed, the thread pool is not usable anymore")
            broken.__cause__ = error
            self.settle(None, broken)
