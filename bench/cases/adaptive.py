"""Six kinds of work that are best done by different numbers of workers: how close does `workers="auto"` come to the best one?"""

import contextlib
import hashlib
import http.client
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Literal

import threadwork
from harness.case import Case, Findings, Target, at_least, rows_of
from harness.child import environment
from harness.effort import Effort
from harness.figures import Spread
from harness.rounds import Contender, interleave

COUNTS = (1, 2, 4, 8, 16, 32, 64)
AUTO_SECONDS, FIXED_SECONDS = 20.0, 4.0
SHARE = 0.9
RATE = "items/s"
BLOCK = b"x" * 1_000_000

Task = Callable[[float], object]
"""The item is the time at which half of the run is over."""


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of work, with what each worker needs for it."""

    name: str
    task: Task
    resource: Callable[[int], Callable[[], contextlib.AbstractContextManager[object]]] | None = None


def sleep_short(_: float) -> None:
    time.sleep(0.005)


def sleep_long(_: float) -> None:
    time.sleep(0.2)


def compute(_: float) -> int:
    return sum(range(40_000))  # about a millisecond


def hash_block(_: float) -> bytes:
    return hashlib.sha256(BLOCK).digest()  # releases the GIL


def ask(_: float) -> bytes:
    connection = threadwork.current().resource
    connection.request("GET", "/")
    return connection.getresponse().read()


def change(half: float) -> object:
    """Compute in the first half, wait in the second."""
    return compute(half) if time.perf_counter() < half else time.sleep(0.02)


def connections(port: int) -> Callable[[], contextlib.AbstractContextManager[http.client.HTTPConnection]]:
    return lambda: contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30))


WORKS = (
    Work("sleep 5 ms", sleep_short),
    Work("sleep 200 ms", sleep_long),
    Work("pure Python", compute),
    Work("hash 1 MB", hash_block),
    Work("HTTP, at best 32", ask, connections),
    Work("changes half-way", change),
)


@contextmanager
def slow_server() -> Iterator[int]:
    """Run the server in a process of its own; yield its port."""
    command = [sys.executable, "-m", "children.slow_server"]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as child:
        try:
            yield int(child.stdout.readline())
        finally:
            child.kill()


def measure(work: Work, workers: int | Literal["auto"], seconds: float, port: int) -> Mapping[str, float]:
    """Do as much as can be done in that time."""
    began = time.perf_counter()
    over = threading.Event()
    timer = threading.Timer(seconds, over.set)
    items = iter(lambda: None if over.is_set() else began + seconds / 2, None)
    resource = work.resource(port) if work.resource else None
    timer.start()
    try:
        # What has been read ahead is still done when the time is over: not to be minutes of work.
        ahead = 2 * (max(COUNTS) if workers == "auto" else workers)
        summary = threadwork.for_each(work.task, items, workers=workers, resource=resource, buffersize=ahead)
    finally:
        timer.cancel()
        timer.join()
    return {RATE: summary.done / (time.perf_counter() - began), "threads": summary.workers}


def compared(work: Work, effort: Effort, port: int) -> tuple[dict[str, object], Target]:
    """Measure every fixed number of workers and `auto`; the best fixed number is that of the medians."""
    fixed, auto = FIXED_SECONDS * effort.scale, AUTO_SECONDS * effort.scale
    sides = [Contender(f"{work.name}: {count}", partial(measure, work, count, fixed, port)) for count in COUNTS]
    ours = f"{work.name}: auto (threadwork)"
    measured = interleave([*sides, Contender(ours, partial(measure, work, "auto", auto, port))], effort)
    found = {name: one.figures[RATE] for name, one in measured.items() if RATE in one.figures}
    best = max((name for name in found if name != ours), key=lambda name: found[name].median, default=None)
    share: Spread | None = found[ours].over(found[best]) if best and ours in found else None
    return measured, at_least(f"{work.name}: at least {SHARE:.0%} of the best number ({best})", SHARE, share, "x")


def run(effort: Effort) -> Findings:
    """Each kind of work in turn."""
    rows, targets = [], []
    with slow_server() as port:
        for work in WORKS:
            measured, target = compared(work, effort, port)
            rows += rows_of(measured)
            targets.append(target)
    return Findings((RATE, "threads"), rows, targets)


CASE = Case(
    "adaptive",
    f"six kinds of work, {AUTO_SECONDS:g} s of each with workers='auto', beside {FIXED_SECONDS:g} s with each of {COUNTS}. "
    "Finds the number that nobody knows.",
    run,
)
