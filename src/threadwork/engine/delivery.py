"""In what order finished batches are delivered: in that of the input, as they are completed, or not at all.

Plain data structures: the `Flow` they belong to guards them with its lock.
"""

from collections import deque
from collections.abc import Iterable
from typing import Protocol

from .batch import Batch


class Delivery(Protocol):
    """The batches that the consumer has not got yet."""

    def admit(self, batch: Batch) -> None:
        """Take note of a new batch, the last one of the input so far."""

    def place_after(self, batch: Batch, rest: Batch) -> None:
        """Take note that `rest` was cut from the end of `batch`."""

    def settle(self, batch: Batch) -> None:
        """Take note that `batch` is finished."""

    def ready(self) -> bool:
        """Tell whether a finished batch may be delivered."""

    def next(self, running: Iterable[Batch], late: float) -> Batch | None:
        """Return what may be delivered: a finished batch, or one that was begun before `late` and has results."""

    def remove_next(self) -> None:
        """Forget the finished batch that `next` returned."""


class InOrder:
    """In the order of the input."""

    def __init__(self) -> None:
        self._batches: deque[Batch] = deque()

    def admit(self, batch: Batch) -> None:
        self._batches.append(batch)

    def place_after(self, batch: Batch, rest: Batch) -> None:
        self._batches.insert(self._batches.index(batch) + 1, rest)

    def settle(self, batch: Batch) -> None:
        """Do nothing: the batch has its place already."""

    def ready(self) -> bool:
        return bool(self._batches) and self._batches[0].finished

    def next(self, running: Iterable[Batch], late: float) -> Batch | None:  # noqa: ARG002 - only the first may be delivered
        first = self._batches[0] if self._batches else None
        return first if first and (first.finished or (first.done and first.begun_at < late)) else None

    def remove_next(self) -> None:
        self._batches.popleft()


class AsCompleted:
    """In the order in which they are finished."""

    def __init__(self) -> None:
        self._finished: deque[Batch] = deque()

    def admit(self, batch: Batch) -> None:
        """Do nothing: the batch comes when it is finished."""

    def place_after(self, batch: Batch, rest: Batch) -> None:
        """Do nothing: the batch comes when it is finished."""

    def settle(self, batch: Batch) -> None:
        self._finished.append(batch)

    def ready(self) -> bool:
        return bool(self._finished)

    def next(self, running: Iterable[Batch], late: float) -> Batch | None:
        if self._finished:
            return self._finished[0]
        return next((batch for batch in running if batch.done and batch.begun_at < late), None)

    def remove_next(self) -> None:
        self._finished.popleft()


class NoDelivery:
    """Nobody wants the results."""

    def admit(self, batch: Batch) -> None:
        """Do nothing."""

    def place_after(self, batch: Batch, rest: Batch) -> None:
        """Do nothing."""

    def settle(self, batch: Batch) -> None:
        """Do nothing."""

    def ready(self) -> bool:
        return False

    def next(self, running: Iterable[Batch], late: float) -> Batch | None:  # noqa: ARG002 - there is none
        return None

    def remove_next(self) -> None:
        """Do nothing."""
