"""Guarantee 5: cancelling is cooperative and ambient."""

import threading

import pytest

import threadwork
from tests.support.aside import Aside, wait_for
from threadwork import Cancelled, NotInTask, RunCancelled, RunStatus, Status, current

LISTENED = pytest.mark.parametrize("listeners", [[], [lambda event: None]], ids=["alone", "listened"])


def test_cancelled_is_not_an_exception():
    assert issubclass(Cancelled, BaseException)
    assert not issubclass(Cancelled, Exception)


def test_outside_of_a_task_there_is_no_current_one():
    with pytest.raises(NotInTask):
        current()


def test_the_context_of_a_task_tells_who_it_is():
    def task(item):
        me = current()
        return (me.index, me.key, me.item, me.attempt, me.worker, me.resource, me.cancelled, me.remaining()), current() is me

    run = threadwork.map(task, ["a", "b"], key=str.upper, workers=1, name="who")
    assert run.collect() == [
        ((0, "A", "a", 1, "who-1", None, False, None), True),
        ((1, "B", "b", 1, "who-1", None, False, None), True),
    ]


@LISTENED
@pytest.mark.parametrize("batch", [1, 10])
def test_values_of_a_run_that_is_cancelled_elsewhere(batch, listeners):
    running = threading.Event()

    def task(item):
        if item == 3:
            running.set()
            current().sleep(30)
        return item

    run = threadwork.map(task, range(1000), workers=1, batch=batch, listeners=listeners)
    consumer = Aside(run.collect)
    wait_for(running)
    run.cancel("the user has had enough")
    with pytest.raises(RunCancelled, match="had enough"):
        consumer.result()
    assert run.stats().status is RunStatus.CANCELLED


@LISTENED
def test_outcomes_of_a_run_that_is_cancelled_account_for_every_admitted_item(listeners):
    running = threading.Event()

    def task(item):
        if item == 3:
            running.set()
            current().sleep(30)
        return item

    run = threadwork.map(task, range(1000), workers=1, batch=1, listeners=listeners)
    consumer = Aside(lambda: list(run.outcomes()))
    wait_for(running)
    run.cancel("the user has had enough")
    outcomes = consumer.result()
    assert [outcome.status for outcome in outcomes[:4]] == [Status.DONE] * 3 + [Status.CANCELLED]
    assert isinstance(outcomes[3].error, Cancelled)
    assert outcomes[3].attempts == 1
    for index, outcome in enumerate(outcomes[4:], 4):
        assert outcome == (index, index, index, Status.CANCELLED, None, None, 0, 0.0, 0.0, outcome.waited, "", False)
    summary = run.stats()
    assert (summary.admitted, summary.done, summary.cancelled) == (len(outcomes), 3, len(outcomes) - 3)


def test_for_each_of_a_pool_ends_when_the_task_that_called_it_is_cancelled():
    inner_ended = threading.Event()
    running = threading.Event()

    def inner(item):
        running.set()
        current().sleep(30)

    def outer(item):
        try:
            threadwork.for_each(inner, range(3), name="inner")
        finally:
            inner_ended.set()

    run = threadwork.map(outer, [1], name="outer")
    consumer = Aside(lambda: list(run.outcomes()))
    wait_for(running)
    run.cancel()
    assert [outcome.status for outcome in consumer.result()] == [Status.CANCELLED]
    assert inner_ended.is_set()


@pytest.mark.parametrize("consume", [lambda run: run.outcomes(), iter])
def test_a_run_that_is_cancelled_between_asking_and_the_first_result_runs_nothing(consume):
    begun = []
    run = threadwork.map(begun.append, range(1000))
    results = consume(run)
    run.cancel("changed my mind")
    try:
        assert all(outcome.status is Status.CANCELLED for outcome in results)
    except threadwork.ThreadworkError:
        pass  # values end with the error
    assert begun == []


def test_a_run_that_was_cancelled_before_it_began_gives_nothing():
    begun = []
    run = threadwork.map(begun.append, range(10))
    run.cancel("changed my mind")
    with pytest.raises((RunCancelled, threadwork.RunClosed)):
        run.collect()
    assert begun == []


def test_a_second_cancel_and_one_after_the_end_do_nothing():
    run = threadwork.map(abs, [1])
    assert run.collect() == [1]
    run.cancel("too late")
    run.cancel("much too late")
    assert run.stats().status is RunStatus.COMPLETED


def test_checkpoint_raises_only_once_it_was_asked():
    passed = threading.Event()

    def task(item):
        current().checkpoint()
        assert not current().cancelled
        passed.set()
        stopped = threading.Event()
        with current().on_cancel(stopped.set):
            wait_for(stopped)
        assert current().cancelled
        current().checkpoint()

    run = threadwork.map(task, [1])
    consumer = Aside(lambda: next(run.outcomes()))
    wait_for(passed)
    run.cancel("the reason why")
    outcome = consumer.result()
    assert outcome.status is Status.CANCELLED
    assert "the reason why" in str(outcome.error)


def test_a_task_that_swallows_the_cancelling_is_done():
    running = threading.Event()

    def task(item):
        running.set()
        try:
            current().sleep(30)
        except Cancelled:
            return "cleaned up"

    run = threadwork.map(task, [1])
    consumer = Aside(lambda: next(run.outcomes()))
    wait_for(running)
    run.cancel()
    assert consumer.result()[3:5] == (Status.DONE, "cleaned up")


def test_except_exception_does_not_swallow_it():
    running = threading.Event()

    def task(item):
        running.set()
        try:
            current().sleep(30)
        except Exception:
            return "swallowed"

    run = threadwork.map(task, [1])
    consumer = Aside(lambda: next(run.outcomes()))
    wait_for(running)
    run.cancel()
    assert consumer.result().status is Status.CANCELLED


