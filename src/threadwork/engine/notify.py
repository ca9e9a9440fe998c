"""Tells listeners what happens, and keeps their faults away from the run."""

import logging
import threading
from collections.abc import Sequence

from .events import Event
from .protocols import Listener

_log = logging.getLogger("threadwork")


class Notifier:
    """Calls every listener for every event, on the thread where the event happens.

    A listener that raises is logged once, with its traceback, and detached; the run goes on.
    """

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._lock = threading.Lock()  # Guards: replacing _listeners, an immutable tuple that readers take whole
        self._listeners = tuple(listeners)

    def __bool__(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    def tell(self, event: Event) -> None:
        """Call every listener with `event`. Never raises an `Exception` and holds no lock meanwhile."""
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:  # noqa: BLE001 - logged: a listener must not harm the run
                _log.exception("listener %r failed at %s and is told no more", listener, type(event).__name__)
                self._detach(listener)

    def _detach(self, listener: Listener) -> None:
        with self._lock:
            self._listeners = tuple(other for other in self._listeners if other is not listener)
