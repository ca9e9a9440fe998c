"""`concurrent.futures.ThreadPoolExecutor`, the way most programs do it today."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

from .peer import Peer, Task


def mapped(task: Task, items: Iterable[Any], workers: int) -> Iterator[Any]:
    """`Executor.map`: a future for every item, all of them submitted before the first result."""
    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(task, items)


def completed(task: Task, items: Iterable[Any], workers: int) -> Iterator[Any]:
    """`submit` for every item, then `as_completed`."""
    with ThreadPoolExecutor(workers) as pool:
        for future in as_completed([pool.submit(task, item) for item in items]):
            yield future.result()


def peers() -> list[Peer]:
    """Ordered, and as completed."""
    return [
        Peer("ThreadPoolExecutor.map", mapped, cost=20, quick=True),
        Peer("ThreadPoolExecutor as_completed", completed, cost=22, ordered=False),
    ]
