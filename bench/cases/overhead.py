"""What a hand-over costs: a no-op over many ints, 8 workers, every result checked as it comes."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import threadwork
from harness.case import Case, Findings, Row, Target, at_most, rows_of
from harness.effort import Effort
from harness.figures import Spread
from harness.machine import gil_enabled
from harness.rounds import Contender, Measured, WrongResultError, interleave
from peers import Peer, load

WORKERS = 8
ITEMS = 1_000_000
WALL, CPU = "us/item", "cpu us/item"
CPU_RATIO = "cpu x loop in a generator"
FOR_LOOP, LOOP = "for loop", "for loop in a generator"


def same(item: int) -> int:
    """The task: as little as a Python function can do."""
    return item


def loop(items: Iterable[int]) -> Iterator[int]:
    """The plain loop, read the way every contender is read: one result at a time, from an iterator."""
    for item in items:
        yield same(item)


def read_in_order(values: Iterable[int], size: int) -> None:
    """Consume results one by one and see that each is the one that is due."""
    due = 0
    for value in values:
        if value != due:
            message = f"expected {due}, got {value}"
            raise WrongResultError(message)
        due += 1
    if due != size:
        message = f"{due} results of {size}"
        raise WrongResultError(message)


def read_any_order(values: Iterable[int], size: int) -> None:
    """Consume results one by one and see that together they are all of them."""
    count = total = 0
    for value in values:
        total += value
        count += 1
    if (count, total) != (size, size * (size - 1) // 2):
        message = f"{count} results of {size}, sum {total}"
        raise WrongResultError(message)


def timed(name: str, size: int, work: Callable[[int], object]) -> Contender:
    """A contender that does `work(size)` and reports wall and processor time an item."""

    def measure() -> Mapping[str, float]:
        cpu, began = time.process_time(), time.perf_counter()
        work(size)
        wall = time.perf_counter() - began
        return {WALL: wall / size * 1e6, CPU: (time.process_time() - cpu) / size * 1e6}

    return Contender(name, measure, f"{size:,} items")


def run_for_loop(size: int) -> None:
    """The plain loop with nothing around it but the same check."""
    for item in range(size):
        if same(item) != item:
            raise WrongResultError


def run_outcomes(size: int) -> None:
    """Outcomes instead of values: index, times, attempts and worker of every item."""
    due = 0
    for outcome in threadwork.map(same, range(size), workers=WORKERS).outcomes():
        if outcome.value != due:
            message = f"expected {due}, got {outcome}"
            raise WrongResultError(message)
        due += 1
    if due != size:
        message = f"{due} outcomes of {size}"
        raise WrongResultError(message)


def run_for_each(size: int) -> None:
    """No results kept."""
    if (summary := threadwork.for_each(same, range(size), workers=WORKERS)).done != size:
        raise WrongResultError(str(summary))


def run_listened(size: int) -> None:
    """A listener that is told of everything."""
    read_in_order(threadwork.map(same, range(size), workers=WORKERS, listeners=[lambda _event: None]), size)


def run_peer(peer: Peer) -> Callable[[int], None]:
    """One peer, read in the order it promises."""
    read = read_in_order if peer.ordered else read_any_order

    def work(size: int) -> None:
        read(peer.run(same, range(size), WORKERS), size)

    return work


def contenders(effort: Effort) -> tuple[list[Contender], list[Row]]:
    """Loops, threadwork in its forms, peers; and a row for each peer that cannot run here."""
    present, absent = load()
    works: list[tuple[str, float, Callable[[int], Any]]] = [
        (FOR_LOOP, 0.1, run_for_loop),
        (LOOP, 0.1, lambda size: read_in_order(loop(range(size)), size)),
        *((peer.name, peer.cost, run_peer(peer)) for peer in present.values() if effort.all_peers or peer.quick),
        ("threadwork outcomes()", 1.5, run_outcomes),
        ("threadwork for_each", 0.5, run_for_each),
        ("threadwork with a listener", 4.0, run_listened),
    ]
    made = [timed(name, effort.items(ITEMS, cost), work) for name, cost, work in works]
    return made, [Row(name, note=f"absent: {reason}") for name, reason in absent.items()]


def run(effort: Effort) -> Findings:
    """Measure everybody and set the ratios to the loop beside the times."""
    sides, absent = contenders(effort)
    measured = interleave(sides, effort)
    for base, column in ((LOOP, "x loop in a generator"), (FOR_LOOP, "x for loop")):
        floor = measured[base].figures[WALL]
        for one in measured.values():
            if one.figures:
                one.figures[column] = one.figures[WALL].over(floor)
    floor = measured[LOOP].figures[CPU]
    for one in measured.values():
        if one.figures:
            one.figures[CPU_RATIO] = one.figures[CPU].over(floor)
    return Findings(
        (WALL, "x loop in a generator", "x for loop", CPU, CPU_RATIO), [*rows_of(measured), *absent], targets(measured)
    )


def targets(measured: dict[str, Measured]) -> list[Target]:
    """The promises about overhead: with a GIL also by processor time, which is the wall clock of an idle machine."""
    found = {name: one.figures for name, one in measured.items() if one.figures}
    ours, outcomes, single = (found.get(f"threadwork{form}") for form in ("", " outcomes()", " batch=1"))
    if ours is None:
        return []
    promises = [
        at_most("at most 2.5x the for loop, both read from an iterator", 2.5, ours["x loop in a generator"], "x"),
        at_most("at most 2.5x the bare for loop", 2.5, ours["x for loop"], "x"),
        *fastest(found, WALL, steady=False),
    ]
    if gil_enabled():
        promise = "at most 2.5x the for loop in a generator, by processor time"
        promises += [at_most(promise, 2.5, ours[CPU_RATIO], "x", steady=True), *fastest(found, CPU, steady=True)]
    if outcomes:
        promises.append(at_most("outcomes(): at most 1.5 us more", 1.5, outcomes[WALL].minus(ours[WALL]), " us"))
    if single and (executor := found.get("ThreadPoolExecutor.map")):
        share = single[WALL].over(executor[WALL])
        promises.append(Target("batch=1: faster than ThreadPoolExecutor.map", f"{share}x its time", share.median < 1))
    return promises


def fastest(found: dict[str, dict[str, Spread]], column: str, *, steady: bool) -> list[Target]:
    """Whether threadwork beats the best of the peers by this figure."""
    rivals = {name: figures[column] for name, figures in found.items() if not name.startswith(("threadwork", FOR_LOOP))}
    if not rivals:
        return []
    best = min(rivals, key=lambda name: rivals[name].median)
    share = found["threadwork"][column].over(rivals[best])
    return [Target(f"faster than every peer, {column} (best: {best})", f"{share}x", share.median < 1, steady)]


CASE = Case(
    "overhead",
    f"A no-op for 1 M ints on {WORKERS} workers: what the engine itself costs an item. Keeps threads usable for tiny tasks.",
    run,
)
