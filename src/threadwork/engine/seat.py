"""Who works for whom: the owner of work, and how a waiting worker finds what it may do meanwhile."""

import contextvars
from typing import Any, Protocol


class Owner(Protocol):
    """Somebody who gives work to a crew: a run, a task group, an executor."""

    @property
    def within(self) -> "Owner | None":
        """Who gave the task in which this one was begun."""

    def nudge(self) -> None:
        """Wake whoever waits for this owner's work, if that is a worker: there is something for it to do."""


class Seat(Protocol):
    """The place where a task runs at the moment; knows who gave the task, and what it is."""

    @property
    def owner(self) -> Owner:
        """Who gave the task."""

    def describe(self) -> Any:
        """Return the `TaskContext` of the task that runs here now."""


_seat: contextvars.ContextVar[Seat | None] = contextvars.ContextVar("threadwork.seat", default=None)


def current_seat() -> Seat | None:
    """Return the seat of the running task, or ``None`` outside of one."""
    return _seat.get()


def set_seat(seat: Seat | None) -> None:
    """Make `seat` that of the context this is called in."""
    _seat.set(seat)


def serves(owner: Owner | None, other: Owner) -> bool:
    """Tell whether work of `owner` is work for `other`: it is `other`, or was begun in a task of such a one."""
    while owner is not None:
        if owner is other:
            return True
        owner = owner.within
    return False


def nudge(owner: Owner | None) -> None:
    """Wake every worker that waits for work that `owner` serves: some is queued. No lock is held."""
    while owner is not None:
        owner.nudge()
        owner = owner.within
