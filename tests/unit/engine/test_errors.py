"""Guarantee 4: nothing is lost or swallowed, and the user's own exception objects are raised."""

import threading
import traceback

import pytest

import threadwork
from tests.support.aside import Aside, wait_for, wait_until
from threadwork import Halt, Status


class Loud(Exception):
    """An error that only these tests raise."""


def failing_at(*bad):
    errors = {}

    def task(item):
        if item in bad:
            errors[item] = Loud(item)
            raise errors[item]
        return item

    return task, errors


@pytest.mark.parametrize("batch", [1, 20])
def test_the_very_object_that_the_task_raised_is_raised(batch):
    task, errors = failing_at(5)
    with pytest.raises(Loud) as raised:
        threadwork.map(task, range(20), workers=2, batch=batch).collect()
    assert raised.value is errors[5]
    assert raised.value.__cause__ is None


@pytest.mark.parametrize("batch", [1, 20])
def test_a_note_names_item_key_attempt_and_worker(batch):
    task, errors = failing_at("b.txt")
    with pytest.raises(Loud):
        threadwork.map(task, ["a.txt", "b.txt", "c.txt"], key=str.upper, workers=1, batch=batch, name="hash").collect()
    assert errors["b.txt"].__notes__ == ["while processing item 1 (key 'B.TXT'): 'b.txt', attempt 1, on hash-1"]


def test_without_a_key_the_note_has_the_index():
    task, errors = failing_at("b.txt")
    threadwork.for_each(task, ["a.txt", "b.txt"], workers=1, name="hash", check=False)
    assert errors["b.txt"].__notes__ == ["while processing item 1 (key 1): 'b.txt', attempt 1, on hash-1"]


def test_the_traceback_begins_in_the_task():
    task, errors = failing_at(0)
    outcome = next(threadwork.map(task, [0], workers=1).outcomes())
    assert [frame.name for frame in traceback.extract_tb(outcome.error.__traceback__)] == ["task"]


class Unshowable:
    def __repr__(self):
        raise RuntimeError("no text for this one")


@pytest.mark.parametrize("mode", ["values", "outcomes", "for_each"])
@pytest.mark.parametrize("key", [None, lambda item: item])
def test_an_item_or_key_that_cannot_be_shown_hides_no_error(mode, key):
    def task(item):
        raise Loud("the real problem")

    def use():
        if mode == "for_each":
            return threadwork.for_each(task, [Unshowable()], workers=1, key=key)
        run = threadwork.map(task, [Unshowable()], workers=1, key=key)
        return run.collect() if mode == "values" else next(run.outcomes()).unwrap()

    with pytest.raises((Loud, ExceptionGroup), match=r"real problem|1 of 1 tasks failed"):
        Aside(use).result()


@pytest.mark.parametrize("mode", ["values", "outcomes", "for_each"])
@pytest.mark.parametrize("listeners", [[], [lambda event: None]])
def test_a_key_function_that_fails_is_an_error_and_no_hang(mode, listeners):
    def key(item):
        return 1 // item

    def task(item):
        raise Loud(item)

    def use():
        if mode == "for_each":
            return threadwork.for_each(task, [1, 0], workers=1, key=key, listeners=listeners)
        run = threadwork.map(task, [1, 0], workers=1, key=key, listeners=listeners, halt=Halt.never())
        return run.collect() if mode == "values" else list(run.outcomes())[0].unwrap()

    with pytest.raises((Loud, ZeroDivisionError, ExceptionGroup)):
        Aside(use).result()


def test_a_key_function_that_fails_for_an_item_that_never_began_is_no_hang():
    def key(item):
        return 1 // item

    def task(item):
        wait_until(lambda: run.stats().admitted == 4)
        run.cancel("enough")

    run = threadwork.map(task, [1, 0, 0, 0], workers=1, batch=4, key=key)
    statuses = Aside(lambda: [outcome.status for outcome in run.outcomes()])
    try:
        assert len(statuses.result()) == 4
    except ZeroDivisionError:
        pass  # said aloud is well too


@pytest.mark.parametrize("batch", [1, 100])
def test_later_items_are_not_begun_after_a_failure(batch):
    begun = []

    def task(item):
        begun.append(item)
        if item == 10:
            raise Loud
        if item > 10:
            threadwork.current().sleep(30)
        return item

    with pytest.raises(Loud):
        threadwork.map(task, range(1000), workers=2, batch=batch, buffersize=1000).collect()
    assert len([item for item in begun if item > 10]) <= 2 * 2


