"""1% of the tasks take a hundred times as long: does input order make the others wait for them?"""

import random
import time
from heapq import heapify, heapreplace

from harness.case import Case, Findings, at_most, rows_of
from harness.effort import Effort
from harness.rounds import interleave
from peers import load

from .io_flat import SCATTERED, WORKERS, waiting

ITEMS, SHORT, LONG, ONE_IN = 2_000, 0.005, 0.5, 100
REFERENCE = "ThreadPoolExecutor.map"


def durations(size: int) -> list[float]:
    """How long each item takes: the same places are slow in every run."""
    slow = set(random.Random(2024).sample(range(size), size // ONE_IN))
    return [LONG if item in slow else SHORT for item in range(size)]


def best_schedule(times: list[float]) -> float:
    """Seconds that a pool takes which gives the next item to whoever is free first, at no cost."""
    free = [0.0] * WORKERS
    heapify(free)
    for seconds in times:
        heapreplace(free, free[0] + seconds)
    return max(free)


def run(effort: Effort) -> Findings:
    """Everybody in the same rounds, as multiples of the unbounded executor."""
    size = max(640, int(ITEMS * effort.scale))
    times = durations(size)

    def task(item: int) -> int:
        time.sleep(times[item])
        return item

    present, _ = load()
    chosen = [peer for peer in present.values() if (effort.all_peers or peer.quick) and peer.name not in SCATTERED]
    measured = interleave([waiting(peer, task, size) for peer in chosen], effort)
    for one in measured.values():
        if one.figures:
            one.figures["x executor"] = one.figures["seconds"].over(measured[REFERENCE].figures["seconds"])
            one.figures["x ideal"] = one.figures["seconds"].scaled(1 / best_schedule(times))
    promise = at_most(f"ordered: at most 1.05x {REFERENCE}", 1.05, measured["threadwork"].figures.get("x executor"), "x")
    return Findings(("seconds", "x executor", "x ideal"), rows_of(measured), [promise])


CASE = Case(
    "heavy_tail",
    f"99% of {ITEMS:,} tasks take {SHORT * 1e3:g} ms, 1% {LONG * 1e3:g} ms, on {WORKERS} workers, results in input order. "
    "Keeps a straggler from stalling the rest, with bounded buffers.",
    run,
)
