"""Guarantee 8: nothing runs after the end, except abandoned tasks, which are named."""

import itertools
import threading

import pytest

import threadwork
from tests.support.aside import Aside, wait_for, wait_until
from threadwork import RunCancelled, RunStatus, Status, current


def threads_of(name):
    return sorted(thread.name for thread in threading.enumerate() if thread.name.startswith(f"{name}-"))


def leave_by_break(run):
    for _ in run:
        break


def leave_by_error(run):
    with pytest.raises(ZeroDivisionError):
        for _ in run:
            _ = 1 // 0


def leave_by_with(run):
    with run:
        next(run)


def leave_by_close(run):
    next(run)
    run.close()
    run.close()


def leave_outcomes(run):
    for _ in run.outcomes():
        break


def leave_outcomes_by_close(run):
    results = run.outcomes()
    next(results)
    run.close()


def leave_after_next(run):
    next(run)
    for _ in run:
        break


LEAVE = pytest.mark.parametrize(
    "leave",
    [leave_by_break, leave_by_error, leave_by_with, leave_by_close, leave_outcomes, leave_outcomes_by_close, leave_after_next],
)


@LEAVE
@pytest.mark.parametrize("batch", [1, "auto"])
def test_no_thread_is_left_when_the_run_is_left(leave, batch):
    run = threadwork.map(lambda item: item, itertools.count(), workers=4, batch=batch, name=f"{leave.__name__}-{batch}")
    leave(run)
    left = threads_of(f"{leave.__name__}-{batch}")
    run.close()
    assert left == []
    assert run.stats().status in (RunStatus.CANCELLED, RunStatus.FAILED)
    assert run.stats().abandoned == ()


@pytest.mark.parametrize("leave", [list, lambda run: list(run.outcomes()), lambda run: run.collect()])
def test_no_thread_is_left_at_the_end(leave):
    run = threadwork.map(abs, range(100), workers=4, name="done")
    leave(run)
    assert threads_of("done") == []
    assert run.stats().status is RunStatus.COMPLETED


def test_a_run_that_is_dropped_ends():
    run = threadwork.map(abs, itertools.count(), workers=2, name="dropped")
    next(run)
    del run
    wait_until(lambda: threads_of("dropped") == [])


def test_a_close_from_elsewhere_ends_a_waiting_consumer(gate):
    begun = threading.Event()

    def task(item):
        begun.set()
        current().sleep(30)

    run = threadwork.map(task, range(5), workers=2, name="closed")
    consumer = Aside(run.collect)
    wait_for(begun)
    run.close()
    with pytest.raises(RunCancelled, match="closed"):
        consumer.result()
    assert threads_of("closed") == []


