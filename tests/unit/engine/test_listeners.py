"""Listeners: told of everything that happens, and never a danger to the run."""

import dataclasses
import itertools
import logging
import subprocess
import sys
import threading
from collections import Counter

import pytest

import threadwork
from tests.support.aside import Aside, wait_until
from threadwork import (
    Halt,
    ItemFinished,
    ItemStarted,
    Pool,
    RunFinished,
    RunStarted,
    RunStatus,
    Status,
    TaskGroup,
    WorkerExited,
    WorkerStarted,
    current,
)

PATIENCE = 5.0
"""Seconds after which something that has to happen counts as not happening."""


def halve(number):
    """Return the half of an even number; fail for an odd one."""
    if number % 2:
        raise ValueError(f"{number} is odd")
    return number // 2


class Recorder:
    """Keeps every event with the thread it was told on."""

    def __init__(self):
        self.told = []
        self._lock = threading.Lock()

    def __call__(self, event):
        with self._lock:
            self.told.append((event, threading.current_thread().name))

    def all(self, kind):
        return [event for event, _ in self.told if isinstance(event, kind)]

    def kinds(self):
        return [type(event) for event, _ in self.told]


def in_a_group(fn, items, **options):
    with TaskGroup(**options) as group:
        for item in items:
            group.start(fn, item)


CONSUMERS = {
    "values": lambda fn, items, **options: threadwork.map(fn, items, **options).collect(),
    "unordered": lambda fn, items, **options: threadwork.map(fn, items, ordered=False, **options).collect(),
    "outcomes": lambda fn, items, **options: list(threadwork.map(fn, items, **options).outcomes()),
    "for_each": lambda fn, items, **options: threadwork.for_each(fn, items, check=False, **options),
    "group": in_a_group,
}
every_consumer = pytest.mark.parametrize("consume", CONSUMERS.values(), ids=CONSUMERS)
every_kind_of_event = pytest.mark.parametrize(
    "kind", [RunStarted, WorkerStarted, ItemStarted, ItemFinished, WorkerExited, RunFinished]
)


# What is told


@every_consumer
def test_every_item_is_told_of_once_between_the_start_and_the_end_of_the_run(consume):
    recorder = Recorder()
    consume(lambda number: number, range(200), workers=3, name="r", listeners=[recorder])
    kinds = recorder.kinds()
    assert kinds[0] is RunStarted
    assert kinds[-1] is RunFinished
    assert Counter(kinds)[RunStarted] == Counter(kinds)[RunFinished] == 1
    assert sorted(event.index for event in recorder.all(ItemStarted)) == list(range(200))
    assert sorted(event.outcome.index for event in recorder.all(ItemFinished)) == list(range(200))
    workers = sorted(event.worker for event in recorder.all(WorkerStarted))
    assert workers == sorted(event.worker for event in recorder.all(WorkerExited))
    assert {*workers} <= {"r-1", "r-2", "r-3"}


