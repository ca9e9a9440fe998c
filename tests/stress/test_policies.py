"""Storms of small runs with retries, limits and time-outs, all at once: nothing is lost, counted twice, or kept."""

import threading
import time
from collections import Counter
from random import Random

import threadwork
from threadwork import DeadlineExceeded, Halt, Limit, Retry, RunCancelled, TaskTimeout, current

SECONDS = 4.0


def draw_options(chance: Random) -> dict:
    """Return options with a chance of everything that may keep an item waiting."""
    options = {
        "workers": chance.choice([1, 2, 4, 9]),
        "ordered": chance.random() < 0.5,
        "batch": chance.choice(["auto", 1, 7, 50]),
        "buffersize": chance.choice([None, None, 3, 30]),
        "limits": [],
    }
    if chance.random() < 0.6:
        options["retry"] = Retry(chance.randrange(1, 5), backoff=0.001, budget=chance.choice([None, 0.2]))
    if chance.random() < 0.4:
        options["limits"].append(Limit.concurrency(chance.randrange(1, 4), key=chance.choice([None, lambda item: item % 3])))
    if chance.random() < 0.3:
        options["limits"].append(Limit.rate(chance.choice([1000, 20_000]), key=chance.choice([None, lambda item: item % 2])))
    if chance.random() < 0.4:
        options.update(task_timeout=0.03, grace=chance.choice([0.0, 0.05, 5.0]))
    if chance.random() < 0.3:
        options["listeners"] = [lambda _: None]
    if chance.random() < 0.2:
        options["halt"] = chance.choice([Halt(1), Halt(5), Halt("10%"), Halt(2, drain=True)])
    if chance.random() < 0.1:
        options["timeout"] = chance.uniform(0, 0.05)
    return options


class Task:
    """Fails a few times for some items, hangs for others, and takes its time for others again."""

    def __init__(self, chance: Random, size: int) -> None:
        self.failures = {item: chance.randrange(1, 4) for item in range(size) if chance.random() < 0.05}
        self.hangs = {item for item in range(size) if chance.random() < 0.01}
        self.slow = {item for item in range(size) if chance.random() < 0.02}
        self.calls: Counter[int] = Counter()
        self.lock = threading.Lock()

    def __call__(self, item: int) -> int:
        with self.lock:
            self.calls[item] += 1
            fails = self.calls[item] <= self.failures.get(item, 0)
        if item in self.slow:
            time.sleep(0.003)
        if item in self.hangs:
            current().sleep(0.06)
        if fails:
            raise OSError(item)
        return item


def consume(run: threadwork.Run[int], how: str) -> tuple[list, BaseException | None]:
    """Return what the run gives, and what it raises."""
    results: list = []
    try:
        if how == "nothing":
            run.drain()
        elif how in ("outcomes", "cancel"):
            results = list(run.outcomes())
        else:
            for value in run:
                results.append(value)
                if how == "break" and len(results) > 5:
                    break
    except (OSError, TaskTimeout, DeadlineExceeded, RunCancelled) as error:
        return results, error
    return results, None


def test_runs_with_every_rule_at_once(chance, rounds):
    for _ in rounds(SECONDS):
        size, options = chance.choice([0, 1, 5, 60, 300]), draw_options(chance)
        how = chance.choice(["values", "outcomes", "nothing", "break", "cancel"])
        run = threadwork.map(Task(chance, size), range(size), **options)
        canceller = threading.Timer(chance.uniform(0, 0.02), run.cancel)
        if how == "cancel":
            canceller.start()
        results, error = consume(run, how)
        run.close()
        if how == "cancel":
            canceller.join()
        check(run.stats(), how, options, results, error, size)


def check(counts, how, options, results, error, size):
    assert counts.done + counts.failed + counts.timed_out + counts.cancelled == counts.admitted, counts
    assert (counts.waiting, counts.running) == (0, 0), counts
    if how == "outcomes" and error is None:
        indexes = [outcome.index for outcome in results]
        assert (indexes if options["ordered"] else sorted(indexes)) == list(range(counts.admitted))
        told = Counter(str(outcome.status) for outcome in results)
        assert (told["done"], told["failed"], told["timed out"]) == (counts.done, counts.failed, counts.timed_out)
    if how == "values" and error is None:
        assert (results if options["ordered"] else sorted(results)) == list(range(size))
    if not counts.abandoned:
        assert not any(getattr(limit, "_inside", None) for limit in options["limits"])
