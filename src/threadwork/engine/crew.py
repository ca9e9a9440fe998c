"""`Crew`: a bounded set of named worker threads that take work from one queue."""

import threading
import warnings
from collections import deque
from typing import Protocol

from ..errors import PoolClosed
from .events import WorkersChanged
from .exits import end_at_exit
from .notify import Notifier
from .options import Settings
from .seat import Owner, serves
from .threads import join_thread
from .tuning import Progress, Tuner
from .worker import Work, Worker, forget_worker_here

LOOK_SECONDS = 0.005
"""How often somebody looks after batches that take long: half of the 10 ms in which a result is to be delivered."""


class OpenRun(Protocol):
    """A run that uses the crew."""

    def consumed_here(self) -> bool:
        """Tell whether the calling thread is its consumer."""

    def abort(self, cause: BaseException) -> None:
        """Stop, because of `cause`, and end what belongs to the run alone, in at most its grace."""

    def look(self) -> bool:
        """Give idle workers what waits behind something slow; tell whether it is worth to look again soon."""

    def progress(self) -> Progress:
        """Return what has been done."""

    def forget(self) -> None:
        """Take note that there is nothing to end any more."""


class Crew:
    """At most ``settings.workers`` threads called ``name-1``, ``name-2``, ..., started when there is work for them.

    Idle workers are woken last in, first out: the busiest few stay warm and the others asleep. Where fewer are to be at work
    than there are (see `resize`), the surplus is idle too, and keeps its resources.
    """

    def __init__(self, settings: Settings, notifier: Notifier) -> None:
        self.settings = settings
        self.notifier = notifier
        self.faults: deque[BaseException] = deque()
        """What resources raised when they were left."""
        # Guards: all below. Re-entrant, because a run that the garbage collector ends while its lock is held withdraws its work.
        self._lock = threading.RLock()
        self._queue: deque[Work] = deque()
        self._idle: list[Worker] = []
        self._workers: list[Worker] = []
        self._most = settings.workers
        self._size = settings.sizing.start if settings.sizing else settings.workers
        self._paused = False
        self._started = 0
        self._runs: set[OpenRun] = set()
        self._watching = False
        self._watchman: Worker | None = None
        self._given_up = False
        self._taken = 0
        self._closed = False
        self._broken: BaseException | None = None
        self.tuner = Tuner(self, settings.sizing, notifier, settings.clock.now) if settings.sizing else None
        """Who changes how many workers are at work, where somebody does."""
        end_at_exit(self)

    @property
    def started(self) -> int:
        """How many threads were started so far."""
        return self._started

    @property
    def broken(self) -> BaseException | None:
        """What a resource raised when it was entered: then no work is done any more."""
        return self._broken

    def open_run(self, run: OpenRun) -> None:
        """Take note of a run on this crew that has to end before the crew does."""
        with self._lock:
            self._runs.add(run)

    def close_run(self, run: OpenRun) -> None:
        """Take note that `run` has ended."""
        with self._lock:
            self._runs.discard(run)

    def end_runs(self, cause: BaseException, *, of_others: bool) -> None:
        """Stop the runs of the calling thread that are still open, or all, because of `cause`, in at most their grace."""
        with self._lock:
            runs = list(self._runs)
        for run in runs:
            if of_others or run.consumed_here():
                run.abort(cause)

    def free(self) -> int:
        """Return how many workers could take more work right now, those not started yet included."""
        with self._lock:
            return max(0, self._allowed() - self._at_work() - len(self._queue))

    def note(self, error: BaseException) -> None:
        """Take note that an attempt has failed with `error`."""
        if self.tuner and isinstance(error, Exception):
            self.tuner.failed(error)

    def progress(self) -> tuple[Progress, int, int]:
        """Return what has been done in the open runs, busy workers, and queued batches."""
        with self._lock:
            runs, busy, queued = list(self._runs), self._at_work(), len(self._queue)
        total = Progress()
        for run in runs:
            total = total.plus(run.progress())
        return total, busy, queued

    def resize(self, workers: int) -> None:
        """Let at most so many workers be at work. Those that are more go on with what they do, and are idle then."""
        with self._lock:
            self._size = min(workers, self._most)
            self._engage_for_all()

    def resize_by_hand(self, workers: int) -> None:
        """Do so with any number, also one larger than at first, and from now on whatever a rule says."""
        with self._lock:
            before, self._size = self._size, workers
            self._most = workers
            if self.tuner:
                self.tuner.stop()
            self._engage_for_all()
        if before != workers:
            self.notifier.tell(WorkersChanged(before, workers, "by hand"))

    def pause(self, *, paused: bool) -> None:
        """Let no worker take work, until it may again."""
        with self._lock:
            self._paused = paused
            self._engage_for_all()

    @property
    def paused(self) -> bool:
        """Whether no worker may take work."""
        return self._paused

    def _allowed(self) -> int:
        return 0 if self._paused else self._size

    def _engage_for_all(self) -> None:
        """Have workers at work for all that is queued, as far as that is allowed. The lock is held."""
        for _ in range(len(self._queue)):
            self._engage()

    def _at_work(self) -> int:
        """Return how many workers are not idle. The lock is held."""
        return len(self._workers) - len(self._idle)

    def _engage(self) -> None:
        """Have one more worker at work, if that is allowed. The lock is held."""
        if self._at_work() < self._allowed():
            self._call_worker()

    def submit(self, work: Work) -> None:
        """Queue `work` and see to it that a worker takes it. Does not wait.

        Raises `PoolClosed` after `close`. Where no further thread can be started, those there are do the work; where
        there is none at all, all work is refused.
        """
        with self._lock:
            if self._closed:
                raise PoolClosed(f"pool {self.settings.name!r} is closed: give it work inside its 'with', before shutdown")
            if self._broken is None:
                self._queue.append(work)
                self._engage()
            broken = self._broken
        if broken is not None:
            work.refuse(broken)

    def _start_worker(self) -> None:
        # A worker begins with what it was started for, so that it is not withdrawn; but entering a resource may take
        # long or hang, and meanwhile another worker may do that work.
        first = self._queue.popleft() if self._queue and not self.settings.resource else None
        try:
            Worker(self, f"{self.settings.name}-{self._started + 1}", first).start()
        except RuntimeError as error:  # the system has no thread left
            if not self._workers:
                self._broken = error
                return
            if first is not None:
                self._queue.appendleft(first)
            self._size = self._most = len(self._workers)
            warnings.warn(f"{error}: going on with {self._size} of {self.settings.workers} workers", RuntimeWarning, stacklevel=2)

    def keep(self, worker: Worker) -> None:
        """Take note of a worker that is being started, before it does anything. The lock is held."""
        self._started += 1
        self._workers.append(worker)

    def replace(self, worker: Worker, work: Work) -> None:
        """Leave `worker` behind, which hangs in `work`, and have another one in its place as soon as there is work."""
        with self._lock:
            if worker.work is not work:  # it has come back just now
                return
            worker.left_behind = True
            if worker in self._workers:
                self._workers.remove(worker)
            if self._queue and not self._closed:
                self._engage()

    def watch(self) -> None:
        """See to it that a worker that has nothing to do looks after the runs now and then, until they need that no more."""
        with self._lock:
            if self._watching or self._closed:
                return
            self._watching = True
            self._call_worker()

    def _call_worker(self) -> None:
        """Have a worker with nothing to do come by: it sees whether there is work, or something to watch. The lock is held."""
        if self._idle:
            self._wake_idle()
        elif len(self._workers) < self._size:
            self._start_worker()

    def _wake_idle(self) -> None:
        """Wake the worker that went idle last. The lock is held."""
        worker = self._idle.pop()
        if worker is self._watchman:
            self._watchman = None
        worker.baton.release()

    def take(self, worker: Worker) -> Work | None:
        """Return the next work for `worker`, waiting for it; ``None`` when the crew is closed and all work taken."""
        while True:
            with self._lock:
                if worker.left_behind:
                    return None
                if self._queue and (self._at_work() <= self._allowed() or self._closed):
                    self._taken += 1
                    work = self._queue.popleft()
                    if self._watching and self._watchman is None:
                        self._call_worker()  # it may have been this one
                    return work
                if self._closed:
                    return None
                watches = self._watching and self._watchman is None
                if watches:
                    self._watchman = worker
                self._idle.insert(0 if watches else len(self._idle), worker)  # whoever watches is the last to get work
            if not self.settings.clock.acquire(worker.baton, LOOK_SECONDS if watches else None):
                self._look(worker)

    def _look(self, worker: Worker) -> None:
        """Look after the runs, for `worker` has had nothing to do for a while."""
        with self._lock:
            if worker not in self._idle:  # it has been woken just now
                worker.baton.acquire(blocking=False)
                return
            self._idle.remove(worker)
            self._watchman = None
            self._watching = False
            runs = list(self._runs)
        again = [run.look() for run in runs]  # all of them
        if any(again):
            with self._lock:
                self._watching = True

    def take_own(self, owner: Owner) -> Work | None:
        """Return the next queued work that serves `owner`, for himself to do, or ``None``. Does not wait."""
        with self._lock:
            for work in self._queue:
                if serves(work.owner, owner):
                    self._queue.remove(work)
                    return work
        return None

    def take_back(self, work: Work) -> bool:
        """Take `work` out of the queue, for the caller to do; tell whether it was still there."""
        with self._lock:
            if work not in self._queue:
                return False
            self._queue.remove(work)
            return True

    def withdraw(self, owner: Owner) -> list[Work]:
        """Take all queued work that `owner` gave back out of the queue and return it."""
        with self._lock:
            taken = [work for work in self._queue if work.owner is owner]
            if taken:
                self._queue = deque(work for work in self._queue if work.owner is not owner)
        return taken

    def fail(self, error: BaseException) -> None:
        """Refuse all work, now and later, because of `error`."""
        with self._lock:
            self._broken = self._broken or error
            refused, self._queue = self._queue, deque()
        for work in refused:
            work.refuse(error)

    def close(self) -> None:
        """Take no more work; the workers leave when they have done what is queued. Does not wait."""
        with self._lock:
            self._closed = True
            self._idle.clear()
            self._watchman = None
            for worker in self._workers:  # also one that an interrupt has kept from being woken for work
                if worker.baton.locked():
                    worker.baton.release()

    def join(self, until: float | None) -> tuple[str, ...]:
        """Wait for the workers to leave, at most `until` that time of the clock; return the names of those still there."""
        with self._lock:
            workers = list(self._workers)
        left_behind = []
        for worker in workers:
            left = None if until is None else max(0.0, until - self.settings.clock.now())
            if not join_thread(worker.thread, left, busy=worker.serves is not None):
                left_behind.append(worker)
        with self._lock:  # a worker refers to its crew: those that have left must not keep it alive
            self._workers = [worker for worker in self._workers if worker.alive]
            self._given_up = self._given_up or (self._closed and bool(left_behind))
        return tuple(worker.name for worker in left_behind)

    def give_up(self) -> None:
        """Take note that nobody wants to wait for the workers any more."""
        self._given_up = True

    def end_at_exit(self) -> tuple[str, ...]:
        """Close, and wait for the workers for as long as they get work done; return the names of those that hang."""
        if self._given_up:  # they have had their time, such as after Ctrl-C
            return self.join(self.settings.clock.now())
        self.end_runs(PoolClosed("the interpreter exits"), of_others=True)
        self.close()
        before = -1
        left: tuple[str, ...] = ()
        while before != self._taken:
            before = self._taken
            left = self.join(self.settings.clock.now() + self.settings.grace)
            if not left:
                break
        self._forget_runs()
        return left

    def forget(self) -> None:
        """Take note that this is a forked child, in which there are none of the threads."""
        self._lock = threading.RLock()  # another thread may have held it at the fork
        self._closed = True
        self._workers, self._idle = [], []
        self._queue.clear()
        self._forget_runs()
        forget_worker_here()

    def _forget_runs(self) -> None:
        with self._lock:
            runs, self._runs = self._runs, set()
        for run in runs:
            run.forget()
