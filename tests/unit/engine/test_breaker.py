"""The option `breaker`: what is down is not called, and the run learns how each attempt ended."""

import time

import pytest

import threadwork
from threadwork import Breaker, CircuitOpen, InvalidOption, Limit, Retry, Status, TaskGroup, TaskTimeout, current
from threadwork.testing import ManualClock, using


def service(down):
    """Return a task whose items are names; `down` are those that raise. And what was called."""
    called = []

    def call(name):
        called.append(name)
        if name in down:
            raise ConnectionError(name)
        return name

    return call, called


def test_what_is_down_is_not_called_and_what_is_up_is():
    call, called = service({"down"})
    breaker = Breaker(3, key=str)
    run = threadwork.map(call, ["up", "down"] * 10, workers=1, breaker=breaker)
    outcomes = list(run.outcomes())
    assert [type(outcome.error) for outcome in outcomes[1::2]] == [ConnectionError] * 3 + [CircuitOpen] * 7
    assert all(outcome.ok for outcome in outcomes[::2])
    assert called.count("down") == 3
    assert outcomes[-1].error.key == "down"
    assert run.stats().failed == 10


def test_a_value_that_is_asked_for_raises_the_refusal():
    call, _ = service({"down"})
    breaker = Breaker(1)
    breaker.failed(None, ConnectionError(), 1e12)
    with pytest.raises(CircuitOpen, match="has failed too often"):
        threadwork.map(call, ["up"], breaker=breaker).collect()


def test_it_is_shared_by_runs():
    call, called = service({"down"})
    breaker = Breaker(2)
    threadwork.for_each(call, ["down"] * 2, breaker=breaker, check=False)
    threadwork.for_each(call, ["up"] * 5, breaker=breaker, check=False)
    assert called == ["down"] * 2


def test_what_is_refused_is_tried_again_when_the_circuit_may_close():
    down, clock = {"a"}, ManualClock()
    call, called = service(down)

    def mended(name):
        if clock.now() >= 30:
            down.discard(name)
        return call(name)

    with using(clock):
        run = threadwork.map(
            mended, ["a"] * 3, workers=1, breaker=Breaker(1, open_for=30.0), retry=Retry(3, backoff=1.0, jitter="none")
        )
        outcomes = list(run.outcomes())
    assert all(outcome.ok for outcome in outcomes)
    assert called == ["a"] * 4
    assert clock.now() == pytest.approx(30.0, abs=3.0)


def test_a_refusal_takes_nothing_from_the_limits():
    call, _ = service({"down"})
    together, rate = Limit.concurrency(1, key=str), Limit.rate(1, per=1000, burst=1, key=str)
    breaker = Breaker(1, key=str)
    breaker.failed("down", ConnectionError(), 1e12)
    run = threadwork.map(call, ["down"] * 20, limits=[together, rate], breaker=breaker)
    assert {type(outcome.error) for outcome in run.outcomes()} == {CircuitOpen}
    assert together.enter("down", time.monotonic()) == 0.0
    assert rate.enter("down", time.monotonic()) == 0.0


def test_a_key_that_cannot_be_told_fails_the_item_alone():
    breaker = Breaker(key=lambda item: 1 / item)
    outcomes = list(threadwork.map(str, [1, 0, 2], breaker=breaker).outcomes())
    assert [outcome.status for outcome in outcomes] == [Status.DONE, Status.FAILED, Status.DONE]
    assert isinstance(outcomes[1].error, ZeroDivisionError)


def test_in_a_task_group_a_refusal_is_the_error_of_the_task():
    breaker = Breaker(1)
    breaker.failed(None, ConnectionError(), 1e12)
    with pytest.raises(ExceptionGroup) as caught, TaskGroup(breaker=breaker) as group:
        task = group.start(str, 1)
    assert isinstance(task.exception(), CircuitOpen)
    assert caught.group_contains(CircuitOpen)


def test_in_a_task_group_a_key_that_cannot_be_told_fails_the_task_alone():
    limit = Limit.concurrency(1, key=lambda task: 1 // 0)
    with pytest.raises(ExceptionGroup) as caught, TaskGroup(limits=limit) as group:
        task = group.start(str, 1)
    assert isinstance(task.exception(), ZeroDivisionError)
    assert caught.group_contains(ZeroDivisionError)


def test_an_attempt_that_takes_too_long_is_a_failure():
    breaker = Breaker(1)
    run = threadwork.map(lambda item: current().sleep(60), [1, 2], workers=1, breaker=breaker, task_timeout=0.01)
    assert [type(outcome.error) for outcome in run.outcomes()] == [TaskTimeout, CircuitOpen]


def test_what_is_no_breaker_is_refused():
    with pytest.raises(InvalidOption, match=r"breaker must be a Breaker, as in Breaker\(failures=5\), not 5"):
        threadwork.map(str, [1], breaker=5)
