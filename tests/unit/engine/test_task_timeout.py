"""`task_timeout`: a task that takes too long is asked to stop, then left behind; the others do not notice."""

import itertools
import threading
import time

import pytest

import threadwork
from tests.support.aside import Aside, wait_for, wait_until
from threadwork import Cancelled, Halt, ItemFinished, Retry, Status, TaskGroup, TaskTimeout, current
from threadwork.testing import Recorder

SHORT = 0.05


def cooperative(item):
    if item == 3:
        current().sleep(30)
    return item


def test_a_task_that_hears_it_has_timed_out():
    run = threadwork.map(cooperative, range(6), workers=2, task_timeout=SHORT)
    outcomes = list(run.outcomes())
    assert [outcome.status for outcome in outcomes] == [Status.DONE] * 3 + [Status.TIMED_OUT] + [Status.DONE] * 2
    error = outcomes[3].error
    assert isinstance(error, TaskTimeout)
    assert "item 3 took longer than its task_timeout of 0.05 s" in str(error)
    assert isinstance(error.__cause__, Cancelled)
    assert str(error.__cause__) == "it took longer than its task_timeout"
    summary = run.stats()
    assert (summary.done, summary.failed, summary.timed_out, summary.cancelled) == (5, 0, 1, 0)
    assert summary.abandoned == ()
    assert not summary.ok


@pytest.mark.parametrize("batch", ["auto", 1, 4])
@pytest.mark.parametrize("ordered", [True, False])
def test_values_raise_it_like_any_error(batch, ordered):
    with pytest.raises(TaskTimeout, match="item 3") as caught:
        threadwork.map(cooperative, range(6), workers=2, task_timeout=SHORT, batch=batch, ordered=ordered).collect()
    assert "while processing item 3" in caught.value.__notes__[0]


def test_on_cancel_is_called_at_the_timeout(gate):
    def blocking(item):
        current().on_cancel(gate.set)
        assert gate.wait(10)
        current().checkpoint()

    outcome = next(threadwork.map(blocking, range(1), workers=1, task_timeout=SHORT).outcomes())
    assert outcome.status is Status.TIMED_OUT


def test_what_a_task_does_to_its_end_counts_although_it_took_too_long(gate):
    def late(item):
        current().on_cancel(gate.set)
        gate.wait(10)
        return item

    assert threadwork.map(late, range(1), workers=1, task_timeout=SHORT).collect() == [0]


def test_remaining_is_what_is_left_of_the_attempt():
    left = threadwork.map(lambda _: current().remaining(), range(2), workers=1, task_timeout=10).collect()
    assert all(9 < seconds <= 10 for seconds in left)


def test_the_timeout_of_the_run_counts_where_it_comes_first():
    left = threadwork.map(lambda _: current().remaining(), range(1), workers=1, task_timeout=10, timeout=5).collect()
    assert 4 < left[0] <= 5


@pytest.mark.parametrize("batch", ["auto", 1, 10])
def test_a_hung_task_is_left_behind_and_its_worker_replaced(gate, batch):
    def task(item):
        if item == 2:
            gate.wait(30)
        return item

    run = threadwork.map(task, range(10), workers=1, task_timeout=SHORT, grace=SHORT, name="hung", batch=batch)
    outcomes = list(run.outcomes())
    assert [outcome.index for outcome in outcomes] == list(range(10))
    assert [outcome.status for outcome in outcomes if not outcome.ok] == [Status.TIMED_OUT]
    assert (outcomes[2].item, outcomes[2].worker) == (2, "hung-1")
    assert isinstance(outcomes[2].error, TaskTimeout)
    assert outcomes[9].worker == "hung-2"
    assert run.stats().abandoned == ("hung-1",)
    assert (run.stats().done, run.stats().timed_out, run.stats().running) == (9, 1, 0)
    gate.set()
    wait_until(lambda: not any(thread.name == "hung-1" for thread in threading.enumerate()))
    assert (run.stats().done, run.stats().timed_out) == (9, 1)


def test_a_dump_shows_where_a_left_behind_task_hangs(gate):
    def stuck(item):
        gate.wait(30)

    run = threadwork.map(stuck, range(1), workers=1, task_timeout=SHORT, grace=0, name="hung")
    list(run.outcomes())
    assert "hung-1: left behind" in run.dump()
    assert "gate.wait(30)" in run.dump()
    gate.set()


@pytest.mark.parametrize(
    ("consume", "error"),
    [(lambda *a, **o: threadwork.map(*a, **o).collect(), TaskTimeout), (threadwork.for_each, ExceptionGroup)],
)
def test_a_hung_task_halts_a_run_that_halts_at_failures(gate, consume, error):
    def task(item):
        if item == 0:
            gate.wait(30)
        else:
            current().sleep(30)

    with pytest.raises(error):
        consume(task, range(4), workers=2, task_timeout=SHORT, grace=SHORT, halt=Halt(1), batch=1)
    gate.set()


def test_one_of_a_hundred_that_hangs_delays_nobody(gate):
    def task(item):
        if item == 50:
            gate.wait(30)
        return item

    began = time.monotonic()
    run = threadwork.map(task, range(100), workers=4, ordered=False, task_timeout=0.5, grace=0)
    received = [(outcome.index, time.monotonic() - began) for outcome in run.outcomes()]
    gate.set()
    assert max(seconds for index, seconds in received if index != 50) < 0.4
    assert {index for index, _ in received} == set(range(100))


