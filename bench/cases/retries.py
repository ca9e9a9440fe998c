"""4 of 200 items fail three times, with 1 s of backoff, on 4 workers: how late is the last healthy item done?"""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import threadwork
from harness.case import Case, Findings, at_most, rows_of
from harness.effort import Effort
from harness.rounds import Contender, WrongResultError, interleave

WORKERS, ITEMS, FAILURES, BACKOFF, SECONDS = 4, 200, 3, 1.0, 0.005
BAD = frozenset({20, 60, 100, 140})
LAST = "s to the last healthy item"
ALL_HEALTHY, OURS = "threadwork, no item fails", "threadwork"
MARGIN = 1.05

Run = Callable[[Callable[[int], int]], None]


class Flaky:
    """The task: notes when each healthy item is done; the bad ones fail three times."""

    def __init__(self, bad: frozenset[int]) -> None:
        self.bad = bad
        self.calls: Counter[int] = Counter()
        self.last_healthy = 0.0

    def __call__(self, item: int) -> int:
        time.sleep(SECONDS)
        self.calls[item] += 1  # an item is called by one thread at a time
        if item not in self.bad:
            self.last_healthy = max(self.last_healthy, time.perf_counter())
        elif self.calls[item] <= FAILURES:
            raise ConnectionError
        return item


def measure(run: Run, bad: frozenset[int]) -> Mapping[str, float]:
    """Run everything to its end; every item has to be done."""
    task = Flaky(bad)
    began = time.perf_counter()
    run(task)
    if any(task.calls[item] != (FAILURES + 1 if item in bad else 1) for item in range(ITEMS)):
        raise WrongResultError
    return {LAST: task.last_healthy - began, "s in all": time.perf_counter() - began}


def ours(task: Callable[[int], int]) -> None:
    """Waiting items hold no worker."""
    rule = threadwork.Retry(FAILURES + 1, backoff=BACKOFF, factor=1.0, jitter="none")
    threadwork.for_each(task, range(ITEMS), workers=WORKERS, retry=rule)


def in_worker(task: Callable[[int], int]) -> None:
    """Sleep in the worker and try again: what people write by hand."""

    def call(item: int) -> int:
        for _ in range(FAILURES):
            try:
                return task(item)
            except ConnectionError:
                time.sleep(BACKOFF)
        return task(item)

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(call, range(ITEMS)))


def _with_tenacity(task: Callable[[int], int]) -> Callable[[int], int]:
    from tenacity import retry, stop_after_attempt, wait_fixed

    return retry(stop=stop_after_attempt(FAILURES + 1), wait=wait_fixed(BACKOFF), reraise=True)(task.__call__)


def tenacity_in_executor(task: Callable[[int], int]) -> None:
    """The best known retry library, in the standard executor."""
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(_with_tenacity(task), range(ITEMS)))


def tenacity_in_streamable(task: Callable[[int], int]) -> None:
    """Streamable has no retries of its own."""
    from streamable import stream

    list(stream(range(ITEMS)).map(_with_tenacity(task), concurrency=WORKERS, as_completed=True))


def with_more_executors(task: Callable[[int], int]) -> None:
    """An executor whose failed calls wait in a thread of its own."""
    from more_executors import Executors

    with Executors.thread_pool(max_workers=WORKERS).with_retry(max_attempts=FAILURES + 1, sleep=BACKOFF, exponent=1.0) as pool:
        list(pool.map(task, range(ITEMS)))


def with_tanda(task: Callable[[int], int]) -> None:
    """A pool whose coordinator holds what waits."""
    from tanda import Pool, RetryPolicy

    with Pool(workers=WORKERS) as pool:
        pool.map(range(ITEMS), task, retry=RetryPolicy(max_attempts=FAILURES + 1, backoff=BACKOFF))


def run(effort: Effort) -> Findings:
    """The same work with and without failing items, and with workers that wait."""
    contenders = [
        Contender(ALL_HEALTHY, partial(measure, ours, frozenset())),
        Contender(OURS, partial(measure, ours, BAD)),
        Contender("more-executors", partial(measure, with_more_executors, BAD)),
        Contender("tanda", partial(measure, with_tanda, BAD)),
        Contender("tenacity in streamable", partial(measure, tenacity_in_streamable, BAD)),
        Contender("tenacity in ThreadPoolExecutor", partial(measure, tenacity_in_executor, BAD)),
        Contender("sleep in ThreadPoolExecutor", partial(measure, in_worker, BAD)),
    ]
    measured = interleave(contenders, effort)
    late, on_time = (measured[name].figures.get(LAST) for name in (OURS, ALL_HEALTHY))
    ratio = None if late is None or on_time is None else late.over(on_time)
    promise = at_most(f"the last healthy item at most {MARGIN}x as late as with no failing item", MARGIN, ratio, "x")
    return Findings((LAST, "s in all"), rows_of(measured), [promise])


CASE = Case(
    "retries",
    f"{len(BAD)} of {ITEMS} items fail {FAILURES} times, {BACKOFF:g} s apart, on {WORKERS} workers; "
    f"the others take {SECONDS * 1e3:g} ms. Keeps what waits from holding a worker.",
    run,
)
