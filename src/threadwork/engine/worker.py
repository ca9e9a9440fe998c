"""`Worker`: one named thread of a crew, and the work that it does."""

import logging
import threading
from collections import deque
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

from .events import WorkerExited, WorkerStarted
from .notify import Notifier
from .options import Settings
from .seat import Owner, current_seat
from .threads import start_thread

_log = logging.getLogger("threadwork")


class Work(Protocol):
    """Something for a worker to do."""

    @property
    def owner(self) -> Owner:
        """Who gave it; whoever waits for his own work may do it himself."""

    def execute(self, worker: "Worker") -> None:
        """Do it, on the calling thread, which is `worker`'s. Never raises."""

    def refuse(self, error: BaseException) -> None:
        """Take note that it will never be done, because of `error`."""


class Employer(Protocol):
    """What a worker needs of its crew."""

    settings: Settings
    notifier: Notifier
    faults: deque[BaseException]

    def keep(self, worker: "Worker") -> None:
        """Take note of a worker that is being started."""

    def take(self, worker: "Worker") -> Work | None:
        """Return the next work for `worker`, waiting for it; ``None`` when there will be none."""

    def take_own(self, owner: Owner) -> Work | None:
        """Return the next queued work that serves `owner`, or ``None``."""

    def fail(self, error: BaseException) -> None:
        """Refuse all work because of `error`."""


class Worker:
    """One named thread of a crew: it starts, enters its resource, works until the crew closes, and leaves."""

    def __init__(self, crew: Employer, name: str, first: Work | None) -> None:
        self.crew = crew
        self._first = first  # what it was started for
        self.name = name
        self.resource: Any = None
        self.serves: Owner | None = None
        """Who gave the work that it does now."""
        self.baton = threading.Lock()
        """Held while the worker has nothing to do; released to wake it."""
        self.baton.acquire()
        self.work: Work | None = None
        """What it does now."""
        self.left_behind = False
        """Whether another one has taken its place, because it hangs: should it come back, it leaves."""
        self.depth = 0
        """How many works it does inside each other."""
        self.thread: threading.Thread | None = None
        self.renewal_due = False
        """Whether its resource is to be made anew for the next attempt; read and written on its own thread."""
        self._manager: AbstractContextManager[Any] = nullcontext()

    def start(self) -> None:
        """Start the thread. Raises ``RuntimeError`` where the system has none left."""
        start_thread(self._main, self.name, self._keep)

    @property
    def alive(self) -> bool:
        """Whether the thread has been started and has not ended."""
        return self.thread is not None and self.thread.is_alive()

    def _keep(self, thread: threading.Thread) -> None:
        self.thread = thread
        self.crew.keep(self)

    def do(self, work: Work) -> None:
        """Do `work` on this worker's thread."""
        before, self.serves = self.serves, work.owner
        outer, self.work = self.work, work
        self.depth += 1
        try:
            work.execute(self)
        finally:
            self.depth -= 1
            self.serves, self.work = before, outer
            del work  # the frames of an error refer to this one

    def _main(self) -> None:
        _here.worker = self
        if not self._enter_first():
            return
        work, self._first = self._first or self.crew.take(self), None
        while work is not None:
            self.do(work)
            del work  # a waiting worker must not keep alive what it did last
            work = self.crew.take(self)
        self._exit()

    def renew_if_due(self) -> None:
        """Leave the resource and make it anew, where that is due. Raises what making it raises: it is due again then.

        It is not, while an outer task of this worker may be using the resource.
        """
        if not self.renewal_due or self.depth > 1:
            return
        manager, self._manager, self.resource = self._manager, nullcontext(), None
        try:
            manager.__exit__(None, None, None)
        except Exception:  # noqa: BLE001 - to be expected of what is broken; the attempt that follows does not suffer
            _log.warning("%s left a resource that is made anew, and that failed", self.name, exc_info=True)
        self._enter()
        self.renewal_due = False

    def _enter(self) -> None:
        make = self.crew.settings.resource
        manager = make() if make else nullcontext()
        self.resource = manager.__enter__()
        self._manager = manager

    def _enter_first(self) -> bool:
        """Enter the resource; where that fails, the crew does nothing more."""
        try:
            self._enter()
            self.crew.notifier.tell(WorkerStarted(self.name))
        except BaseException as error:  # noqa: BLE001 - carried to whoever waits for the work
            error.add_note(f"while {self.name} entered its resource")
            self.crew.fail(error)
            if self._first is not None:
                self._first.refuse(error)
            return False
        return True

    def _exit(self) -> None:
        try:
            self.resource = None
            self._manager.__exit__(None, None, None)
            self.crew.notifier.tell(WorkerExited(self.name))
        except BaseException as error:  # noqa: BLE001 - carried to whoever closes the crew
            error.add_note(f"while {self.name} left its resource")
            self.crew.faults.append(error)


class _Here(threading.local):
    """The worker whose thread this is."""

    worker: Worker | None = None


_here = _Here()


def worker_here() -> Worker | None:
    """Return the worker on whose thread this is called, or ``None``."""
    return _here.worker


def forget_worker_here() -> None:
    """Take note that this thread is no worker any more: it has become the only one of a forked child."""
    _here.worker = None


def owner_here() -> Owner | None:
    """Return who gave the task in which this is called, or the input that it is called by, or ``None``."""
    seat = current_seat()
    if seat is not None:
        return seat.owner
    worker = worker_here()  # a listener, or a callback of a future
    return worker.serves if worker else None
