"""Keeps the events of runs, for tests to look at."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from ..engine import Event

E = TypeVar("E", bound=Event)


class Recorder:
    """A listener that keeps every event: ``threadwork.map(f, items, listeners=[recorder])``. Safe to use from several threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()  # Guards: _events
        self._events: list[Event] = []

    def __call__(self, event: Event, /) -> None:
        """Keep `event`, and wake whoever waits for it."""
        with self._changed:
            self._events.append(event)
            self._changed.notify_all()

    @property
    def events(self) -> list[Event]:
        """All events so far, in the order in which they came here."""
        with self._changed:
            return list(self._events)

    def of(self, kind: type[E]) -> list[E]:
        """Return the events so far that are of `kind`, in the order in which they came here."""
        return [event for event in self.events if isinstance(event, kind)]

    def wait_for(self, kind: type[E], where: Callable[[E], object] = lambda _: True, *, timeout: float = 5.0) -> E:
        """Wait until there is an event of `kind` for which `where` holds, and return the first one; it may have come before.

        Blocks for at most `timeout` (real) seconds; then raises ``AssertionError`` with what has come. `where` is called on
        the calling thread, with no lock held, once for each event.
        """
        seen = 0
        deadline = time.monotonic() + timeout
        while True:
            fresh = self._wait_for_more_than(seen, deadline - time.monotonic())
            if not fresh:
                kinds = ", ".join(type(event).__name__ for event in self.events) or "nothing"
                raise AssertionError(f"no such {kind.__name__} came within {timeout} s; what came: {kinds}")
            seen += len(fresh)
            for event in fresh:
                if isinstance(event, kind) and where(event):
                    return event

    def _wait_for_more_than(self, seen: int, timeout: float) -> list[Event]:
        """Return the events after the first `seen`; none where none comes within `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._events) > seen, timeout)
            return self._events[seen:]
