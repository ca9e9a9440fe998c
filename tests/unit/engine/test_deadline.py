"""`timeout`: the deadline of a whole run."""

import threading

import pytest

import threadwork
from tests.support.aside import Aside, wait_for
from threadwork import Cancelled, DeadlineExceeded, RunStatus, Status, current
from threadwork.engine.options import Settings
from threadwork.engine.run import run_of
from threadwork.testing import ManualClock

LISTENED = pytest.mark.parametrize("listeners", [[], [lambda event: None]], ids=["alone", "listened"])


@LISTENED
@pytest.mark.parametrize("ordered", [True, False])
def test_values_end_with_the_deadline(ordered, listeners):
    run = threadwork.map(
        lambda item: current().sleep(item), [0, 30, 30], workers=3, timeout=0.05, ordered=ordered, listeners=listeners
    )
    with pytest.raises(DeadlineExceeded, match=r"0\.05 s"):
        run.collect()
    assert run.stats().status is RunStatus.DEADLINE


def test_outcomes_come_first_and_then_the_deadline_is_raised():
    run = threadwork.map(lambda item: current().sleep(item), [0, 30], workers=2, batch=1, timeout=0.05)
    outcomes = []
    with pytest.raises(DeadlineExceeded):
        for outcome in run.outcomes():
            outcomes.append(outcome)  # noqa: PERF402 - what comes before the error counts
    assert [outcome.status for outcome in outcomes] == [Status.DONE, Status.CANCELLED]


def test_for_each_raises_it():
    with pytest.raises(DeadlineExceeded):
        threadwork.for_each(lambda item: current().sleep(30), range(100), workers=2, timeout=0.05)


def test_it_is_a_timeout_error_and_one_of_ours():
    assert issubclass(DeadlineExceeded, TimeoutError)
    assert issubclass(DeadlineExceeded, threadwork.ThreadworkError)


def test_a_run_that_ends_in_time_leaves_no_alarm_behind():
    assert threadwork.map(abs, range(10), timeout=3600, name="punctual").collect() == list(range(10))
    assert not any(thread.name.startswith("punctual") for thread in threading.enumerate())


def test_a_timeout_of_nothing_runs_nothing_for_long():
    with pytest.raises(DeadlineExceeded):
        threadwork.map(lambda item: current().sleep(30), range(10), timeout=0).collect()


def test_a_blocked_input_does_not_hold_up_the_deadline(gate):
    def source():
        yield 1
        gate.wait(30)

    run = threadwork.map(abs, source(), timeout=0.05, grace=0.05, name="late")
    with pytest.raises(DeadlineExceeded):
        Aside(run.collect).result()
    assert run.stats().abandoned == ("late-input",)


def test_a_paused_consumer_meets_the_deadline_when_it_comes_back():
    clock = ManualClock()
    run = run_of(abs, (iter(int, 1),), Settings(workers=2, buffersize=10, timeout=5.0, clock=clock))
    next(run)
    clock.advance(5)
    with pytest.raises(DeadlineExceeded):
        Aside(lambda: list(run)).result()


def test_remaining_counts_down_to_nothing():
    clock = ManualClock()

    def task(item):
        left = [current().remaining()]
        for seconds in (1, 2.5, 0.5):
            clock.advance(seconds)
            left.append(current().remaining())
        return left

    assert run_of(task, ([1],), Settings(workers=1, timeout=10.0, clock=clock)).collect() == [[10.0, 9.0, 6.5, 6.0]]


def test_a_checkpoint_behind_the_deadline_raises_even_before_the_alarm():
    clock = ManualClock()

    def task(item):
        clock.advance(11)
        current().checkpoint()

    with pytest.raises(DeadlineExceeded):
        run_of(task, ([1],), Settings(workers=1, timeout=10.0, clock=clock)).collect()


def test_an_inner_run_has_no_more_time_than_the_outer_one():
    clock = ManualClock()

    def outer(item):
        settings = Settings(workers=1, timeout=100.0, clock=clock)
        return run_of(lambda item: current().remaining(), ([1],), settings).collect()

    assert run_of(outer, ([1],), Settings(workers=1, timeout=10.0, clock=clock)).collect() == [[10.0]]


def test_the_deadline_of_the_outer_run_stops_the_inner_one():
    seen = []

    def inner(item):
        try:
            current().sleep(30)
        except Cancelled as error:
            seen.append(error)
            raise

    def outer(item):
        return threadwork.map(inner, [1], name="inner").collect()

    with pytest.raises(DeadlineExceeded):
        threadwork.map(outer, [1], timeout=0.05).collect()
    assert len(seen) == 1


def test_an_inner_deadline_is_an_error_of_the_outer_item():
    def outer(item):
        return threadwork.map(lambda item: current().sleep(30), [1], timeout=0.01).collect()

    outcome = next(threadwork.map(outer, [1]).outcomes())
    assert (outcome.status, type(outcome.error)) == (Status.FAILED, DeadlineExceeded)


def test_sleep_ends_with_the_deadline():
    clock = ManualClock(jumps=False)
    asleep = threading.Event()

    def task(item):
        asleep.set()
        current().sleep(1000)

    run = run_of(task, ([1],), Settings(workers=1, timeout=10.0, clock=clock))
    consumer = Aside(run.collect)
    wait_for(asleep)
    clock.wait_for_waiters(3)  # the alarm, the sleeper, the consumer
    clock.advance(10)
    with pytest.raises(DeadlineExceeded):
        consumer.result()
