"""`Halt`: when failures stop a run, and what becomes of the rest."""

import threading

import pytest

import threadwork
from tests.support.aside import Aside, wait_for, wait_until
from threadwork import Halt, RunStatus, Status


def fail(item):
    raise ValueError(item)


def fail_even(item):
    if item % 2 == 0:
        raise ValueError(item)
    return item


def counts_of(outcomes):
    statuses = [outcome.status for outcome in outcomes]
    return {status: statuses.count(status) for status in set(statuses)}


@pytest.mark.parametrize("batch", [1, 10])
@pytest.mark.parametrize("failures", [1, 3, 10])
def test_outcomes_halt_at_that_many_failures_and_account_for_every_admitted_item(batch, failures):
    run = threadwork.map(fail_even, range(1000), workers=1, batch=batch, halt=Halt(failures))
    outcomes = list(run.outcomes())
    counts = counts_of(outcomes)
    assert counts[Status.FAILED] == failures
    assert [outcome.index for outcome in outcomes] == list(range(len(outcomes)))
    summary = run.stats()
    assert summary.admitted == len(outcomes) < 1000
    assert (summary.failed, summary.done, summary.cancelled) == (
        failures,
        counts.get(Status.DONE, 0),
        counts.get(Status.CANCELLED, 0),
    )
    assert summary.status is RunStatus.HALTED


def test_outcomes_never_halt_by_default():
    run = threadwork.map(fail, range(300), workers=3)
    assert len([outcome for outcome in run.outcomes() if outcome.status is Status.FAILED]) == 300
    assert run.stats().status is RunStatus.COMPLETED


def test_for_each_halts_and_raises_the_errors_there_are():
    with pytest.raises(ExceptionGroup) as raised:
        threadwork.for_each(fail, range(1000), workers=1, halt=Halt(4))
    assert [error.args for error in raised.value.exceptions] == [(0,), (1,), (2,), (3,)]


def test_a_share_halts_when_it_is_passed():
    run = threadwork.map(lambda item: fail(item) if item % 10 == 0 else item, range(1000), workers=1, batch=1, halt=Halt("5%"))
    outcomes = list(run.outcomes())
    # One failure among the first twenty is allowed; the second one, item 10, is more than 5% of the items so far.
    assert [outcome.index for outcome in outcomes if outcome.status is Status.FAILED] == [0, 10]


def test_a_share_that_is_not_passed_does_not_halt():
    run = threadwork.map(lambda item: fail(item) if item % 50 == 49 else item, range(1000), workers=1, batch=1, halt=Halt("5%"))
    assert len([outcome for outcome in run.outcomes() if not outcome.ok]) == 20


def test_values_raise_at_the_first_failed_item_whatever_the_limit():
    received = []
    with pytest.raises(ValueError, match="0"):
        for value in threadwork.map(fail_even, range(100), workers=1, halt=Halt(50)):
            received.append(value)  # noqa: PERF402 - what comes before the error counts
    assert received == []


@pytest.mark.parametrize("mode", ["values", "outcomes"])
def test_running_tasks_are_asked_to_stop(mode):
    running = threading.Event()

    def task(item):
        if item == 1:
            wait_for(running)
            fail(item)
        running.set()
        threadwork.current().sleep(30)

    run = threadwork.map(task, range(2), workers=2, batch=1, halt=Halt(1))
    if mode == "outcomes":
        assert [outcome.status for outcome in run.outcomes()] == [Status.CANCELLED, Status.FAILED]
    else:
        with pytest.raises(ValueError, match="1"):
            run.collect()
    assert (run.stats().failed, run.stats().cancelled, run.stats().abandoned) == (1, 1, ())


def test_draining_lets_what_has_begun_come_to_its_end(gate):
    running, failed = threading.Event(), threading.Event()

    def task(item):
        if item == 1:
            wait_for(running)
            fail(item)
        running.set()
        failed.wait(10)
        assert not threadwork.current().cancelled
        return "whole"

    run = threadwork.map(task, range(100), workers=2, batch=1, grace=0, halt=Halt(1, drain=True))
    consumer = Aside(lambda: list(run.outcomes()))
    wait_until(lambda: run.stats().failed == 1)
    failed.set()
    outcomes = consumer.result()
    assert (outcomes[0].value, outcomes[1].status) == ("whole", Status.FAILED)
    assert {outcome.status for outcome in outcomes[2:]} <= {Status.CANCELLED}
    assert run.stats().abandoned == ()


@pytest.mark.parametrize("stop", ["cancel", "timeout"])
def test_a_stop_while_draining_waits_for_the_grace_alone(gate, stop):
    running = threading.Event()

    def task(item):
        if item == 1:
            wait_for(running)
            fail(item)
        running.set()
        gate.wait(30)

    timeout = 0.2 if stop == "timeout" else None
    run = threadwork.map(task, range(2), workers=2, batch=1, grace=0.05, timeout=timeout, halt=Halt(1, drain=True), name="drain")
    consumer = Aside(lambda: list(run.outcomes()))
    wait_until(lambda: run.stats().failed == 1)
    if stop == "cancel":
        run.cancel()
        assert [outcome.status for outcome in consumer.result()] == [Status.CANCELLED, Status.FAILED]
    else:
        with pytest.raises(threadwork.DeadlineExceeded):
            consumer.result()
    assert run.stats().abandoned == ("drain-1",)
    assert not gate.is_set()


@pytest.mark.parametrize("drain", [False, True])
@pytest.mark.parametrize("mode", ["values", "outcomes", "for_each"])
def test_a_halted_run_does_not_wait_for_a_blocked_input(gate, mode, drain):
    blocked = threading.Event()

    def source():
        yield 0
        blocked.set()
        gate.wait(30)

    def fail_later(item):
        wait_for(blocked)
        fail(item)

    options = {"workers": 1, "grace": 0.3, "halt": Halt(1, drain=drain), "name": "blocked"}
    if mode == "for_each":
        with pytest.raises(ExceptionGroup):
            Aside(lambda: threadwork.for_each(fail_later, source(), **options)).result()
        return
    run = threadwork.map(fail_later, source(), **options)
    if mode == "values":
        with pytest.raises(ValueError, match="0"):
            Aside(run.collect).result()
    else:
        assert [outcome.status for outcome in Aside(lambda: list(run.outcomes())).result()] == [Status.FAILED]
    assert run.stats().abandoned == ("blocked-input",)
    assert not gate.is_set()