class TestAbandoned:
    """A task that does not stop within the grace is left behind and named."""

    @pytest.mark.parametrize("batch", [1, 5])
    def test_outcomes_account_for_it(self, gate, batch):
        def task(item):
            if item == 2:
                run.cancel("stop")
                gate.wait(30)
            return item

        run = threadwork.map(task, range(5), workers=1, batch=batch, grace=0.05, name="hung")
        outcomes = Aside(lambda: list(run.outcomes())).result()
        assert [(outcome.index, outcome.status) for outcome in outcomes[:3]] == [(0, "done"), (1, "done"), (2, "cancelled")]
        assert outcomes[2].worker == "hung-1"
        assert {outcome.status for outcome in outcomes[3:]} <= {Status.CANCELLED}
        assert run.stats().abandoned == ("hung-1",)
        assert "left behind: hung-1" in str(run.stats())
        assert threads_of("hung") == ["hung-1"]
        gate.set()
        wait_until(lambda: threads_of("hung") == [])

    def test_break_leaves_it_behind_after_the_grace(self, gate):
        def task(item):
            if item:
                gate.wait(30)
            return item

        run = threadwork.map(task, range(2), workers=2, batch=1, grace=0.05, name="hung")

        def consume():
            for _ in run:
                wait_until(lambda: run.stats().running == 1)
                break

        Aside(consume).result()
        assert len(run.stats().abandoned) == 1
        assert not gate.is_set()

    def test_no_grace_is_no_wait(self, gate):
        def task(item):
            run.cancel()
            gate.wait(30)

        run = threadwork.map(task, [1], grace=0, name="hung")
        with pytest.raises(RunCancelled):
            Aside(run.collect).result()
        assert "hung-1" in run.stats().abandoned

    def test_what_it_returns_later_changes_nothing(self, gate):
        def task(item):
            run.cancel()
            gate.wait(30)
            return "late"

        run = threadwork.map(task, [1], grace=0, name="hung")
        outcomes = Aside(lambda: list(run.outcomes())).result()
        before = run.stats()
        gate.set()
        wait_until(lambda: threads_of("hung") == [])
        assert run.stats() == before
        assert [outcome.value for outcome in outcomes] == [None]

    def test_an_error_it_raises_later_changes_nothing(self, gate):
        def task(item):
            run.cancel()
            gate.wait(30)
            raise ValueError("late")

        run = threadwork.map(task, [1], grace=0, name="hung")
        Aside(lambda: list(run.outcomes())).result()
        before = run.stats()
        gate.set()
        wait_until(lambda: threads_of("hung") == [])
        assert run.stats() == before

    @pytest.mark.parametrize("fails", [False, True])
    @pytest.mark.parametrize("batch", [1, 4])
    def test_an_item_whose_listener_hangs_is_counted_once(self, gate, batch, fails):
        # Its outcome exists, and its worker hangs before the batch is given back.
        told = threading.Event()

        def listener(event):
            if isinstance(event, threadwork.ItemFinished) and event.outcome.index == 2:
                told.set()
                gate.wait(30)

        def task(item):
            if fails and item == 2:
                raise ValueError(item)
            return item

        run = threadwork.map(task, range(4), workers=1, batch=batch, grace=0.05, listeners=[listener])
        consumer = Aside(lambda: list(run.outcomes()))
        wait_for(told)
        run.cancel()
        outcomes = consumer.result()
        assert [outcome.index for outcome in outcomes] == list(range(len(outcomes)))
        counts = run.stats()
        assert min(counts.done, counts.failed, counts.cancelled) >= 0
        assert counts.done + counts.failed + counts.cancelled == counts.admitted == len(outcomes)

    def test_a_hung_input_is_named(self, gate):
        def source():
            yield 1
            gate.wait(30)

        run = threadwork.map(abs, source(), grace=0.05, name="hung")

        def consume():
            for _ in run:
                break

        Aside(consume).result()
        assert set(run.stats().abandoned) <= {"hung-input"}
        assert not gate.is_set()


def test_stats_count_up_while_it_runs(gate):
    def task(item):
        if item == 5:
            gate.wait(10)
        return item

    run = threadwork.map(task, range(10), workers=1, batch=1)
    assert run.stats().status is RunStatus.PENDING
    assert run.stats().admitted == 0
    results = iter(run)
    for _ in range(5):
        next(results)
    wait_until(lambda: run.stats().running == 1)
    summary = run.stats()
    assert (summary.status, summary.done, summary.workers) == (RunStatus.RUNNING, 5, 1)
    gate.set()
    assert list(results) == [5, 6, 7, 8, 9]
    summary = run.stats()
    assert (summary.status, summary.admitted, summary.done, summary.running, summary.ok) == (RunStatus.COMPLETED, 10, 10, 0, True)
    assert run.stats().elapsed == summary.elapsed


def test_a_dump_shows_item_age_and_stack(gate):
    begun = threading.Event()

    def deep_in_the_task():
        begun.set()
        gate.wait(10)

    run = threadwork.map(lambda item: deep_in_the_task(), ["the item"], name="seen")
    consumer = Aside(run.collect)
    wait_for(begun)
    told = run.dump()
    assert "seen-1: item 0 'the item'" in told
    assert "deep_in_the_task" in told
    gate.set()
    consumer.result()
    assert "deep_in_the_task" not in run.dump()
