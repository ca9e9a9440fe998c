"""What the second core brings to pure-Python work of 2 us, 20 us and 1 ms, against the plain loop."""

import threading
import time
from collections.abc import Callable, Mapping
from functools import partial

from harness.case import Case, Findings, Row, Target, at_least, rows_of
from harness.effort import Effort
from harness.figures import Spread
from harness.machine import gil_enabled
from harness.rounds import Contender, Measured, WrongResultError, interleave
from peers import Peer, load

WORKERS = 2
LOOP, BARE = "for loop", "bare threads, a half each"
SKIPPED = ("mpire", "mpire chunk 64", "pebble", "joblib unordered", "streamable unordered", "ThreadPoolExecutor as_completed")
# Task length, how many of them the loop does in about a second, and the least speed-up promised on a free-threaded build.
SIZES = (("2 us", 2e-6, 300_000, 1.5), ("20 us", 20e-6, 50_000, 1.7), ("1 ms", 1e-3, 1_000, 1.9))


def spin(rounds: int, item: int) -> int:
    """A pure-Python computation whose result depends on the item, so that no result can be mistaken for another."""
    value = item
    for _ in range(rounds):
        value = (value * 69069 + 1) & 0x3FFFFFFF
    return value


def calibrated(seconds: float) -> Callable[[int], int]:
    """The computation, so long that one takes about `seconds` on this interpreter, measured now."""
    probe, best = 2_000, float("inf")
    for _ in range(20):
        began = time.perf_counter()
        spin(probe, 1)
        best = min(best, time.perf_counter() - began)
    return partial(spin, max(1, round(seconds * probe / best)))


def loop(task: Callable[[int], int], size: int) -> list[int]:
    """The sequential side."""
    results = []
    for item in range(size):
        results.append(task(item))  # noqa: PERF401 - the same loop that reads the contenders, with the call in it
    return results


def halves(task: Callable[[int], int], size: int) -> list[int]:
    """What these cores can do at best: two threads, each with half of the items in a loop of its own, and no hand-over at all."""
    results: list[list[int]] = [[] for _ in range(WORKERS)]

    def half(part: int) -> None:
        results[part] = [task(item) for item in range(size * part // WORKERS, size * (part + 1) // WORKERS)]

    threads = [threading.Thread(target=half, args=(part,)) for part in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [value for part in results for value in part]


def concurrent(peer: Peer, task: Callable[[int], int], size: int) -> list[int]:
    """A contender, read one result at a time."""
    results = []
    for value in peer.run(task, range(size), WORKERS):
        results.append(value)  # noqa: PERF402 - see above
    return results


def contender(name: str, size: int, work: Callable[[], list[int]], expected: list[int], *, ordered: bool = True) -> Contender:
    """A side of the comparison; its results are compared with the loop's after the clock has stopped."""

    def measure() -> Mapping[str, float]:
        cpu, began = time.process_time(), time.perf_counter()
        results = work()
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu
        if (results if ordered else sorted(results)) != expected:
            raise WrongResultError
        return {"us/item": wall / size * 1e6, "cpu us/item": cpu / size * 1e6}

    return Contender(name, measure, f"{size:,} items")


def run(effort: Effort) -> Findings:
    """Each task length with all its contenders, in its own interleaved rounds."""
    present, _ = load()
    rows: list[Row] = []
    targets: list[Target] = []
    for label, seconds, wanted, promised in SIZES:
        task = calibrated(seconds)
        loop_size = max(200, int(wanted * effort.scale))
        full = loop(task, loop_size)
        sides = [
            contender(LOOP, loop_size, partial(loop, task, loop_size), full),
            contender(BARE, loop_size, partial(halves, task, loop_size), full),
        ]
        for peer in present.values():
            if peer.name in SKIPPED or not (effort.all_peers or peer.quick):
                continue
            size = min(loop_size, max(200, int(effort.seconds * 1e6 / (peer.cost * 2 + seconds * 1e6))))
            expected = full[:size] if peer.ordered else sorted(full[:size])
            sides.append(contender(peer.name, size, partial(concurrent, peer, task, size), expected, ordered=peer.ordered))
        measured = interleave(sides, effort)
        speed_ups(measured)
        rows += [Row(f"{label}: {row.name}", row.figures, row.note) for row in rows_of(measured)]
        targets += judged(label, promised, measured)
    return Findings(("speed-up", "of bare threads", "us/item", "cpu us/item"), rows, targets)


def speed_ups(measured: dict[str, Measured]) -> None:
    """How many times as fast as the loop, and which share of what bare threads reach, each contender was in the same round."""
    floor, ceiling = measured[LOOP].figures["us/item"], measured[BARE].figures["us/item"]
    for one in measured.values():
        if one.figures:
            one.figures["speed-up"] = floor.over(one.figures["us/item"])
            one.figures["of bare threads"] = ceiling.over(one.figures["us/item"])


def judged(label: str, promised: float, measured: dict[str, Measured]) -> list[Target]:
    """The promises; not judged where threads cannot compute in parallel: with a GIL, or with one core taken by others."""
    found = {name: one.figures for name, one in measured.items() if one.figures}
    ours = found.get("threadwork")
    if ours is None:
        return []
    scaling = at_least(f"{label}: at least {promised}x the for loop", promised, ours["speed-up"], "x")
    rivals = {name: figures["us/item"] for name, figures in found.items() if is_rival(name)}
    best = min(rivals, key=lambda name: rivals[name].median)
    share: Spread = ours["us/item"].over(rivals[best])
    against = Target(f"{label}: not slower than the best peer ({best})", f"{share}x its time", share.median <= 1.0)
    if gil_enabled():
        return [Target(target.promise, target.measured, None) for target in (scaling, against)]
    ceiling = found[BARE]["speed-up"]
    if ceiling.median < promised:  # the machine did not have two cores to give
        scaling = Target(scaling.promise, f"{scaling.measured}; bare threads {ceiling}x", None)
    return [scaling, against]


def is_rival(name: str) -> bool:
    """Whether this is somebody else's pool."""
    return name not in (LOOP, BARE) and not name.startswith("threadwork")


CASE = Case(
    "cpu_scaling",
    f"Pure-Python tasks on {WORKERS} workers against the loop on the same interpreter. Judged on free-threaded builds only.",
    run,
)
