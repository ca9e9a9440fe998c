"""joblib with its threading backend, as a generator."""

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any

from .peer import Peer, Task


def peers() -> list[Peer]:
    """Batches as joblib chooses them (one item, on threads), and of 64."""
    joblib = import_module("joblib")

    def batched(batch: int | str, output: str) -> Callable[[Task, Iterable[Any], int], Iterator[Any]]:
        def run(task: Task, items: Iterable[Any], workers: int) -> Iterator[Any]:
            call = joblib.delayed(task)
            parallel = joblib.Parallel(n_jobs=workers, backend="threading", batch_size=batch, return_as=output)
            yield from parallel(call(item) for item in items)

        return run

    return [
        Peer("joblib", batched("auto", "generator"), cost=55, bounded=True),
        Peer("joblib unordered", batched("auto", "generator_unordered"), cost=55, ordered=False),
        Peer("joblib batch 64", batched(64, "generator"), cost=2.5),
    ]
