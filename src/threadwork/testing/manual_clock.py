"""A clock that a test moves, or that moves by itself when everybody waits."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from ..engine import Clock, EngineThread, Lock, default_clock
from .stacks import describe_threads

C = TypeVar("C", bound=Clock)

_log = logging.getLogger("threadwork")

_PAUSE = 0.001  # real seconds between two looks for locks that were released by threads which do not wait here (a guess)
_STANDSTILL = 5.0  # real seconds after which it is worth a word that time does not move; nothing that works comes near it
_VAIN_POLLS = 2  # the first look may come at the very moment before something is due, the second one comes after it


@contextmanager
def using(clock: C) -> Iterator[C]:
    """Make `clock` the clock of all runs, pools, groups and executors that are made inside the ``with``.

    It holds for this context alone (and for tasks, which see a copy of it): not for threads that you start yourself.
    """
    token = default_clock.set(clock)
    try:
        yield clock
    finally:
        default_clock.reset(token)


@dataclass(slots=True, eq=False)
class _Wait:
    """A thread that waits for `lock`."""

    thread: threading.Thread
    lock: Lock
    deadline: float | None
    vain_since: int | None
    """Where it only looks again for what was not there before: how much had happened by then, and has to change."""
    turn: threading.Condition
    got: bool | None = None

    def end(self, now: float) -> bool:
        """End it where the lock is free or the time is over; tell whether it has ended."""
        if self.lock.acquire(blocking=False):
            self.got = True
        elif self.deadline is not None and now >= self.deadline:
            self.got = False
        return self.got is not None


@dataclass(slots=True)
class _Member:
    """What is known of a thread that uses the clock: its last wait, for telling a poll from a wait of its own."""

    lock: Lock | None = None
    timeout: float | None = None
    timed_out: bool = False
    seen: int = -1
    vain: int = 0

    def begin(self, lock: Lock, timeout: float | None, happened: int) -> int | None:
        """Take note of a new wait; return `happened` where it is one in a row of equal ones in which nothing has happened."""
        again = self.repeats(lock, timeout) and self.seen == happened
        self.vain = self.vain + 1 if again else 0
        self.lock, self.timeout, self.seen = lock, timeout, happened
        return happened if self.vain >= _VAIN_POLLS else None

    def repeats(self, lock: Lock, timeout: float | None) -> bool:
        """Tell whether a wait is the last one over again."""
        return self.timed_out and self.lock is lock and self.timeout == timeout


class ManualClock:
    """A clock for tests: time stands still while anybody works, and jumps to the next deadline when everybody waits.

    Give it to runs with `using`; then ``current().sleep``, ``timeout``, ``grace`` and all else that waits in the engine takes
    no real time. *Everybody* is each thread of the engine that was started since the clock was made, and each other
    thread from its first use of the clock to its end (the consumer of a run is one). A thread that waits for something
    else (an event, a socket, a `join`) counts as working: time stands still until it is back. See `leave`.

    With ``jumps=False`` only `advance` moves it. Safe to use from several threads. A release of a lock by a thread that
    does not use the clock is seen within about a (real) millisecond.
    """

    def __init__(self, start: float = 0.0, *, jumps: bool = True) -> None:
        self._jumps = jumps
        self._strangers = frozenset(threading.enumerate())
        # Guards: all below. Re-entrant, because the garbage collector may end a run, which asks for the time, while it is held.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)  # somebody has begun to wait
        self._now = start
        self._waits: list[_Wait] = []
        self._leader: _Wait | None = None  # the waiting thread that looks, for all of them, what has become of their locks
        self._members: dict[threading.Thread, _Member] = {}
        self._happened = 0  # counts what may have changed the state that polls look at
        self._moved_at = time.monotonic()

    def now(self) -> float:
        """Return the seconds on this clock. From now on the calling thread is one of those that time waits for."""
        with self._lock:
            self._member()
            return self._now

    def advance(self, seconds: float) -> None:
        """Move the time on at once, and end the waits whose deadline has come by then. Does not wait for their threads.

        Raises ``ValueError`` for less than 0 seconds.
        """
        if seconds < 0:
            raise ValueError(f"time does not go backwards: seconds must be 0 or more, not {seconds!r}")
        with self._lock:
            self._happened += 1
            self._move_to(self._now + seconds)

    def leave(self) -> None:
        """Let time pass without the calling thread, until it uses the clock again.

        For a thread that has used the clock (the consumer of a run, say) and is now going to wait for something else.
        """
        with self._lock:
            self._members.pop(threading.current_thread(), None)

    def acquire(self, lock: Lock, timeout: float | None) -> bool:
        """Take `lock`, waiting for at most `timeout` seconds of this clock; tell whether it was taken."""
        with self._lock:
            member = self._member()
            if lock.acquire(blocking=False):
                self._happened += 1
                member.timed_out = False
                return True
            wait = self._begin(member, lock, timeout)
            try:
                self._wait(wait)
            except BaseException:
                if wait.got:  # it was taken for a thread that an interrupt has hit just now
                    lock.release()
                raise
            finally:
                self._end(wait)
            member.timed_out = not wait.got
            return bool(wait.got)

    def wait_for_waiters(self, count: int = 1, timeout: float = 5.0) -> None:
        """Wait until at least `count` threads wait on this clock; fail, with all stacks, after `timeout` real seconds."""
        with self._lock:
            if self._changed.wait_for(lambda: len(self._waits) >= count, timeout):
                return
            waiting = len(self._waits)
        raise AssertionError(
            f"{waiting} of {count} threads wait on the clock after {timeout} s\n{describe_threads(threading.enumerate())}"
        )

    def _member(self) -> _Member:
        return self._members.setdefault(threading.current_thread(), _Member())

    def _begin(self, member: _Member, lock: Lock, timeout: float | None) -> _Wait:
        if not member.repeats(lock, timeout):
            self._happened += 1
        vain_since = member.begin(lock, timeout, self._happened)
        deadline = None if timeout is None else self._now + timeout
        wait = _Wait(threading.current_thread(), lock, deadline, vain_since, threading.Condition(self._lock))
        self._waits.append(wait)
        self._changed.notify_all()
        self._settle()
        return wait

    def _wait(self, wait: _Wait) -> None:
        while wait.got is None:
            if self._leader is None:
                self._leader = wait
            leads = self._leader is wait
            wait.turn.wait(_PAUSE if leads else None)
            if leads:
                self._settle()

    def _end(self, wait: _Wait) -> None:
        if wait in self._waits:  # an interrupt has ended it
            self._waits.remove(wait)
        if self._leader is wait:
            self._leader = None
        if self._leader is None and self._waits:
            self._waits[0].turn.notify()

    def _move_to(self, now: float) -> None:
        self._now = max(self._now, now)
        self._moved_at = time.monotonic()
        self._end_waits()

    def _end_waits(self) -> bool:
        """End the waits that can end; tell whether there were any. Their threads count as working from here on."""
        ended = [wait for wait in self._waits if wait.end(self._now)]
        for wait in ended:
            self._waits.remove(wait)
            self._happened += wait.got is True
            wait.turn.notify()
        return bool(ended)

    def _settle(self) -> None:
        """End the waits that can end; where there is none and nobody works, jump to where there is one."""
        if self._end_waits() or not self._jumps:
            return
        waits = [wait for wait in self._waits if wait.vain_since != self._happened]
        deadlines = [wait.deadline for wait in waits if wait.deadline is not None]
        if not deadlines:
            return
        if working := self._working():
            self._complain(working)
        else:
            self._move_to(min(deadlines))

    def _working(self) -> set[threading.Thread]:
        """Return the threads that time waits for."""
        alive = set(threading.enumerate())
        for thread in self._members.keys() - alive:
            del self._members[thread]
        new = {thread for thread in alive - self._strangers if isinstance(thread, EngineThread)}
        return (new | self._members.keys()) - {wait.thread for wait in self._waits}

    def _complain(self, working: set[threading.Thread]) -> None:
        """Log who holds the time, where it has stood still for long."""
        if time.monotonic() - self._moved_at > _STANDSTILL:
            self._moved_at = time.monotonic()
            waiting = ", ".join(sorted(wait.thread.name for wait in self._waits))
            _log.warning(
                "the manual clock stands still at %s s: %s wait on it, these threads do not\n%s",
                self._now,
                waiting,
                describe_threads(working),
            )
