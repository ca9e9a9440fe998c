"""Small runs drawn by chance: what is to happen in them, what did happen, and what must hold of any."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import threadwork
from threadwork import Cancelled, DeadlineExceeded, Halt, RunCancelled, RunClosed, Summary

HALTS = (None, None, Halt(), Halt(3), Halt(2, drain=True), Halt("20%"), Halt.never())


class InputBroken(Exception):
    """What an input raises."""


@dataclass
class Scenario:
    """What is to happen in one run."""

    size: int
    keep: str
    options: dict[str, Any]
    failing: frozenset[int] = frozenset()
    cooperative: frozenset[int] = frozenset()
    """Items whose task waits and hears when it is asked to stop."""
    stubborn: frozenset[int] = frozenset()
    """Items whose task waits and does not."""
    slow_input: frozenset[int] = frozenset()
    broken_at: int | None = None
    """The item in whose place the input raises."""
    leave_after: int | None = None
    """How many results the consumer takes before it leaves."""
    meddle: Callable[[threadwork.Run[Any]], object] | None = None
    """What another thread does to the run."""
    meddle_after: float = 0.0


@dataclass
class Story:
    """What did happen."""

    called: list[int] = field(default_factory=list)
    done: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)
    results: list[Any] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    """Errors of items that were handed over at the end."""
    raised: BaseException | None = None
    pulled: int = 0
    furthest: int = 0
    """How many items the input was ahead of the consumer at most."""
    summary: Summary = field(init=False)


def draw(chance: Random, size: int | None = None) -> Scenario:
    """Return a calm scenario: nothing fails and nobody interferes."""
    size = chance.choice([0, 1, 2, 7, 40, 40, 300, 2_000]) if size is None else size
    options = {
        "workers": chance.choice([1, 2, 3, 8, 24]),
        "buffersize": chance.choice([None, None, 1, 2, 5, 50]),
        "ordered": chance.random() < 0.6,
        "batch": chance.choice(["auto", "auto", 1, 7, 100]),
        "halt": chance.choice(HALTS),
    }
    return Scenario(size, chance.choice(["values", "outcomes", "nothing"]), options)


def some(chance: Random, size: int, most: int) -> frozenset[int]:
    """Return at most `most` items."""
    return frozenset(chance.randrange(max(1, size)) for _ in range(chance.randrange(most + 1)))


def carry_out(scenario: Scenario) -> Story:
    """Let it happen."""
    story = Story()
    options = dict(scenario.options)
    if options.pop("listen", False):
        options["listeners"] = [story.events.append]
    if options.pop("lend", False):
        options["resource"] = lambda: _resource(story)
    run = threadwork.map(lambda number: _task(number, scenario, story), _source(scenario, story), **options)
    meddler = threading.Timer(scenario.meddle_after, scenario.meddle or (lambda _: None), [run])
    if scenario.meddle:
        meddler.start()
    try:
        _consume(run, scenario, story)
    except (ValueError, InputBroken, RunCancelled, RunClosed, DeadlineExceeded) as error:
        story.raised = error
    run.close()
    if scenario.meddle:
        meddler.join()
    story.summary = run.stats()
    return story


def _task(number: int, scenario: Scenario, story: Story) -> int:
    story.called.append(number)
    if number in scenario.cooperative:
        threadwork.current().sleep(0.002)
    if number in scenario.stubborn:
        time.sleep(0.002)
    if number in scenario.failing:
        story.failed.append(number)
        raise ValueError(number)
    story.done.append(number)
    return 2 * number


def _source(scenario: Scenario, story: Story) -> Iterator[int]:
    for number in range(scenario.size):
        if number == scenario.broken_at:
            raise InputBroken
        story.pulled += 1
        story.furthest = max(story.furthest, story.pulled - len(story.results))
        if number in scenario.slow_input:
            time.sleep(0.002)
        yield number


def _consume(run: threadwork.Run[int], scenario: Scenario, story: Story) -> None:
    if scenario.keep == "nothing":
        story.errors = run.drain()
        return
    for result in run if scenario.keep == "values" else run.outcomes():
        story.results.append(result)
        if len(story.results) == scenario.leave_after:
            break


@contextmanager
def _resource(story: Story) -> Iterator[str]:
    worker = threading.current_thread().name
    story.resources.append(f"{worker} entered")
    yield worker
    story.resources.append(f"{worker} left")


def check(scenario: Scenario, story: Story) -> None:
    """Check what must hold of every run, however it ended."""
    summary = story.summary
    assert summary.done + summary.failed + summary.cancelled == summary.admitted, summary
    assert min(summary.done, summary.failed, summary.cancelled) >= 0, summary
    assert summary.running == 0, summary
    assert summary.admitted <= story.pulled <= scenario.size
    assert max(Counter(story.called).values(), default=1) == 1
    if not summary.abandoned:
        _check_calls(scenario, story)
    if scenario.keep == "nothing":
        assert len(story.errors) == min(100, summary.failed) or story.raised
    else:
        _check_results(scenario, story)
    told = scenario.keep == "values" or not (scenario.meddle or summary.failed)  # whatever ended it early was raised
    if told and story.raised is None and scenario.leave_after is None:
        assert (summary.admitted, summary.done, summary.status) == (scenario.size, scenario.size, "completed")


def _check_calls(scenario: Scenario, story: Story) -> None:
    """Check the counts against what the tasks saw, where no thread was left behind that may go on."""
    summary = story.summary
    assert (summary.done, summary.failed) == (len(story.done), len(story.failed))
    if scenario.options.get("lend"):
        entered = sorted(entry.split()[0] for entry in story.resources if entry.endswith("entered"))
        assert entered == sorted(entry.split()[0] for entry in story.resources if entry.endswith("left"))
        assert len(entered) == summary.workers
    if scenario.options.get("listen") and story.events:
        counts = Counter(type(event).__name__ for event in story.events)
        assert (counts["RunStarted"], counts["RunFinished"]) == (1, 1)
        assert (counts["ItemStarted"], counts["ItemFinished"]) == (len(story.called), summary.admitted)
        assert counts["WorkerStarted"] == counts["WorkerExited"] == summary.workers


def _check_results(scenario: Scenario, story: Story) -> None:
    """Check that what the consumer got is right, in order, once, and complete where it stayed to the end."""
    outcomes = scenario.keep == "outcomes"
    indexes = [result.index for result in story.results] if outcomes else [value // 2 for value in story.results]
    assert len(set(indexes)) == len(indexes)
    if scenario.options["ordered"]:
        assert indexes == sorted(indexes)
    most = scenario.options["buffersize"] or 10_000
    assert story.furthest <= most + 1  # the engine knows of one that the consumer has, and the test not yet
    if outcomes:
        _check_outcomes(scenario, story)
    else:
        assert set(indexes) <= set(story.done)


def _check_outcomes(scenario: Scenario, story: Story) -> None:
    for outcome in story.results:
        assert outcome.item == outcome.index, outcome
        assert outcome.value == (2 * outcome.item if outcome.ok else None), outcome
        assert (outcome.status == "failed") == (outcome.error is not None and not isinstance(outcome.error, Cancelled)), outcome
        assert outcome.status != "failed" or outcome.item in scenario.failing, outcome
    if scenario.leave_after is None and not isinstance(story.raised, RunClosed):
        summary, counts = story.summary, Counter(str(outcome.status) for outcome in story.results)
        assert sorted(outcome.index for outcome in story.results) == list(range(summary.admitted))
        assert (counts["done"], counts["failed"], counts["cancelled"]) == (summary.done, summary.failed, summary.cancelled)