def test_a_task_that_raises_cancelled_of_its_own_has_failed():
    def task(item):
        raise Cancelled("nobody asked")

    outcome = next(threadwork.map(task, [1]).outcomes())
    assert (outcome.status, type(outcome.error)) == (Status.FAILED, Cancelled)


def test_an_error_raised_while_stopping_is_a_failure():
    running = threading.Event()

    def task(item):
        running.set()
        try:
            current().sleep(30)
        except Cancelled:
            raise ValueError("could not clean up") from None

    run = threadwork.map(task, [1])
    consumer = Aside(lambda: next(run.outcomes()))
    wait_for(running)
    run.cancel()
    assert consumer.result().status is Status.FAILED


@pytest.mark.parametrize("seconds", [0, 0.001, -1])
def test_sleep_sleeps_and_returns(seconds):
    assert threadwork.map(lambda item: current().sleep(seconds), [1]).collect() == [None]


def test_all_sleepers_wake_at_once():
    asleep = threading.Barrier(9)

    def task(item):
        asleep.wait(10)
        current().sleep(60)

    run = threadwork.map(task, range(8), workers=8, batch=1)
    consumer = Aside(lambda: list(run.outcomes()))
    asleep.wait(10)
    run.cancel()
    assert {outcome.status for outcome in consumer.result()} == {Status.CANCELLED}


def test_on_cancel_ends_blocking_calls(gate):
    import socket

    running = threading.Event()

    def task(item):
        ours, theirs = socket.socketpair()
        with ours, theirs, current().on_cancel(lambda: ours.shutdown(socket.SHUT_RDWR)):
            running.set()
            return ours.recv(1)

    run = threadwork.map(task, [1])
    consumer = Aside(lambda: next(run.outcomes()))
    wait_for(running)
    run.cancel()
    assert consumer.result().value == b""


class TestOnCancel:
    """`on_cancel`: what is called, when, how often."""

    @staticmethod
    def run_task(task):
        """Run `task`, which is given the event that says it is ready, and cancel the run then."""
        ready = threading.Event()
        run = threadwork.map(lambda item: task(ready), [1], workers=1)
        consumer = Aside(lambda: next(run.outcomes()))
        wait_for(ready)
        run.cancel()
        return consumer.result()

    def test_callbacks_are_called_once_newest_first(self):
        calls = []

        def task(ready):
            stopped = threading.Event()
            current().on_cancel(stopped.set)
            for name in "ab":
                current().on_cancel(lambda name=name: calls.append(name))
            ready.set()
            wait_for(stopped)

        self.run_task(task)
        assert calls == ["b", "a"]

    def test_leaving_the_with_ends_the_registration(self):
        calls = []

        def task(ready):
            stopped = threading.Event()
            with current().on_cancel(lambda: calls.append("left")):
                pass
            with current().on_cancel(stopped.set):
                ready.set()
                wait_for(stopped)

        assert self.run_task(task).ok
        assert calls == []

    def test_a_task_that_was_asked_already_is_called_at_once(self):
        calls = []

        def task(ready):
            ready.set()
            try:
                current().sleep(30)
            except Cancelled:
                current().on_cancel(lambda: calls.append(threading.current_thread().name))

        self.run_task(task)
        assert calls == ["threadwork-1"]

    def test_a_callback_that_fails_is_logged_and_the_others_are_called(self, caplog):
        def task(ready):
            stopped = threading.Event()
            current().on_cancel(stopped.set)
            current().on_cancel(lambda: 1 // 0)
            ready.set()
            wait_for(stopped)

        assert self.run_task(task).ok
        assert "ZeroDivisionError" in caplog.text
        assert caplog.records[0].name == "threadwork"

    def test_a_task_that_has_ended_is_not_called(self):
        calls = []
        ended = threading.Event()

        def task(item):
            if item == 0:
                current().on_cancel(lambda: calls.append(item))
            else:
                ended.set()
                current().sleep(30)

        run = threadwork.map(task, range(2), workers=1, batch=2)
        consumer = Aside(lambda: list(run.outcomes()))
        wait_for(ended)
        run.cancel()
        consumer.result()
        assert calls == []


def test_break_stops_the_running_tasks_before_the_loop_is_left():
    asleep = [threading.Event(), threading.Event()]
    stopped = []

    def task(item):
        if item == 2:
            return item
        asleep[item].set()
        try:
            current().sleep(30)
        finally:
            stopped.append(item)

    for _ in threadwork.map(task, range(3), workers=3, batch=1, ordered=False, name="left"):
        for event in asleep:
            wait_for(event)
        break
    assert sorted(stopped) == [0, 1]
    assert not any(thread.name.startswith("left-") for thread in threading.enumerate())


def test_cancelling_reaches_every_floor_of_nested_runs():
    depth = threading.Event()

    def task(level):
        if level == 3:
            depth.set()
            current().sleep(30)
        return threadwork.map(task, [level + 1], workers=1, name=f"level-{level}").collect()

    run = threadwork.map(task, [0], workers=1)
    consumer = Aside(lambda: next(run.outcomes()))
    wait_for(depth)
    run.cancel("from the top")
    outcome = consumer.result()
    assert outcome.status is Status.CANCELLED
    assert "from the top" in str(outcome.error)


def test_cancelling_an_inner_run_leaves_the_outer_one_alone():
    def task(item):
        inner = threadwork.map(abs, [1, 2], workers=1)
        results = inner.outcomes()
        next(results)
        inner.cancel()
        list(results)
        assert not current().cancelled
        return item

    assert threadwork.map(task, [5]).collect() == [5]
