"""hypertile: a work-stealing pool in Rust. A list in, a list out, and one process-wide pool of its own size."""

import asyncio
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

from .peer import Peer, Task


def peers() -> list[Peer]:
    """Its one way to call a function for many inputs; the number of workers asked for is not heeded."""
    hypertile = import_module("hypertile")

    def run(task: Task, items: Iterable[Any], workers: int) -> Iterator[Any]:  # noqa: ARG001 - its pool sizes itself
        async def gather() -> list[Any]:
            results: list[Any] = await hypertile.gather_to_thread(task, items)
            return results

        yield from asyncio.run(gather())

    return [Peer("hypertile", run, cost=1)]