def test_an_input_error_comes_after_all_finished_results():
    def source():
        yield from range(10)
        raise Loud("line 11 is malformed")

    received = []
    with pytest.raises(Loud, match="line 11") as raised:
        for value in threadwork.map(lambda item: item, source(), workers=3):
            received.append(value)  # noqa: PERF402 - what comes before the error counts
    assert received == list(range(10))
    assert any("input" in note and "10" in note for note in raised.value.__notes__)


def test_outcomes_and_for_each_raise_an_input_error_too():
    def source():
        yield 1
        raise Loud("line 2 is malformed")

    outcomes = threadwork.map(lambda item: item, source(), workers=2).outcomes()
    assert next(outcomes).value == 1
    with pytest.raises(Loud):
        next(outcomes)
    with pytest.raises(Loud):
        threadwork.for_each(lambda item: item, source(), workers=2, check=False)


def test_an_input_that_fails_at_once():
    def source():
        raise Loud("no such file")
        yield

    with pytest.raises(Loud, match="no such file"):
        threadwork.map(lambda item: item, source()).collect()


def test_outcomes_never_raise_for_an_item():
    task, errors = failing_at(*range(0, 100, 3))
    outcomes = list(threadwork.map(task, range(100), workers=4).outcomes())
    assert [outcome.index for outcome in outcomes if outcome.status is Status.FAILED] == list(range(0, 100, 3))
    assert all(outcome.error is errors.get(outcome.index) for outcome in outcomes)


def test_for_each_runs_everything_and_raises_a_group_of_all_errors():
    task, errors = failing_at(1, 3)
    seen = []

    def noting(item):
        seen.append(item)
        return task(item)

    with pytest.raises(ExceptionGroup, match="2 of 5 tasks failed") as raised:
        threadwork.for_each(noting, range(5), workers=2)
    assert sorted(seen) == list(range(5))
    assert sorted(raised.value.exceptions, key=lambda error: error.args) == [errors[1], errors[3]]


def test_for_each_without_check_returns_the_counts():
    task, _ = failing_at(1, 3)
    summary = threadwork.for_each(task, range(5), workers=2, check=False)
    assert (summary.admitted, summary.done, summary.failed, summary.ok) == (5, 3, 2, False)


def test_for_each_keeps_the_first_hundred_errors_and_says_so():
    with pytest.raises(ExceptionGroup, match="1,000 of 1,000 tasks failed.*first 100") as raised:
        threadwork.for_each(failing_at(*range(1000))[0], range(1000), workers=2)
    assert len(raised.value.exceptions) == 100


def test_a_tasks_own_timeout_error_is_just_an_error():
    def task(item):
        raise TimeoutError("the server is slow")

    with pytest.raises(TimeoutError) as raised:
        threadwork.map(task, [1]).collect()
    assert not isinstance(raised.value, threadwork.ThreadworkError)
    assert next(threadwork.map(task, [1]).outcomes()).status is Status.FAILED


def test_a_stop_iteration_of_a_task_does_not_end_the_loop_in_silence():
    def task(item):
        return next(iter([]))

    with pytest.raises((RuntimeError, StopIteration)) as raised:
        threadwork.map(task, range(3), workers=1).collect()
    assert isinstance(raised.value.__cause__, StopIteration)
    assert isinstance(next(threadwork.map(task, [1]).outcomes()).error, StopIteration)


@pytest.mark.parametrize(
    "error", [IndexError("of the task"), GeneratorExit("of the task"), ExceptionGroup("two", [Loud(), Loud()])]
)
@pytest.mark.parametrize("batch", [1, 10])
def test_errors_that_the_engine_uses_itself_are_the_tasks_own(error, batch):
    def task(item):
        raise error

    with pytest.raises(type(error)) as raised:
        threadwork.map(task, range(10), workers=1, batch=batch).collect()
    assert raised.value is error


def test_one_exception_object_raised_by_many_items():
    shared = Loud("the same for all")

    def task(item):
        raise shared

    outcomes = list(threadwork.map(task, range(50), workers=4).outcomes())
    assert all(outcome.error is shared for outcome in outcomes)


def test_the_earliest_failure_in_input_order_is_raised(gate):
    # Item 1 fails first; item 0, earlier in order, fails in the meantime. Whoever reads values in order meets one of the two.
    failed = threading.Event()

    def task(item):
        if item == 0:
            wait_for(failed)
            raise Loud(0)
        failed.set()
        raise Loud(1)

    with pytest.raises(Loud):
        threadwork.map(task, range(2), workers=2, batch=1, ordered=True).collect()
