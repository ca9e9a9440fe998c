"""pebble's thread pool."""

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any

from .peer import Peer, Task


def peers() -> list[Peer]:
    """Untouched, and with chunks of 64."""
    pebble = import_module("pebble")

    def mapped(chunk: int) -> Callable[[Task, Iterable[Any], int], Iterator[Any]]:
        def run(task: Task, items: Iterable[Any], workers: int) -> Iterator[Any]:
            with pebble.ThreadPool(max_workers=workers) as pool:
                yield from pool.map(task, items, chunksize=chunk).result()

        return run

    return [Peer("pebble", mapped(1), cost=45), Peer("pebble chunk 64", mapped(64), cost=4)]
