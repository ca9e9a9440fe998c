"""Moments that the storms have found, made to happen: each was wrong once."""

import threading
from collections import Counter, deque
from contextlib import contextmanager, suppress

import pytest

import threadwork
from threadwork import Halt, RunCancelled, RunClosed, TaskGroup
from threadwork.engine import execution, intake, worker
from threadwork.engine import run as run_module
from threadwork.engine.flow import Flow


def test_a_run_is_dumped_while_its_first_worker_is_being_started(monkeypatch):
    start, dumped = worker.start_thread, threading.Event()

    def start_late(*thread):
        thread = start(*thread)
        dumped.wait(1)
        return thread

    def dump(_):
        try:
            return run.dump()
        finally:
            dumped.set()

    monkeypatch.setattr(worker, "start_thread", start_late)
    run = threadwork.map(dump, range(1), workers=1, name="early")
    assert "early-1: item 0" in next(run)
    run.close()


class SlowToShow:
    """An item that holds up the thread which notes it on its task's error; the run is halted by then."""

    def __init__(self):
        self.leave = threading.Event()

    def __repr__(self):
        self.leave.wait(1)
        return "an item"


def fail(_):
    raise ValueError


CONSUME = {"values": list, "outcomes": lambda run: list(run.outcomes()), "nothing": lambda run: run.drain() and []}


@pytest.mark.parametrize("keep", CONSUME)
@pytest.mark.parametrize("listeners", [[], [lambda _: None]], ids=["unheard", "heard"])
def test_a_task_is_left_behind_when_it_has_just_failed(keep, listeners):
    item, outcomes = SlowToShow(), []
    run = threadwork.map(fail, [item], workers=1, grace=0, halt=Halt(1), listeners=listeners)
    try:
        outcomes += CONSUME[keep](run)
    except ValueError:
        assert keep == "values"
    summary, told = run.stats(), Counter(str(outcome.status) for outcome in outcomes)
    item.leave.set()
    assert (summary.admitted, summary.done, summary.failed + summary.cancelled) == (1, 0, 1)
    assert keep != "outcomes" or (told["failed"], told["cancelled"]) == (summary.failed, summary.cancelled)


def test_a_task_of_a_group_is_left_behind_when_it_has_just_failed():
    item, group = SlowToShow(), TaskGroup(workers=1, grace=0)
    with pytest.raises(ExceptionGroup), group:
        group.start(fail, item)
    summary = group.stats()
    item.leave.set()
    assert (summary.admitted, summary.done, summary.failed + summary.cancelled) == (1, 0, 1)


@pytest.mark.parametrize("left_at", [0, 1, 2])
def test_an_item_is_left_behind_when_it_was_just_taken(monkeypatch, left_at):
    taken, leave = threading.Event(), threading.Event()

    class SlowToGive(deque):
        """The items of a batch, which gives up one of them late."""

        def popleft(self):
            item = super().popleft()
            if item == left_at and threading.current_thread().name == "slow-1":
                taken.set()
                leave.wait(5)
            return item

    monkeypatch.setattr(intake, "deque", SlowToGive)
    run = threadwork.map(abs, range(3), workers=1, batch=3, buffersize=6, grace=0, name="slow")
    canceller = threading.Thread(target=lambda: (taken.wait(5), run.cancel()))
    canceller.start()
    outcomes = [(outcome.index, outcome.item, outcome.ok) for outcome in run.outcomes()]
    leave.set()
    canceller.join()
    assert len(outcomes) > left_at
    assert outcomes == [(number, number, number < left_at) for number in range(len(outcomes))]


@pytest.mark.parametrize("what", ["deadline", "cancel"])
def test_a_run_is_stopped_when_all_its_values_are_out(what):
    @contextmanager
    def slow_to_leave():
        yield
        if what == "cancel":
            run.cancel()
        for thread in threading.enumerate():
            if thread.name == "late-timer":  # it rings, and then it has ended
                thread.join(5)

    timeout = 0.1 if what == "deadline" else None
    run = threadwork.map(abs, range(3), workers=1, resource=slow_to_leave, name="late", timeout=timeout)
    assert list(run) == [0, 1, 2]
    assert (run.stats().status, run.stats().ok) == ("completed", True)


def test_a_run_is_closed_by_another_thread_while_it_begins(monkeypatch):
    begins, closed = threading.Event(), threading.Event()

    def begin_late(*arguments):
        begins.set()
        closed.wait(1)
        return Flow(*arguments)

    faults = []

    def close():
        begins.wait(5)
        try:
            run.close()
        except Exception as fault:
            faults.append(fault)
        closed.set()

    monkeypatch.setattr(execution, "Flow", begin_late)
    run = threadwork.map(abs, range(3), workers=1)
    closer = threading.Thread(target=close)
    closer.start()
    with pytest.raises((RunCancelled, RunClosed)):
        run.collect()
    closer.join()
    assert faults == []


def test_a_task_hears_of_the_cancelling_before_the_run_does(monkeypatch):
    stop, began, raised = Flow.stop, threading.Event(), threading.Event()

    def stop_late(flow):
        raised.wait(0.2)
        stop(flow)

    def rest(_):
        began.set()
        threadwork.current().sleep(5)

    monkeypatch.setattr(Flow, "stop", stop_late)
    run = threadwork.map(rest, range(1), workers=1)
    canceller = threading.Thread(target=lambda: (began.wait(5), run.cancel()))
    canceller.start()
    try:
        with pytest.raises(RunCancelled):
            run.collect()
    finally:
        raised.set()
        canceller.join()


@pytest.mark.parametrize("keep", ["outcomes", "nothing"])
def test_a_task_that_was_left_behind_fails_later(keep):
    leave, left = threading.Event(), threading.Event()

    @contextmanager
    def watched():
        yield
        left.set()

    def fail_late(_):
        run.cancel()
        leave.wait(5)
        raise ValueError

    run = threadwork.map(fail_late, range(1), workers=1, grace=0, resource=watched)
    CONSUME[keep](run)
    summary = run.stats()
    assert (summary.admitted, summary.cancelled, len(summary.abandoned)) == (1, 1, 1)
    leave.set()
    assert left.wait(5)
    assert run.stats() == summary


def test_a_run_is_taken_by_two_threads_at_once(monkeypatch):
    both_ask = threading.Barrier(2)

    class SlowToTell(run_module.Run):
        """A run that tells two threads at the same time whether it is taken."""

        @property
        def _taken(self):
            taken = self.taken
            with suppress(threading.BrokenBarrierError):
                both_ask.wait(0.2)
            return taken

        @_taken.setter
        def _taken(self, taken):
            self.taken = taken

    results = []

    def consume():
        try:
            results.append(run.collect())
        except RunClosed:
            results.append("closed")

    monkeypatch.setattr(run_module, "Run", SlowToTell)
    run = threadwork.map(abs, range(3), workers=1)
    consumers = [threading.Thread(target=consume, daemon=True) for _ in range(2)]  # daemons: one may wait for ever
    for consumer in consumers:
        consumer.start()
    for consumer in consumers:
        consumer.join(2)
    assert sorted(results, key=str) == [[0, 1, 2], "closed"]
