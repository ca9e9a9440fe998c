"""streamable: lazy and bounded, one future an item."""

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any

from .peer import Peer, Task


def peers() -> list[Peer]:
    """In input order, and as completed."""
    streamable = import_module("streamable")

    def stream(*, unordered: bool) -> Callable[[Task, Iterable[Any], int], Iterator[Any]]:
        def run(task: Task, items: Iterable[Any], workers: int) -> Iterator[Any]:
            yield from streamable.stream(items).map(task, concurrency=workers, as_completed=unordered)

        return run

    return [
        Peer("streamable", stream(unordered=False), cost=40, bounded=True),
        Peer("streamable unordered", stream(unordered=True), cost=45, ordered=False, bounded=True),
    ]
