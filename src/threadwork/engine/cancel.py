"""`CancelScope`: what it takes to ask a group of tasks to stop."""

import logging
import threading
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from ..errors import Cancelled
from .clock import Clock, Lock

_log = logging.getLogger("threadwork")


class Stoppable(Protocol):
    """Somebody who is told when the scope is cancelled, for as long as he lives."""

    def stop(self) -> None:
        """React to the cancelling. Called on the thread that cancels, with no lock held."""


class CancelScope:
    """Asks everything inside to stop, and tells anybody who waits. Safe to use from several threads.

    Cancelling happens once and cannot be taken back. A scope inside another is cancelled with it.
    """

    def __init__(
        self,
        clock: Clock,
        parent: "CancelScope | None" = None,
        timeout: float | None = None,
        overdue: str = "the deadline is over",
    ) -> None:
        self.cancelled = False
        self.reason = ""
        self.clock = clock
        self.parent = parent
        outer = parent.deadline if parent else None
        self.deadline: float | None = _earliest(outer, None if timeout is None else clock.now() + timeout)
        self.overdue: str = parent.overdue if parent and self.deadline == outer else overdue
        """What there is to say when the deadline is over."""
        self._lock = threading.Lock()  # Guards: cancelled turning true, _sleepers, _listeners, _prune_at
        self._sleepers: set[Lock] = set()
        self._listeners: list[weakref.ref[Stoppable]] = []
        self._prune_at = 8
        if parent:
            parent.tell(self)

    def tell(self, listener: Stoppable) -> None:
        """Call ``listener.stop()`` when the scope is cancelled (now, if it is already). The scope keeps no reference."""
        with self._lock:
            if not self.cancelled:
                if len(self._listeners) >= self._prune_at:
                    self._listeners = [ref for ref in self._listeners if ref() is not None]
                    self._prune_at = 2 * len(self._listeners) + 8
                self._listeners.append(weakref.ref(listener))
                return
        listener.stop()

    def cancel(self, reason: str = "") -> None:
        """Ask everything inside to stop. Does not wait. A second call does nothing."""
        with self._lock:
            if self.cancelled:
                return
            self.reason = reason
            self.cancelled = True
            sleepers, self._sleepers = self._sleepers, set()
            listeners, self._listeners = self._listeners, []
        for baton in sleepers:
            baton.release()
        for ref in listeners:
            if (listener := ref()) is not None:
                listener.stop()

    def stop(self) -> None:
        """Be cancelled with the parent."""
        self.cancel(self.parent.reason if self.parent else "")

    def sleep(self, seconds: float) -> None:
        """Wait `seconds`, or until the scope is cancelled, whichever comes first."""
        baton = threading.Lock()
        baton.acquire()
        with self._lock:
            if self.cancelled:
                return
            self._sleepers.add(baton)
        try:
            self.clock.acquire(baton, seconds)
        finally:
            with self._lock:
                self._sleepers.discard(baton)

    def remaining(self) -> float | None:
        """Return the seconds left until the deadline (never below 0), or ``None`` where there is none."""
        return None if self.deadline is None else max(0.0, self.deadline - self.clock.now())


def _earliest(one: float | None, other: float | None) -> float | None:
    return min((time for time in (one, other) if time is not None), default=None)


class CancelCallbacks:
    """What one task wants to have called when it is asked to stop. Dies with the task."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # Guards: _entries, _stopped
        self._entries: list[CancelCallback] = []
        self._stopped = False

    def add(self, callback: Callable[[], object]) -> "CancelCallback":
        """Register `callback`; call it at once where the task was asked to stop already."""
        entry = CancelCallback(self, callback)
        with self._lock:
            stopped = self._stopped
            if not stopped:
                self._entries.append(entry)
        if stopped:
            entry.call()
        return entry

    def discard(self, entry: "CancelCallback") -> None:
        """Do not call `entry` any more."""
        with self._lock:
            if entry in self._entries:
                self._entries.remove(entry)

    def stop(self) -> None:
        """Call every callback once, newest first."""
        with self._lock:
            self._stopped = True
            entries, self._entries = self._entries, []
        for entry in reversed(entries):
            entry.call()


class CancelCallback:
    """A registered callback; leaving it as a context manager takes the registration back."""

    def __init__(self, owner: CancelCallbacks, callback: Callable[[], object]) -> None:
        self._owner = weakref.ref(owner)  # no cycle: the callbacks must die with the task
        self._callback = callback

    def call(self) -> None:
        """Call the callback; an exception in it is logged."""
        try:
            self._callback()
        except (Exception, Cancelled):  # noqa: BLE001 - logged: there is nobody to raise it to
            _log.exception("an on_cancel callback failed: %r", self._callback)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if (owner := self._owner()) is not None:
            owner.discard(self)