def test_in_a_group(gate):
    def use():
        with TaskGroup(workers=1, task_timeout=SHORT, grace=SHORT, halt=Halt.never()) as group:
            tasks.append(group.start(current_sleep))
            tasks.append(group.start(gate.wait, 30))
            tasks.append(group.start(abs, -1))

    def current_sleep():
        current().sleep(30)

    tasks = []
    with pytest.raises(ExceptionGroup) as caught:
        Aside(use).result()
    assert [type(error) for error in caught.value.exceptions] == [TaskTimeout, TaskTimeout]
    for task in tasks[:2]:
        with pytest.raises(TaskTimeout):
            task.result(0)
    assert tasks[2].result() == 1
    gate.set()


def test_cancelling_is_not_a_timeout():
    begun = threading.Event()

    def task(item):
        begun.set()
        current().sleep(30)

    run = threadwork.map(task, range(1), workers=1, task_timeout=60)
    canceller = Aside(lambda: (wait_for(begun), run.cancel()))
    assert [outcome.status for outcome in run.outcomes()] == [Status.CANCELLED]
    canceller.result()


@pytest.mark.parametrize("wrong", [0, -1, "1", True, float("inf"), float("nan")])
def test_what_is_no_time_is_refused(wrong):
    with pytest.raises(threadwork.InvalidOption, match="task_timeout"):
        threadwork.map(abs, [], task_timeout=wrong)


def test_a_hung_attempt_may_be_tried_again_while_its_thread_still_hangs(gate):
    """The thread that hangs holds nothing up: not its item, and not the others."""

    def hang_once(item):
        if item == 1 and current().attempt == 1:
            gate.wait(10)
        return item

    run = threadwork.map(hang_once, range(4), workers=2, task_timeout=SHORT, grace=SHORT, retry=Retry(2, backoff=0))
    outcomes = list(run.outcomes())
    assert [(outcome.value, outcome.attempts) for outcome in outcomes] == [(0, 1), (1, 2), (2, 1), (3, 1)]
    summary = run.stats()
    assert (summary.done, summary.timed_out, summary.cancelled) == (4, 0, 0)
    assert len(summary.abandoned) == 1


def test_a_hung_attempt_that_has_no_other_tells_of_those_before(gate):
    run = threadwork.map(
        lambda item: gate.wait(10), [7], workers=1, task_timeout=SHORT, grace=0, retry=Retry(3, backoff=0), name="hang"
    )
    outcome = next(run.outcomes())
    assert (outcome.status, outcome.attempts, outcome.worker) == (Status.TIMED_OUT, 3, "hang-3")
    assert ["attempt" in note for note in outcome.error.__notes__] == [True] * 3
    assert 2 * SHORT > outcome.duration >= SHORT
    assert outcome.started >= 3 * SHORT - SHORT


@pytest.mark.parametrize("first", ["returns", "raises"])
def test_a_task_whose_first_attempt_hangs_has_the_result_of_the_one_that_ends(gate, first):
    def hang_once():
        if current().attempt == 1:
            gate.wait(10)
            if first == "raises":
                raise OSError
            return "late"
        return "in time"

    with TaskGroup(workers=1, task_timeout=SHORT, grace=0, retry=Retry(2, backoff=0)) as group:
        task = group.start(hang_once)
    assert task.result() == "in time"
    gate.set()


def test_more_than_so_many_threads_that_hang_end_the_run(gate, monkeypatch):
    monkeypatch.setattr("threadwork.engine.ledger._MOST_LEFT_BEHIND", 8)
    run = threadwork.map(lambda item: gate.wait(10), itertools.count(), workers=2, task_timeout=0.001, grace=0)
    with pytest.raises(TaskTimeout, match="8 threads were left behind, and hang"):
        for outcome in run.outcomes():
            assert outcome.status in {Status.TIMED_OUT, Status.CANCELLED}
    assert len(run.stats().abandoned) <= 10


def test_those_who_have_come_back_do_not_count(monkeypatch):
    monkeypatch.setattr("threadwork.engine.ledger._MOST_LEFT_BEHIND", 8)
    back, at_work_on = [], {}

    def late(item):
        at_work_on[threading.current_thread().name] = item
        with gate_of[item]:
            back.append(item)

    def has_left(worker, index):
        """Tell whether the thread has ended, or came back so soon that it was not replaced and goes on."""
        return worker not in {thread.name for thread in threading.enumerate()} or at_work_on[worker] != index

    gate_of = [threading.Lock() for _ in range(30)]
    for lock in gate_of:
        lock.acquire()
    run = threadwork.map(late, range(30), workers=1, buffersize=1, task_timeout=0.001, grace=0)
    for outcome in run.outcomes():
        assert outcome.status is Status.TIMED_OUT
        gate_of[outcome.index].release()
        wait_until(lambda index=outcome.index: index in back)
        wait_until(lambda worker=outcome.worker, index=outcome.index: has_left(worker, index))


def test_listeners_are_told_once_of_an_item_whose_worker_is_left_behind(gate):
    recorder = Recorder()
    run = threadwork.map(lambda item: gate.wait(10), range(2), workers=2, task_timeout=SHORT, grace=0, listeners=[recorder])
    assert [outcome.status for outcome in run.outcomes()] == [Status.TIMED_OUT] * 2
    gate.set()
    wait_until(lambda: not any(thread.name.startswith("threadwork") for thread in threading.enumerate()))
    told = [event.outcome for event in recorder.of(ItemFinished)]
    assert sorted(outcome.index for outcome in told) == [0, 1]
    assert {outcome.status for outcome in told} == {Status.TIMED_OUT}
