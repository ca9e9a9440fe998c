"""threadwork as a user calls it: default options, only the number of workers given."""

from collections.abc import Iterable, Iterator
from typing import Any

import threadwork

from .peer import Peer, Task


def ordered(task: Task, items: Iterable[Any], workers: int) -> Iterator[Any]:
    """The default: results in input order."""
    return threadwork.map(task, items, workers=workers)


def unordered(task: Task, items: Iterable[Any], workers: int) -> Iterator[Any]:
    """Results as they complete."""
    return threadwork.map(task, items, workers=workers, ordered=False)


def one_by_one(task: Task, items: Iterable[Any], workers: int) -> Iterator[Any]:
    """Each item handed over alone."""
    return threadwork.map(task, items, workers=workers, batch=1)


def peers() -> list[Peer]:
    """The three ways worth comparing."""
    return [
        Peer("threadwork", ordered, cost=0.5, bounded=True, quick=True),
        Peer("threadwork unordered", unordered, cost=0.5, ordered=False, bounded=True, quick=True),
        Peer("threadwork batch=1", one_by_one, cost=8, bounded=True, quick=True),
    ]
