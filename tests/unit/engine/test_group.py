"""Task groups: the semantics of ``asyncio.TaskGroup``, for threads."""

import threading
from concurrent.futures import ALL_COMPLETED, CancelledError, wait

import pytest

import threadwork
from threadwork import Cancelled, DeadlineExceeded, Halt, InvalidOption, PoolClosed, RunStatus, TaskGroup, current

PATIENCE = 5.0
"""Seconds after which something that has to happen counts as not happening."""


def add(one, other=0):
    return one + other


def fail(text="no"):
    raise ValueError(text)


def fail_when(event, text="no"):
    assert event.wait(PATIENCE)
    raise ValueError(text)


def await_cancel(begun, ends):
    """Wait to be asked to stop; take note of it in `ends`."""
    begun.set()
    try:
        current().sleep(60)
    except Cancelled:
        ends.append(current().index)
        raise


def texts(group):
    return [str(error) for error in group.exceptions]


# Waiting and results


def test_the_with_waits_for_every_task_and_their_results_can_be_asked_for():
    finished = []
    gate = threading.Event()

    def work(number):
        assert gate.wait(PATIENCE)
        finished.append(number)
        return number * 2

    with TaskGroup(workers=3, name="sum") as group:
        tasks = [group.start(work, number) for number in range(20)]
        named = group.start(add, 1, other=2)
        gate.set()
    assert sorted(finished) == list(range(20))
    assert [task.result(0) for task in tasks] == [number * 2 for number in range(20)]
    assert named.result(0) == 3


def test_a_result_can_be_awaited_in_the_body():
    with TaskGroup(workers=1) as group:
        assert group.start(add, 20, 22).result() == 42


def test_an_empty_group_ends_at_once_and_starts_no_thread():
    with TaskGroup(workers=4) as group:
        pass
    assert group.stats().workers == 0
    assert group.stats().status is RunStatus.COMPLETED


def test_tasks_run_on_at_most_as_many_named_threads_as_workers():
    names = set()
    both = threading.Barrier(2)

    def meet():
        both.wait(PATIENCE)
        names.add(threading.current_thread().name)

    with TaskGroup(workers=2, name="pair") as group:
        for _ in range(6):
            group.start(meet)
    assert names == {"pair-1", "pair-2"}


