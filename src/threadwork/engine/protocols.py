"""What the engine asks of those who plug into it."""

from typing import Protocol

from .events import Event


class Listener(Protocol):
    """Anything that can be called with an event.

    It is called on the thread where the event happens, so from several threads at once: it guards its own state. It
    should return quickly. An exception in it is logged and the listener is detached; the run is not harmed.
    """

    def __call__(self, event: Event, /) -> None:
        """Take note of `event`."""