@every_consumer
def test_the_events_of_a_worker_come_on_its_thread_in_their_natural_order(consume):
    recorder = Recorder()
    consume(lambda number: number, range(100), workers=3, name="r", listeners=[recorder])
    for worker in {event.worker for event in recorder.all(WorkerStarted)}:
        kinds = [type(event) for event, thread in recorder.told if thread == worker]
        items = kinds[1:-1]
        assert (kinds[0], kinds[-1]) == (WorkerStarted, WorkerExited)
        assert items == [ItemStarted, ItemFinished] * (len(items) // 2)
    for event, thread in recorder.told:
        if isinstance(event, ItemStarted | WorkerStarted | WorkerExited):
            assert event.worker == thread


@pytest.mark.parametrize("consumer", ["outcomes", "for_each"])
def test_failures_are_told_with_their_errors(consumer):
    recorder = Recorder()
    CONSUMERS[consumer](halve, range(6), workers=2, listeners=[recorder])
    outcomes = sorted((event.outcome for event in recorder.all(ItemFinished)), key=lambda outcome: outcome.index)
    assert [outcome.status for outcome in outcomes] == [Status.DONE, Status.FAILED] * 3
    assert [outcome.value for outcome in outcomes] == [0, None, 1, None, 2, None]
    assert [str(outcome.error) for outcome in outcomes[1::2]] == ["1 is odd", "3 is odd", "5 is odd"]


def test_values_fail_with_the_event_of_the_failed_item_told():
    recorder = Recorder()
    with pytest.raises(ValueError, match="1 is odd") as caught:
        threadwork.map(halve, [0, 1], workers=1, batch=2, listeners=[recorder]).collect()
    last = recorder.all(ItemFinished)[-1].outcome
    assert last.status is Status.FAILED
    assert last.error is caught.value
    assert recorder.all(RunFinished)[0].summary.status is RunStatus.FAILED


def test_the_outcomes_told_are_those_the_consumer_gets():
    recorder = Recorder()
    got = list(threadwork.map(halve, range(50), workers=2, key=str, listeners=[recorder]).outcomes())
    told = sorted((event.outcome for event in recorder.all(ItemFinished)), key=lambda outcome: outcome.index)
    assert told == got
    begun = {event.index: event for event in recorder.all(ItemStarted)}
    for outcome in got:
        event = begun[outcome.index]
        assert (event.key, event.item, event.attempt) == (str(outcome.index), outcome.item, 1)
        assert (event.worker, event.at) == (outcome.worker, outcome.started)


def test_a_group_tells_of_its_tasks():
    recorder = Recorder()
    with TaskGroup(workers=1, name="g", listeners=[recorder]) as group:
        task = group.start(halve, 4)
    (finished,) = recorder.all(ItemFinished)
    assert finished.outcome[:6] == (0, 0, task, Status.DONE, 2, None)
    assert finished.outcome.worker == "g-1"


def test_a_failed_and_a_cancelled_task_of_a_group_are_told_as_such():
    recorder, begun = Recorder(), threading.Event()

    def wait():
        begun.set()
        current().sleep(60)

    def fail():
        assert begun.wait(PATIENCE)
        raise ValueError("no")

    with pytest.raises(ExceptionGroup), TaskGroup(workers=2, listeners=[recorder]) as group:
        group.start(wait)
        group.start(fail)
    statuses = {event.outcome.index: event.outcome.status for event in recorder.all(ItemFinished)}
    assert statuses == {0: Status.CANCELLED, 1: Status.FAILED}


def test_every_item_is_told_to_finish_also_in_a_run_that_is_stopped():
    recorder, begun = Recorder(), threading.Barrier(2)

    def work(number):
        begun.wait(PATIENCE)
        if number == 0:
            raise ValueError("no")
        current().sleep(60)

    halted = threadwork.map(work, itertools.count(), workers=2, batch=1, halt=Halt(1), listeners=[recorder])
    outcomes = {outcome.index: outcome for outcome in halted.outcomes()}
    told = [event.outcome for event in recorder.all(ItemFinished)]
    assert sorted(event.index for event in recorder.all(ItemStarted)) == [0, 1]
    assert sorted(outcome.index for outcome in told) == sorted(outcomes)
    assert {outcome.index: outcome.status for outcome in told} == {each.index: each.status for each in outcomes.values()}
    assert [outcomes[index].status for index in (0, 1, 2)] == [Status.FAILED, Status.CANCELLED, Status.CANCELLED]


def test_the_end_comes_after_the_end_of_every_item_whoever_tells_of_them(gate):
    events, telling = [], threading.Event()

    def listen(event):
        if isinstance(event, ItemFinished) and threading.current_thread().name == "canceller":
            telling.set()
            assert gate.wait(10)
        events.append(event)

    run = threadwork.map(lambda _: current().sleep(30), range(8), workers=1, batch=1, listeners=[listen])
    consumer = Aside(lambda: list(run.outcomes()))
    wait_until(lambda: run.stats().admitted == 8)
    canceller = threading.Thread(target=run.cancel, name="canceller")
    canceller.start()
    assert telling.wait(10)
    wait_until(lambda: run.stats().running == 0)
    assert not any(isinstance(event, RunFinished) for event in events)
    gate.set()
    canceller.join()
    consumer.result()
    assert isinstance(events[-1], RunFinished)
    assert sum(isinstance(event, ItemFinished) for event in events) == 8


def test_an_item_whose_key_fails_is_told_to_start_and_to_finish():
    recorder = Recorder()
    list(threadwork.map(halve, [2], workers=1, key=lambda _: 1 // 0, listeners=[recorder]).outcomes())
    assert recorder.kinds()[2:4] == [ItemStarted, ItemFinished]


def test_the_beginning_tells_how_much_there_is_where_that_is_known():
    def total(*inputs):
        recorder = Recorder()
        threadwork.for_each(lambda *_: None, *inputs, name="r", workers=3, listeners=[recorder])
        (begun,) = recorder.all(RunStarted)
        assert (begun.name, begun.workers) == ("r", 3)
        return begun.total

    assert total([1, 2, 3]) == 3
    assert total([1, 2, 3], range(2)) == 2
    assert total(iter([1, 2, 3])) is None
    assert total([1, 2, 3], iter([1])) is None


def test_the_end_tells_the_summary():
    recorder = Recorder()
    summary = threadwork.for_each(halve, range(10), check=False, listeners=[recorder])
    assert recorder.all(RunFinished) == [RunFinished(summary)]


def test_a_run_that_is_left_early_tells_its_end():
    recorder = Recorder()
    for _ in threadwork.map(str, itertools.count(), workers=2, listeners=[recorder]):
        break
    assert recorder.kinds()[-1] is RunFinished
    assert recorder.all(RunFinished)[0].summary.status is RunStatus.CANCELLED
    assert len(recorder.all(WorkerExited)) == len(recorder.all(WorkerStarted))


def test_listeners_of_a_pool_hear_its_threads_and_all_its_runs():
    of_the_pool, of_the_run = Recorder(), Recorder()
    with Pool(workers=1, listeners=[of_the_pool]) as pool:
        pool.map(halve, [2]).collect()
        pool.map(halve, [4], listeners=[of_the_run]).collect()
    item = [ItemStarted, ItemFinished]
    assert of_the_run.kinds() == [RunStarted, *item, RunFinished]
    assert of_the_pool.kinds() == [RunStarted, WorkerStarted, *item, RunFinished, WorkerExited]


def test_events_cannot_be_changed():
    recorder = Recorder()
    threadwork.for_each(halve, [2], listeners=[recorder])
    for event, _ in recorder.told:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(event, dataclasses.fields(event)[0].name, None)


def test_a_listener_may_cancel_the_run():
    def stop(event):
        if isinstance(event, ItemStarted):
            run.cancel("heard enough")

    run = threadwork.map(str, itertools.count(), workers=1, listeners=[stop])
    with pytest.raises(threadwork.RunCancelled, match="heard enough"):
        run.collect()


# Listeners that fail


@every_consumer
@every_kind_of_event
def test_a_listener_that_fails_is_logged_once_and_detached_and_the_run_goes_on(consume, kind, caplog):
    calls, other = [], Recorder()

    def fail(event):
        if isinstance(event, kind):
            calls.append(event)
            raise ZeroDivisionError("cannot listen")

    with caplog.at_level(logging.ERROR, "threadwork"):
        consume(lambda number: number, range(20), workers=1, listeners=[fail, other])
    assert len(calls) == 1
    (record,) = caplog.records
    assert record.name == "threadwork"
    assert f"failed at {kind.__name__} and is told no more" in record.getMessage()
    assert record.exc_info[0] is ZeroDivisionError
    assert sorted(event.outcome.index for event in other.all(ItemFinished)) == list(range(20))
    assert other.all(RunFinished)[0].summary.ok


def test_a_listener_that_failed_hears_the_next_run_again(caplog):
    heard = []

    def fail(event):
        heard.append(event)
        raise ZeroDivisionError

    for _ in range(2):
        threadwork.for_each(halve, [2, 4], listeners=[fail])
    assert len(heard) == len(caplog.records) == 2


@every_consumer
@pytest.mark.parametrize("kind", [RunStarted, ItemStarted, ItemFinished, WorkerExited, RunFinished])
@pytest.mark.parametrize("interrupt", [SystemExit, KeyboardInterrupt])
def test_an_interrupt_in_a_listener_ends_the_run(consume, kind, interrupt):
    raised = interrupt("enough")

    def leave(event):
        if isinstance(event, kind):
            raise raised

    items = [1] if consume is in_a_group else range(1000)
    with pytest.raises(interrupt) as caught:
        consume(lambda number: number, items, workers=1, name="r", listeners=[leave])
    assert caught.value is raised


@pytest.mark.parametrize(
    "consume",
    [
        "threadwork.map(str, range(1000), **options).collect()",
        "list(threadwork.map(str, range(1000), **options).outcomes())",
        "threadwork.for_each(str, range(1000), **options)",
        "with threadwork.TaskGroup(**options) as group: group.start(str, 1)",
    ],
)
def test_an_interrupt_in_a_listener_that_hears_of_a_new_worker_ends_the_run(consume):
    """In a child process: a run that never ends could not be got rid of."""
    program = f"""
import threadwork
from tests.support.aside import Aside, wait_until

def leave(event):
    if isinstance(event, threadwork.WorkerStarted):
        raise SystemExit(7)

options = {{"workers": 1, "listeners": [leave], "grace": 1}}
{consume}
"""
    child = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=5, check=False)
    assert (child.returncode, child.stderr) == (7, b"")
