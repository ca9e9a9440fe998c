import pytest

import threadwork
from tests.support.aside import Aside
from threadwork import ItemFinished, ItemStarted, RunFinished, RunStarted, WorkerStarted
from threadwork.testing import Recorder


def test_it_keeps_all_events() -> None:
    recorder = Recorder()
    threadwork.for_each(abs, range(100), workers=4, listeners=[recorder])
    assert isinstance(recorder.events[0], RunStarted)
    assert isinstance(recorder.events[-1], RunFinished)
    assert sorted(event.outcome.index for event in recorder.of(ItemFinished)) == list(range(100))
    assert len(recorder.of(ItemStarted)) == 100


def test_what_came_before_is_found() -> None:
    recorder = Recorder()
    recorder(WorkerStarted("a-1"))
    recorder(WorkerStarted("a-2"))
    assert recorder.wait_for(WorkerStarted) == WorkerStarted("a-1")
    assert recorder.wait_for(WorkerStarted, lambda event: event.worker == "a-2") == WorkerStarted("a-2")


def test_what_comes_later_is_waited_for() -> None:
    recorder = Recorder()
    waiter = Aside(lambda: recorder.wait_for(WorkerStarted, lambda event: event.worker == "a-7"))
    for number in range(10):
        recorder(WorkerStarted(f"a-{number}"))
    assert waiter.result() == WorkerStarted("a-7")


def test_what_does_not_come_is_named_with_what_came() -> None:
    recorder = Recorder()
    with pytest.raises(AssertionError, match=r"no such RunFinished came within 0\.01 s; what came: nothing"):
        recorder.wait_for(RunFinished, timeout=0.01)
    recorder(WorkerStarted("a-1"))
    with pytest.raises(AssertionError, match="what came: WorkerStarted"):
        recorder.wait_for(RunFinished, timeout=0.01)


def test_the_callers_own_error_passes() -> None:
    recorder = Recorder()
    recorder(WorkerStarted("a-1"))
    with pytest.raises(ZeroDivisionError):
        recorder.wait_for(WorkerStarted, lambda event: 1 / 0)
    recorder(WorkerStarted("a-2"))
