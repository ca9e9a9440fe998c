"""`Turns`: one of several threads runs at a time, and a seeded choice says which; locks that know about it."""

import random
import threading
import time
from _thread import allocate_lock
from collections.abc import Iterator
from contextlib import contextmanager

from .stacks import describe_threads

_PASS_OVER = (
    0.1  # real seconds after which a thread without a step is taken to wait for something that is not a TurnLock (a guess)
)
_PATIENCE = 5.0  # real seconds after which, where no thread takes a step any more, they are taken to wait for ever
_PAUSE = 0.001  # real seconds between two looks whether a thread from outside has released what all wait for


class Ended(BaseException):
    """Unwinds a thread of an interleaving that has failed elsewhere."""


class Turns:
    """Hands the turn round among threads numbered from 0: whoever has it runs, all others wait for theirs.

    A thread that waits for something other than a `TurnLock` is passed over, runs on when that comes, and queues again
    at its next step.
    """

    def __init__(self, count: int, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
        # Often, or seldom: some bugs need two threads in each other's every step, others one that runs far ahead.
        self._rate = 2.0 ** -self._random.randrange(1, 8)
        self._batons = [allocate_lock() for _ in range(count)]  # each held, but for the moment in which its thread gets the turn
        for baton in self._batons:
            baton.acquire()
        self._guard = allocate_lock()  # Guards: all below. A real lock, whatever threading.Lock is meanwhile
        self._ready = set(range(count))  # who has the turn or waits for it
        self._stuck: dict[int, bool] = {}  # those of them who wait for a lock; whether for a limited time
        self._expired: int | None = None
        self._holder: int | None = None
        self._steps = 0
        self._seen = (-1, time.monotonic())
        self.failure: AssertionError | None = None
        """Why the interleaving cannot go on, if it cannot."""

    def begin(self) -> None:
        """Give the first turn, once all threads are there."""
        with self._guard:
            self._give(self._choose(self._ready))

    def wait(self, me: int) -> None:
        """Wait for the turn."""
        self._batons[me].acquire()
        if self.failure:
            raise Ended

    def step(self, me: int) -> None:
        """Let the others run now, or not."""
        if not self._queue_again(me):
            with self._guard:
                self._steps += 1
                if self._random.random() >= self._rate:
                    return
                chosen = self._choose(self._ready - self._stuck.keys())
                if chosen == me:
                    return
                self._give(chosen)
        self.wait(me)

    def wait_for_lock(self, me: int, *, limited: bool) -> bool:
        """Let the others run, because a lock is taken; return when it is worth asking again, or ``False`` when time is over.

        Time is over, for one who waits for a limited time, when nobody can go on otherwise.
        """
        if self._queue_again(me):
            self.wait(me)
            return True
        with self._guard:
            self._stuck[me] = limited
            stand_still = self._ready == self._stuck.keys() and not any(self._stuck.values())
        if stand_still:
            time.sleep(_PAUSE)  # a thread from outside may come to release a lock; `look` sees when nobody does
        with self._guard:
            chosen = self._next()
            if chosen != me:
                self._give(chosen)
        if chosen != me:
            self.wait(me)
        with self._guard:
            self._stuck.pop(me, None)
            expired, self._expired = self._expired == me, None
        return not expired

    def released(self) -> None:
        """Take note that a lock was released: whoever waits for one may ask again."""
        with self._guard:
            self._stuck.clear()
            self._steps += 1

    def leave(self, me: int) -> None:
        """Take note that the thread is at its end."""
        with self._guard:
            self._steps += 1
            self._ready.discard(me)
            self._stuck.pop(me, None)
            if self._holder == me:
                self._holder = None
                if self._ready:
                    self._give(self._choose(self._ready - self._stuck.keys() or self._ready))

    def look(self, threads: list[threading.Thread]) -> None:
        """Pass over a thread that has taken no step since the last look; fail where nobody has for long."""
        with self._guard:
            steps, since = self._seen
            if self._steps != steps:
                self._seen = (self._steps, time.monotonic())
            elif time.monotonic() - since > _PATIENCE:
                alive = [thread for thread in threads if thread.is_alive()]
                self._fail(f"the threads wait for each other, or for something from outside\n{describe_threads(alive)}")
            elif self._holder is not None and len(self._ready) > 1 and self._holder not in self._stuck:
                self._ready.discard(self._holder)
                self._give(self._choose(self._ready - self._stuck.keys() or self._ready))

    def _fail(self, message: str) -> None:
        self.failure = AssertionError(message)
        for baton in self._batons:
            if baton.locked():
                baton.release()

    def _queue_again(self, me: int) -> bool:
        """Where the thread was passed over, queue it; tell whether it has to wait for its turn."""
        if self.failure:
            raise Ended
        with self._guard:
            if self._holder == me:
                return False
            self._steps += 1
            self._ready.add(me)
            if self._holder is None:
                self._holder = me
            return self._holder != me

    def _next(self) -> int:
        """Return who runs when the one whose turn it is waits for a lock."""
        if able := self._ready - self._stuck.keys():
            return self._choose(able)
        if limited := {each for each, timed in self._stuck.items() if timed}:
            self._expired = self._choose(limited)
            return self._expired
        return self._choose(self._ready)

    def _choose(self, numbers: set[int]) -> int:
        return self._random.choice(sorted(numbers))

    def _give(self, number: int) -> None:
        self._holder = number
        if self.failure is None:  # else everybody has been let go
            self._batons[number].release()


class _Here(threading.local):
    """The turns that the calling thread takes, and its number."""

    turns: Turns | None = None
    number: int = 0


here = _Here()


@contextmanager
def _no_steps() -> Iterator[None]:
    """Take no steps meanwhile: a garbage collection in here may run code of anybody's, and would come to a step of its own."""
    turns, here.turns = here.turns, None
    try:
        yield
    finally:
        here.turns = turns


class TurnLock:
    """A lock like ``threading.Lock``; a thread that takes turns and has to wait for it lets the others run meanwhile."""

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._at_fork_reinit = self._lock._at_fork_reinit  # type: ignore[attr-defined] # noqa: SLF001 - modules of the standard library ask their locks for it
        self.locked = self._lock.locked

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT001, FBT002 - the standard library's signature
        """Take the lock."""
        turns = here.turns
        if turns is None or not blocking:
            return self._lock.acquire(blocking, timeout)
        while not self._lock.acquire(blocking=False):
            with _no_steps():
                again = turns.wait_for_lock(here.number, limited=timeout >= 0)
            if not again:
                return self._lock.acquire(blocking=False)
        return True

    def release(self) -> None:
        """Give the lock back."""
        self._lock.release()
        turns = here.turns
        if turns is not None:
            with _no_steps():
                turns.released()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


_replacing = threading.RLock()
"""Guards: what the names in the module `threading` mean."""


@contextmanager
def turn_locks() -> Iterator[None]:
    """Make each lock that is made inside the ``with`` through the module `threading` a `TurnLock`, or one that rests on it."""
    replacements = {"Lock": TurnLock, "_allocate_lock": TurnLock, "RLock": vars(threading)["_PyRLock"]}
    with _replacing:
        before = {name: vars(threading)[name] for name in replacements}
        vars(threading).update(replacements)
        try:
            yield
        finally:
            vars(threading).update(before)
