"""`Run` as an object: what it can be used for, and what it says when it is used wrongly."""

import gc
import threading
import warnings

import pytest

import threadwork
from tests.support.aside import Aside, wait_for
from threadwork import RunClosed


def test_the_three_ways_to_consume():
    assert list(threadwork.map(abs, [-1, 2])) == [1, 2]
    assert threadwork.map(abs, [-1, 2]).collect() == [1, 2]
    assert [outcome.value for outcome in threadwork.map(abs, [-1, 2]).outcomes()] == [1, 2]


FIRST = [list, lambda run: run.collect(), lambda run: list(run.outcomes())]
SECOND = [iter, lambda run: run.collect(), lambda run: run.outcomes(), next]


@pytest.mark.parametrize("first", FIRST)
@pytest.mark.parametrize("second", SECOND)
def test_a_run_is_consumed_once(first, second):
    run = threadwork.map(abs, [1, 2], name="once")
    first(run)
    with pytest.raises(RunClosed, match=r"once.*completed.*only once"):
        second(run)


@pytest.mark.parametrize("second", [iter, lambda run: run.collect(), lambda run: run.outcomes()])
def test_a_run_that_was_left_is_over(second):
    run = threadwork.map(abs, range(1000))
    for _ in run:
        break
    with pytest.raises(RunClosed, match="cancelled"):
        second(run)


def test_a_run_that_was_closed_before_it_began_is_over():
    run = threadwork.map(abs, range(1000))
    run.close()
    with pytest.raises(RunClosed):
        run.collect()


def test_values_then_outcomes_is_refused():
    run = threadwork.map(abs, [1, 2])
    assert next(run) == 1
    with pytest.raises(RunClosed, match="running"):
        run.outcomes()
    assert list(run) == [2]


def test_next_and_for_continue_each_other():
    run = threadwork.map(abs, range(6))
    assert next(run) == 0
    for value in run:
        assert value == 1
        break
    assert run.stats().status != "pending"
    run.close()


def test_next_at_the_end():
    run = threadwork.map(abs, [1])
    assert next(run) == 1
    with pytest.raises(StopIteration):
        next(run)
    with pytest.raises(StopIteration):
        next(run)


def test_next_after_an_error_of_an_item():
    run = threadwork.map(abs, ["x", 1])
    with pytest.raises(TypeError):
        next(run)
    with pytest.raises((StopIteration, RunClosed)):
        next(run)


def test_two_consumers_at_once_are_refused(gate):
    begun = threading.Event()

    def task(item):
        begun.set()
        gate.wait(10)
        return item

    run = threadwork.map(task, [1, 2], workers=1)
    first = Aside(lambda: next(run))
    wait_for(begun)
    try:
        with pytest.raises(RunClosed):
            next(run)
    finally:
        gate.set()
        assert first.result() == 1
        run.close()


def test_a_run_that_is_never_consumed_says_so():
    run = threadwork.map(abs, [1], name="forgotten")
    with pytest.warns(ResourceWarning, match=r"'forgotten' was never consumed.*collect\(\)"):
        del run
        gc.collect()


@pytest.mark.parametrize("use", [lambda run: run.close(), lambda run: run.cancel(), list, lambda run: list(run.outcomes())])
def test_a_run_that_was_dealt_with_says_nothing(use):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = threadwork.map(abs, [1])
        use(run)
        del run
        gc.collect()


def test_a_with_that_consumes_nothing_starts_nothing():
    pulled = []
    with threadwork.map(abs, (pulled.append(item) for item in range(3))) as run:
        pass
    assert pulled == []
    assert run.stats().status == "pending"


def test_for_each_tells_the_name_and_the_counts():
    summary = threadwork.for_each(abs, range(100), workers=3, name="count")
    assert (summary.name, summary.admitted, summary.done, summary.failed, summary.ok) == ("count", 100, 100, 0, True)
    assert summary.elapsed > 0
    assert 1 <= summary.workers <= 3


def test_cancelling_from_a_callback_of_the_run_itself():
    def task(item):
        if item == 10:
            run.cancel("a task decides")
        return item

    run = threadwork.map(task, range(1000), workers=1, batch=1)
    received = []
    with pytest.raises(threadwork.RunCancelled, match="a task decides"):
        for value in run:
            received.append(value)  # noqa: PERF402 - what comes before the error counts
    assert received == list(range(len(received)))


@pytest.mark.parametrize("stop", [lambda run: run.close(), lambda run: run.cancel()])
def test_a_consumer_may_stop_its_own_run_in_its_loop(stop):
    run = threadwork.map(abs, range(100_000), workers=2)
    received = []
    try:
        for value in run:
            received.append(value)
            if value == 100:
                stop(run)
    except threadwork.RunCancelled:
        pass
    assert received[:101] == list(range(101))
    assert len(received) < 100_000
