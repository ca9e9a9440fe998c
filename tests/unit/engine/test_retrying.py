"""What the engine does with a rule that has failed items tried again."""

import itertools
import threading
from collections import Counter
from dataclasses import dataclass, field

import pytest

import threadwork
from tests.support.aside import Aside, wait_for
from threadwork import BadResult, Halt, ItemFinished, ItemRetried, ItemStarted, Status, TaskGroup, TaskTimeout, current


@dataclass(frozen=True)
class Again:
    """A rule: so many attempts, so many seconds apart."""

    attempts: int = 3
    delay: float = 0.0
    bad_result: object = None
    asked: list = field(default_factory=list)

    def for_run(self):
        return self

    def delay_after(self, attempt, error, begun):
        self.asked.append((attempt, type(error), begun))
        return self.delay if attempt < self.attempts else None

    def asked_wait(self, error):  # noqa: ARG002 - nobody asks for anything here
        return None


class Flaky:
    """A task whose calls fail the first `failures` times for each of some items."""

    def __init__(self, failures, items):
        self.failures = failures
        self.items = set(items)
        self.calls = Counter()
        self.attempts = []
        self.lock = threading.Lock()

    def __call__(self, item):
        with self.lock:
            self.calls[item] += 1
            self.attempts.append((item, current().attempt))
            fails = item in self.items and self.calls[item] <= self.failures
        if fails:
            raise ConnectionError(f"{item} is not there")
        return item


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("batch", ["auto", 1, 7, 100])
@pytest.mark.parametrize("keep", ["values", "outcomes", "nothing"])
def test_failed_items_are_tried_again_and_all_is_as_if_nothing_had_happened(ordered, batch, keep):
    task = Flaky(2, [0, 3, 4, 50, 99])
    options = {"workers": 3, "batch": batch, "retry": Again()}
    if keep == "nothing":
        summary = threadwork.for_each(task, range(100), **options)
        assert (summary.done, summary.failed, summary.admitted) == (100, 0, 100)
    else:
        run = threadwork.map(task, range(100), ordered=ordered, **options)
        results = run.collect() if keep == "values" else list(run.outcomes())
        items = results if keep == "values" else [outcome.value for outcome in results]
        assert (items if ordered else sorted(items)) == list(range(100))
        assert run.stats().ok
        if keep == "outcomes":
            assert {outcome.index: outcome.attempts for outcome in results if outcome.attempts > 1} == dict.fromkeys(
                task.items, 3
            )
    assert {item: count for item, count in task.calls.items() if count > 1} == dict.fromkeys(task.items, 3)
    assert [attempt for item, attempt in task.attempts if item == 3] == [1, 2, 3]


def test_the_last_error_is_raised_and_tells_of_the_others():
    with pytest.raises(ConnectionError, match="5 is not there") as caught:
        threadwork.map(Flaky(9, [5]), range(10), workers=2, retry=Again(3)).collect()
    notes = caught.value.__notes__
    assert "while processing item 5" in notes[0]
    assert "attempt 3" in notes[0]
    assert notes[1:] == [
        "attempt 1: ConnectionError: '5 is not there'; tried again after 0 s",
        "attempt 2: ConnectionError: '5 is not there'; tried again after 0 s",
    ]


def test_no_worker_is_held_while_an_item_waits():
    again, waits = Again(2, delay=60), threading.Event()
    task = Flaky(1, range(4))

    def listen(event):
        if isinstance(event, ItemRetried) and len(again.asked) == 4:
            waits.set()

    run = threadwork.map(task, itertools.count(), workers=2, ordered=False, retry=again, batch=1, listeners=[listen])
    results = iter(run)
    assert min(itertools.islice(results, 20)) >= 4
    wait_for(waits)
    summary = run.stats()
    assert summary.waiting == 4
    run.close()
    assert run.stats().cancelled >= 4
    assert run.stats().waiting == 0


def test_what_waits_has_no_attempt_more_when_the_run_is_stopped():
    def stop(event):
        if isinstance(event, ItemRetried):
            run.cancel()

    run = threadwork.map(Flaky(1, [0]), range(3), workers=1, retry=Again(2, delay=60), listeners=[stop])
    first = next(run.outcomes())
    assert (first.index, first.status, first.attempts, first.item, first.error) == (0, Status.CANCELLED, 1, 0, None)


def test_a_bad_result_is_a_failure():
    calls = Counter()

    def task(item):
        calls[item] += 1
        return -1 if item == 2 and calls[item] < 3 else item

    assert threadwork.map(task, range(5), retry=Again(3, bad_result=lambda value: value < 0)).collect() == list(range(5))
    with pytest.raises(BadResult, match="bad result: -1") as caught:
        threadwork.map(lambda _: -1, range(1), retry=Again(2, bad_result=lambda value: value < 0)).collect()
    assert caught.value.value == -1


def test_listeners_hear_of_every_attempt():
    events = []
    run = threadwork.map(Flaky(2, [1]), range(3), workers=1, retry=Again(), listeners=[events.append])
    assert run.collect() == [0, 1, 2]
    assert [event.attempt for event in events if isinstance(event, ItemStarted) and event.index == 1] == [1, 2, 3]
    retried = [event for event in events if isinstance(event, ItemRetried)]
    assert [(event.index, event.item, event.attempt, event.delay, event.worker) for event in retried] == [
        (1, 1, 1, 0.0, "threadwork-1"),
        (1, 1, 2, 0.0, "threadwork-1"),
    ]
    assert [event.outcome.attempts for event in events if isinstance(event, ItemFinished) and event.outcome.index == 1] == [3]


def test_a_rule_that_raises_fails_the_item_and_is_told_of():
    class Broken(Again):
        def delay_after(self, attempt, error, begun):  # noqa: ARG002 - what a run asks
            raise ZeroDivisionError("no rule")

    with pytest.raises(ConnectionError) as caught:
        threadwork.map(Flaky(1, [0]), range(1), retry=Broken()).collect()
    assert any("the retry rule raised ZeroDivisionError('no rule')" in note for note in caught.value.__notes__)


def test_failures_that_are_tried_again_do_not_halt():
    task = Flaky(1, range(20))
    assert threadwork.map(task, range(20), retry=Again(2), halt=Halt(1)).collect() == list(range(20))


def test_a_timed_out_attempt_is_tried_again_once_its_task_has_stopped():
    def task(item):
        if current().attempt == 1:
            current().sleep(30)
        return current().attempt

    rule = Again(2)
    assert threadwork.map(task, range(3), workers=3, retry=rule, task_timeout=0.05).collect() == [2, 2, 2]
    assert {kind for _, kind, _ in rule.asked} == {TaskTimeout}


def test_in_a_group():
    task = Flaky(2, [1])
    with TaskGroup(workers=2, retry=Again()) as group:
        tasks = [group.start(task, number) for number in range(3)]
        assert Aside(tasks[1].result).result() == 1
    assert [each.result() for each in tasks] == [0, 1, 2]
    assert task.calls == {0: 1, 1: 3, 2: 1}


def test_a_group_whose_task_fails_once_too_often():
    with pytest.raises(ExceptionGroup) as caught, TaskGroup(workers=2, retry=Again(2)) as group:
        group.start(Flaky(2, [1]), 1)
    assert [type(error) for error in caught.value.exceptions] == [ConnectionError]


@pytest.mark.parametrize("wrong", ["3", 1.5, object(), [3]])
def test_what_is_no_rule_is_refused(wrong):
    with pytest.raises(threadwork.InvalidOption, match="retry"):
        threadwork.map(abs, [], retry=wrong)