def test_several_threads_may_start_tasks():
    with TaskGroup(workers=2, buffersize=3) as group:
        results = []

        def start_some(first):
            results.extend(group.start(add, number, 1) for number in range(first, first + 50))

        threads = [threading.Thread(target=start_some, args=(first,)) for first in (0, 50, 100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
    assert sorted(task.result(0) for task in results) == list(range(1, 151))


# Failures


def test_the_first_failure_asks_the_others_to_stop_and_is_raised_in_a_group():
    begun, ends = threading.Event(), []
    with pytest.raises(ExceptionGroup) as caught, TaskGroup(workers=2, name="g") as group:
        waiting = group.start(await_cancel, begun, ends)
        failing = group.start(fail_when, begun)
    assert texts(caught.value) == ["no"]
    assert ends == [0]
    assert waiting.cancelled()
    assert not failing.cancelled()
    assert caught.value.exceptions[0] is failing.exception(0)
    assert group.stats().status is RunStatus.HALTED


def test_the_error_tells_its_call_and_its_worker():
    with pytest.raises(ExceptionGroup) as caught, TaskGroup(workers=1, name="g") as group:
        group.start(fail, "x")
    assert caught.value.exceptions[0].__notes__ == ["while processing item 0 (key 0): fail('x'), attempt 1, on g-1"]


def test_errors_raised_while_stopping_are_in_the_group_too():
    begun = threading.Event()

    def fail_when_asked_to_stop():
        begun.set()
        try:
            current().sleep(60)
        except Cancelled:
            raise KeyError("cleaning up failed") from None

    with pytest.raises(ExceptionGroup) as caught, TaskGroup(workers=2) as group:
        group.start(fail_when_asked_to_stop)
        group.start(fail_when, begun)
    assert sorted(type(error).__name__ for error in caught.value.exceptions) == ["KeyError", "ValueError"]


def test_what_is_queued_at_the_first_failure_never_begins_and_whoever_waits_for_it_is_told():
    ran = []
    begin = threading.Event()
    with pytest.raises(ExceptionGroup), TaskGroup(workers=1) as group:
        group.start(fail_when, begin)
        queued = [group.start(ran.append, number) for number in range(5)]
        begin.set()
        done, left = wait(queued, PATIENCE, ALL_COMPLETED)
    assert (len(done), len(left), ran) == (5, 0, [])
    assert all(task.cancelled() for task in queued)
    with pytest.raises(CancelledError):
        queued[0].result(0)
    assert group.stats().cancelled == 5


def test_a_task_started_after_a_failure_is_refused():
    with pytest.raises(ExceptionGroup) as caught, TaskGroup(workers=1, name="g") as group:
        wait([group.start(fail)], PATIENCE)
        with pytest.raises(PoolClosed, match="'g' is stopping: it starts no more tasks"):
            group.start(add, 1)
    assert texts(caught.value) == ["no"]


def test_an_error_of_the_body_asks_the_tasks_to_stop_and_is_in_the_group():
    begun, ends = threading.Event(), []
    with pytest.raises(ExceptionGroup) as caught, TaskGroup(workers=1) as group:
        group.start(await_cancel, begun, ends)
        assert begun.wait(PATIENCE)
        raise KeyError("body")
    assert [type(error) for error in caught.value.exceptions] == [KeyError]
    assert ends == [0]


def test_an_error_of_the_body_comes_with_those_of_the_tasks():
    begun = threading.Event()
    with pytest.raises(ExceptionGroup) as caught, TaskGroup(workers=1) as group:
        wait([group.start(fail, "task")], PATIENCE)
        begun.set()
        raise ValueError("body")
    assert sorted(texts(caught.value)) == ["body", "task"]


def test_an_error_that_the_body_gets_from_a_task_is_there_once():
    with pytest.raises(ExceptionGroup) as caught, TaskGroup(workers=1) as group:
        group.start(fail).result()
    assert texts(caught.value) == ["no"]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_of_the_body_passes_as_it_is(kind):
    begun, ends = threading.Event(), []
    interrupt = kind("now")
    with pytest.raises(kind) as caught, TaskGroup(workers=1) as group:
        group.start(await_cancel, begun, ends)
        assert begun.wait(PATIENCE)
        raise interrupt
    assert caught.value is interrupt
    assert ends == [0]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_raised_by_a_task_passes_as_it_is(kind):
    begun, ends = threading.Event(), []
    interrupt = kind("now")

    def leave():
        assert begun.wait(PATIENCE)
        raise interrupt

    with pytest.raises(kind) as caught, TaskGroup(workers=2) as group:
        group.start(await_cancel, begun, ends)
        group.start(leave)
    assert caught.value is interrupt
    assert ends == [0]


def test_an_interrupt_raised_by_a_task_outranks_an_error_of_the_body():
    def leave():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), TaskGroup(workers=1) as group:
        wait([group.start(leave)], PATIENCE)
        raise ValueError("body")


# Halt


def test_the_third_failure_halts_where_three_are_too_many():
    ran = []

    def note_and_fail(number):
        ran.append(number)
        raise ValueError(number)

    with pytest.raises(ExceptionGroup) as caught, TaskGroup(workers=1, halt=Halt(3)) as group:
        gate = threading.Event()
        group.start(gate.wait, PATIENCE)
        for number in range(10):
            group.start(note_and_fail, number)
        gate.set()
    assert ran == [0, 1, 2]
    assert texts(caught.value) == ["0", "1", "2"]


def test_halt_never_runs_everything_and_raises_all_errors():
    with pytest.raises(ExceptionGroup) as caught, TaskGroup(workers=2, halt=Halt.never()) as group:
        good = [group.start(add, number) for number in range(5)]
        for number in range(5):
            group.start(fail, str(number))
    assert sorted(texts(caught.value)) == ["0", "1", "2", "3", "4"]
    assert [task.result(0) for task in good] == list(range(5))
    assert group.stats().failed == 5


def test_with_drain_what_has_begun_comes_to_its_end():
    begun, fails, goes_on = threading.Event(), threading.Event(), threading.Event()

    def work():
        begun.set()
        assert goes_on.wait(PATIENCE)
        current().checkpoint()
        return "whole"

    with pytest.raises(ExceptionGroup), TaskGroup(workers=2, halt=Halt(drain=True)) as group:
        working = group.start(work)
        failing = group.start(fail_when, fails)
        queued = group.start(add, 1)
        assert begun.wait(PATIENCE)
        fails.set()
        wait([failing, queued], PATIENCE)
        goes_on.set()
    assert working.result(0) == "whole"
    assert queued.cancelled()


def test_the_message_counts_the_error_of_one_task():
    with pytest.raises(ExceptionGroup, match=r"^1 error in task group 'g'"), TaskGroup(workers=1, name="g") as group:
        group.start(fail)


def test_more_errors_than_are_kept_are_counted_in_the_message():
    with pytest.raises(ExceptionGroup) as caught, TaskGroup(workers=1, halt=Halt.never()) as group:
        for number in range(150):
            group.start(fail, str(number))
    assert len(caught.value.exceptions) == 100
    assert "150" in caught.value.message


# What it cannot be used for


def test_tasks_are_started_inside_the_with_only():
    group = TaskGroup(workers=1, name="g")
    with pytest.raises(PoolClosed, match=r"'g' is not open: start tasks inside its 'with'"):
        group.start(add, 1)
    with group:
        pass
    with pytest.raises(PoolClosed, match="is not open"):
        group.start(add, 1)


def test_a_group_is_entered_once():
    group = TaskGroup(workers=1)
    with group:
        pass
    with pytest.raises(RuntimeError), group:
        pass


def test_an_open_group_is_not_entered_again():
    group = TaskGroup(workers=1)
    with group:
        with pytest.raises(RuntimeError):
            group.__enter__()
        assert group.start(add, 1).result() == 1


@pytest.mark.parametrize("name", ["ordered", "batch", "key"])
def test_options_of_a_map_are_refused(name):
    with pytest.raises(InvalidOption, match=f"{name} has no meaning for a TaskGroup"):
        TaskGroup(**{name: True})


def test_what_is_not_a_function_is_refused():
    with TaskGroup(workers=1) as group, pytest.raises(InvalidOption, match="must be a function and its arguments, not int 3"):
        group.start(3)


# Time and counts


def test_a_group_that_takes_too_long_is_stopped():
    begun, ends = threading.Event(), []
    expected = pytest.raises(DeadlineExceeded, match=r"'g' took longer than its timeout of 0.05 s")
    with expected, TaskGroup(workers=1, timeout=0.05, name="g") as group:
        task = group.start(await_cancel, begun, ends)
        queued = group.start(add, 1)
    assert ends == [0]
    assert task.cancelled()
    assert queued.cancelled()
    assert group.stats().status is RunStatus.DEADLINE


def test_tasks_know_what_is_left_of_the_timeout():
    with TaskGroup(workers=1, timeout=100) as group:
        task = group.start(lambda: current().remaining())
    assert 90 < task.result(0) <= 100


def test_the_counts_are_right_while_it_runs_and_after():
    begun, release = threading.Event(), threading.Event()

    def hold():
        begun.set()
        assert release.wait(PATIENCE)

    group = TaskGroup(workers=1, name="g")
    assert group.stats().status is RunStatus.PENDING
    with group:
        group.start(hold)
        group.start(add, 1)
        assert begun.wait(PATIENCE)
        now = group.stats()
        assert (now.status, now.admitted, now.running, now.done, now.workers) == (RunStatus.RUNNING, 2, 1, 0, 1)
        release.set()
    end = group.stats()
    assert (end.status, end.admitted, end.running, end.done, end.ok) == (RunStatus.COMPLETED, 2, 0, 2, True)
    assert str(end).startswith("g: 2 done in ")


def test_a_resource_is_at_hand_in_tasks():
    class Session:
        def __enter__(self):
            return "open"

        def __exit__(self, *_):
            pass

    with threadwork.TaskGroup(workers=1, resource=Session) as group:
        task = group.start(lambda: current().resource)
    assert task.result(0) == "open"
