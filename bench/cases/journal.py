"""What it costs that every outcome is on the disk before anybody sees it."""

import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import threadwork
from harness.case import Case, Findings, at_least, at_most, rows_of
from harness.effort import Effort
from harness.rounds import Contender, WrongResultError, interleave

TINY_WORKERS, TINY_ITEMS = 8, 100_000
SLOW_WORKERS, SLOW_ITEMS, SECONDS = 32, 6_400, 0.005
RATE = "outcomes/s"
DURABLE, READ, KNOWN = "tiny tasks, for_each", "tiny tasks, each result read", "all known from an earlier run"
PLAIN, KEPT = "5-ms tasks, no journal", "5-ms tasks, a journal"
LEAST, MARGIN = 20_000, 1.10


def tiny(item: int) -> list[int]:
    """The task: next to nothing, and a value to keep."""
    return [item, item]


def slow(item: int) -> list[int]:
    """The task: waits for something."""
    time.sleep(SECONDS)
    return [item, item]


def for_each(size: int, **options: Any) -> None:
    """Everything, without a result."""
    if (summary := threadwork.for_each(tiny, range(size), workers=TINY_WORKERS, **options)).done != size:
        raise WrongResultError(str(summary))


def read(task: Callable[[int], list[int]], workers: int, size: int, **options: Any) -> None:
    """Everything, and each result looked at."""
    due = 0
    for value in threadwork.map(task, range(size), workers=workers, **options):
        if value != [due, due]:
            raise WrongResultError
        due += 1
    if due != size:
        raise WrongResultError


def measured(work: Callable[..., None], size: int, *, journal: bool = True, known: bool = False) -> Mapping[str, float]:
    """Time `work` with a journal of its own; with `known`, for the second time."""
    with tempfile.TemporaryDirectory(prefix="threadwork-bench-") as folder:
        options = {"journal": str(Path(folder) / "run.db")} if journal else {}
        if known:
            work(size, **options)
        began = time.perf_counter()
        work(size, **options)
        return {RATE: size / (time.perf_counter() - began)}


def run(effort: Effort) -> Findings:
    """Tiny tasks against the clock, tasks of 5 ms against themselves."""
    tiny_items, slow_items = effort.items(TINY_ITEMS, 15), effort.items(SLOW_ITEMS, SECONDS * 1e6 / SLOW_WORKERS)
    contenders = [
        Contender(DURABLE, partial(measured, for_each, tiny_items)),
        Contender(READ, partial(measured, partial(read, tiny, TINY_WORKERS), tiny_items)),
        Contender(KNOWN, partial(measured, partial(read, tiny, TINY_WORKERS), tiny_items, known=True)),
        Contender(PLAIN, partial(measured, partial(read, slow, SLOW_WORKERS), slow_items, journal=False)),
        Contender(KEPT, partial(measured, partial(read, slow, SLOW_WORKERS), slow_items)),
    ]
    found = interleave(contenders, effort)
    plain, kept = (found[name].figures.get(RATE) for name in (PLAIN, KEPT))
    ratio = None if plain is None or kept is None else plain.over(kept)
    promises = [
        at_least(f"{name}: at least {LEAST:,} durable a second", LEAST, found[name].figures.get(RATE), "/s", steady=True)
        for name in (DURABLE, READ)
    ]
    promises.append(at_most(f"5-ms tasks, {SLOW_WORKERS} workers: at most {MARGIN}x as long as without", MARGIN, ratio, "x"))
    return Findings((RATE,), rows_of(found), promises)


CASE = Case(
    "journal",
    f"{TINY_ITEMS:,} tiny tasks on {TINY_WORKERS} workers, and tasks of 5 ms on {SLOW_WORKERS}, with every outcome on the disk "
    "before it is seen. Keeps a run that can be resumed about as fast as one that cannot.",
    run,
)
