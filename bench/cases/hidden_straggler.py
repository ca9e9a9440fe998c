"""Tiny tasks and, hidden among them, one that takes a second: is anything else delayed by it?"""

import random
import time
from array import array
from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise

from harness.case import Case, Findings, at_most, rows_of
from harness.effort import Effort
from harness.rounds import Contender, WrongResultError, interleave
from peers import Peer, load

WORKERS, ITEMS, SLOW_SECONDS = 8, 100_000, 1.0
PEERS = (
    "threadwork",
    "threadwork unordered",
    "ThreadPool.imap_unordered",
    "ThreadPool.imap_unordered chunk 64",
    "ThreadPoolExecutor as_completed",
    "joblib batch 64",
)


class Watched:
    """A run of tiny tasks that note when they begin and end; `slow` is the one that sleeps, or -1 for none."""

    def __init__(self, peer: Peer, size: int, slow: int) -> None:
        self.begun, self.ended, self.delivered = (array("d", bytes(8 * size)) for _ in range(3))
        self.slow, self.size = slow, size
        start = time.perf_counter()
        seen = 0
        for item in peer.run(self._task, range(size), WORKERS):
            self.delivered[item] = time.perf_counter()
            seen += 1
        if seen != size or min(self.delivered) < start:
            message = f"{seen} results of {size}"
            raise WrongResultError(message)

    def _task(self, item: int) -> int:
        self.begun[item] = time.perf_counter()
        if item == self.slow:
            time.sleep(SLOW_SECONDS)
        self.ended[item] = time.perf_counter()
        return item

    def held_up(self, moments: "array[float]") -> float:
        """The longest that any other item was held up, in ms: overtaken by a later one, or by nothing happening at all."""
        others = [moment for item, moment in enumerate(moments) if item != self.slow]
        overtaken, earliest = 0.0, others[-1]
        for moment in reversed(others):
            earliest = min(earliest, moment)
            overtaken = max(overtaken, moment - earliest)
        others.sort()
        silence = max(after - before for before, after in pairwise(others))
        return max(overtaken, silence) * 1e3


def delays(peer: Peer, size: int, random_place: Callable[[], int]) -> Mapping[str, float]:
    """The same run without the slow task and with it: what the second holds up beyond the first, and the first for its noise."""
    without, with_it = Watched(peer, size, -1), Watched(peer, size, random_place())
    return {
        "begin +ms": with_it.held_up(with_it.begun) - without.held_up(without.begun),
        "end +ms": with_it.held_up(with_it.ended) - without.held_up(without.ended),
        "delivery +ms": with_it.held_up(with_it.delivered) - without.held_up(without.delivered),
        "without it, ms": without.held_up(without.delivered),
    }


def run(effort: Effort) -> Findings:
    """Several rounds, each with the slow task at another place."""
    present, _ = load()
    sides = []
    for name in PEERS:
        if (peer := present.get(name)) and (effort.all_peers or peer.quick):
            size = effort.items(ITEMS, max(peer.cost, 2.0))
            place = partial(random.Random(7).randrange, 1, size - 1)
            sides.append(Contender(name, partial(delays, peer, size, place), f"{size:,} items"))
    measured = interleave(sides, effort, rounds=max(effort.rounds, 5) if effort.rounds > 1 else 1)
    figures = measured["threadwork unordered"].figures
    promises = [
        at_most(f"unordered: no other item's {column.split()[0]} held up by more than 20 ms", 20, figures.get(column), " ms")
        for column in ("begin +ms", "end +ms", "delivery +ms")
    ]
    return Findings(("begin +ms", "end +ms", "delivery +ms", "without it, ms"), rows_of(measured), promises)


CASE = Case(
    "hidden_straggler",
    f"One {SLOW_SECONDS:g}-s task at a random place among tiny ones, {WORKERS} workers. What it adds to the longest hold-up of "
    "any other item (overtaken by a later item, or nothing happening at all), seen inside the tasks and by the consumer. "
    "An ordered consumer waits for the slow task by design, and work stops once its buffer is full; the promise is about "
    "`ordered=False`. Keeps batching invisible.",
    run,
)
