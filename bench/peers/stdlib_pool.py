"""`multiprocessing.pool.ThreadPool`: no future per item, so the cheapest of the standard library, and unbounded."""

from collections.abc import Callable, Iterable, Iterator
from multiprocessing.pool import ThreadPool
from typing import Any

from .peer import Peer, Task


def imap(chunk: int) -> Callable[[Task, Iterable[Any], int], Iterator[Any]]:
    """`imap` with this many items a chunk."""

    def run(task: Task, items: Iterable[Any], workers: int) -> Iterator[Any]:
        with ThreadPool(workers) as pool:
            yield from pool.imap(task, items, chunksize=chunk)

    return run


def imap_unordered(chunk: int) -> Callable[[Task, Iterable[Any], int], Iterator[Any]]:
    """`imap_unordered` with this many items a chunk."""

    def run(task: Task, items: Iterable[Any], workers: int) -> Iterator[Any]:
        with ThreadPool(workers) as pool:
            yield from pool.imap_unordered(task, items, chunksize=chunk)

    return run


def peers() -> list[Peer]:
    """Both orders, untouched and with chunks of 64."""
    return [
        Peer("ThreadPool.imap", imap(1), cost=6),
        Peer("ThreadPool.imap_unordered", imap_unordered(1), cost=6, ordered=False),
        Peer("ThreadPool.imap chunk 64", imap(64), cost=0.7),
        Peer("ThreadPool.imap_unordered chunk 64", imap_unordered(64), cost=0.7, ordered=False, quick=True),
    ]
