"""2,000 waits of 10 ms on 64 workers: how close to the ideal schedule."""

import time
from collections.abc import Callable, Mapping
from math import ceil

from harness.case import Case, Findings, at_most, rows_of
from harness.effort import Effort
from harness.rounds import Contender, WrongResultError, interleave
from peers import Peer, load

WORKERS, ITEMS, SECONDS = 64, 2_000, 0.010
SCATTERED = ("hypertile",)  # its pool has as many threads as cores: 12x the ideal, which says nothing new each round


def wait(item: int) -> int:
    """A task that only waits."""
    time.sleep(SECONDS)
    return item


def waiting(peer: Peer, task: Callable[[int], int], size: int) -> Contender:
    """One peer doing all the waits; the results are checked after the clock has stopped."""

    def measure() -> Mapping[str, float]:
        began = time.perf_counter()
        results = list(peer.run(task, range(size), WORKERS))
        seconds = time.perf_counter() - began
        if (results if peer.ordered else sorted(results)) != list(range(size)):
            raise WrongResultError
        return {"seconds": seconds}

    return Contender(peer.name, measure)


def run(effort: Effort) -> Findings:
    """Everybody, and how many times the ideal each took."""
    size = max(640, int(ITEMS * effort.scale))
    ideal = ceil(size / WORKERS) * SECONDS
    present, _ = load()
    chosen = [peer for peer in present.values() if (effort.all_peers or peer.quick) and peer.name not in SCATTERED]
    measured = interleave([waiting(peer, wait, size) for peer in chosen], effort)
    for one in measured.values():
        if one.figures:
            one.figures["x ideal"] = one.figures["seconds"].scaled(1 / ideal)
    ours = measured["threadwork"].figures.get("x ideal")
    promise = at_most(f"at most 1.05x the ideal of {ideal:.2f} s", 1.05, ours, "x")
    return Findings(("seconds", "x ideal"), rows_of(measured), [promise])


CASE = Case(
    "io_flat",
    f"{ITEMS:,} x sleep({SECONDS}) on {WORKERS} workers; the ideal is {ceil(ITEMS / WORKERS)} waits in a row. "
    "Keeps every worker busy while tasks wait.",
    run,
)
