"""mpire with threads for workers; its results pass through pipes, pickled."""

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any

from .peer import Peer, Task


def peers() -> list[Peer]:
    """One item at a time, and chunks of 64."""
    mpire = import_module("mpire")

    def imap(chunk: int) -> Callable[[Task, Iterable[Any], int], Iterator[Any]]:
        def run(task: Task, items: Iterable[Any], workers: int) -> Iterator[Any]:
            with mpire.WorkerPool(n_jobs=workers, start_method="threading") as pool:
                yield from pool.imap(task, items, chunk_size=chunk)

        return run

    return [Peer("mpire", imap(1), cost=250), Peer("mpire chunk 64", imap(64), cost=25)]
