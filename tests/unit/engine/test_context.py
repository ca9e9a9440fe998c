"""What a task sees of its surroundings: context variables, and ``current()``."""

import asyncio
import contextvars
import itertools
import threading

import pytest

import threadwork
from threadwork import Executor, NotInTask, Pool, TaskGroup, current

PATIENCE = 5.0
"""Seconds after which something that has to happen counts as not happening."""

request = contextvars.ContextVar("request", default="default")


@pytest.fixture(autouse=True)
def _own_value():
    token = request.set("caller")
    yield
    request.reset(token)


def read(*_):
    return request.get()


def read_and_set(item):
    before = request.get()
    request.set(f"changed by {item}")
    return before


# Context variables


@pytest.mark.parametrize("batch", ["auto", 1, 50])
def test_tasks_see_the_values_of_the_caller_and_nothing_of_each_other(batch):
    assert threadwork.map(read_and_set, range(200), workers=2, batch=batch).collect() == ["caller"] * 200
    assert request.get() == "caller"


@pytest.mark.parametrize("batch", [1, 50])
def test_outcomes_and_listeners_change_nothing_about_that(batch):
    run = threadwork.map(read_and_set, range(100), workers=1, batch=batch, listeners=[lambda _: None])
    assert {outcome.value for outcome in run.outcomes()} == {"caller"}


def test_for_each_isolates_items_too():
    seen = []
    threadwork.for_each(lambda item: seen.append(read_and_set(item)), range(100), workers=1, batch=50)
    assert {*seen} == {"caller"}


def test_it_is_the_value_at_the_call_of_map_that_counts():
    run = threadwork.map(read, range(3))
    request.set("later")
    assert run.collect() == ["caller"] * 3


def test_it_is_the_value_at_the_call_of_start_that_counts():
    with TaskGroup(workers=1) as group:
        tasks = []
        for number in range(3):
            request.set(f"value {number}")
            tasks.append(group.start(read_and_set, number))
        assert request.get() == "value 2"
    assert [task.result(0) for task in tasks] == ["value 0", "value 1", "value 2"]


def test_it_is_the_value_at_the_call_of_submit_that_counts():
    with Executor(max_workers=1) as executor:
        first = executor.submit(read_and_set, 1)
        request.set("later")
        second = executor.submit(read)
    assert (first.result(), second.result()) == ("caller", "later")


@pytest.mark.parametrize("batch", [1, 50])
def test_an_empty_context_has_none_of_the_callers_values(batch):
    assert {*threadwork.map(read_and_set, range(100), workers=1, batch=batch, context="empty")} == {"default"}
    with TaskGroup(workers=1, context="empty") as group:
        task = group.start(read)
    assert task.result(0) == "default"


def test_current_works_in_an_empty_context():
    assert threadwork.map(lambda _: current().index, range(3), context="empty").collect() == [0, 1, 2]


def test_runs_of_a_pool_see_the_values_of_their_own_callers():
    with Pool(workers=1) as pool:
        first = pool.map(read, range(2))
        request.set("later")
        second = pool.map(read, range(2))
        assert [*first, *second] == ["caller", "caller", "later", "later"]


def test_a_nested_run_sees_what_its_task_has_set():
    def outer(number):
        request.set(f"outer {number}")
        return threadwork.map(read, range(2), workers=1).collect()

    assert threadwork.map(outer, range(2)).collect() == [["outer 0"] * 2, ["outer 1"] * 2]


def test_the_input_sees_the_values_of_the_caller_and_keeps_its_own():
    def items():
        yield request.get()
        request.set("the input's own")
        yield request.get()

    run = threadwork.map(lambda item: (item, request.get()), items())
    request.set("later")
    assert run.collect() == [("caller", "caller"), ("the input's own", "caller")]
    assert request.get() == "later"


# current()


@pytest.mark.parametrize("batch", ["auto", 1, 7, 50])
def test_every_task_has_a_current_of_its_own(batch):
    def look(item):
        task = current()
        assert current() is task
        return task.index, task.key, task.item, item, task.attempt

    got = threadwork.map(look, "abcdefghij" * 10, workers=2, batch=batch, key=str.upper).collect()
    assert got == [(n, "abcdefghij"[n % 10].upper(), item, item, 1) for n, item in enumerate("abcdefghij" * 10)]


def test_it_tells_the_worker():
    def look(_):
        return current().worker == threading.current_thread().name

    assert all(threadwork.map(look, range(20), workers=3, name="w"))


def test_without_a_limit_nothing_is_left_or_cancelled():
    assert threadwork.map(lambda _: (current().remaining(), current().cancelled), [1]).collect() == [(None, False)]


def test_it_works_in_whatever_the_task_calls():
    def deep(levels):
        return deep(levels - 1) if levels else current().index

    def lazily():
        yield current().index

    assert threadwork.map(lambda _: (deep(50), *lazily()), range(3)).collect() == [(0, 0), (1, 1), (2, 2)]


@pytest.mark.parametrize("looked_before", [True, False])
def test_it_works_in_threads_that_got_a_copy_of_the_context(looked_before):
    def task(_):
        found = []
        if looked_before:
            current()
        context = contextvars.copy_context()
        helper = threading.Thread(target=context.run, args=(lambda: found.append((current().index, current().worker)),))
        helper.start()
        helper.join(PATIENCE)
        return found

    found = threadwork.map(task, range(4), workers=1, batch=4, name="w").collect()
    assert found == [[(index, "w-1")] for index in range(4)]


def test_it_works_in_coroutines_and_their_threads():
    async def work():
        await asyncio.sleep(0)
        return current().index, await asyncio.to_thread(lambda: current().index)

    assert threadwork.map(lambda _: asyncio.run(work()), range(2), workers=1).collect() == [(0, 0), (1, 1)]


def test_a_nested_run_has_its_own_and_gives_that_of_the_outer_one_back():
    with Pool(workers=1) as pool:

        def outer(item):
            before = current()
            inner = pool.map(lambda number: (current().item, number), [item * 10]).collect()
            assert current() is before
            return before.item, inner

        assert pool.map(outer, [1, 2]).collect() == [(1, [(10, 10)]), (2, [(20, 20)])]


def test_a_task_that_is_run_by_one_that_waits_for_it_has_its_own():
    def outer():
        inner = group.start(lambda: current().index)
        return inner.result(), current().index

    with TaskGroup(workers=1) as group:
        task = group.start(outer)
    assert task.result(0) == (1, 0)


def test_a_task_of_a_group_knows_itself():
    with TaskGroup(workers=1, name="g") as group:
        task = group.start(lambda: (current().index, current().key, current().worker, current().item))
    assert task.result(0)[:3] == (0, 0, "g-1")
    assert task.result(0)[3] is task


def test_calls_of_an_executor_have_one():
    with Executor(max_workers=1, thread_name_prefix="e") as executor:
        assert [executor.submit(lambda: current().index).result() for _ in range(3)] == [0, 1, 2]
        assert executor.submit(lambda: current().worker).result().startswith("e")


def test_an_input_sees_that_its_run_is_stopped():
    seen, sleeps = [], threading.Event()

    def items():
        yield 1
        try:
            sleeps.set()
            current().sleep(60)
        finally:
            seen.append((current().cancelled, current().worker, threading.current_thread().name))

    with threadwork.map(str, items(), name="w") as run:
        assert next(run) == "1"
        assert sleeps.wait(PATIENCE)
    assert seen == [(True, "w-input", "w-input")]


def test_an_input_that_is_not_used_up_is_closed_on_its_own_thread():
    closed_on = []

    def items():
        try:
            yield from itertools.count()
        finally:
            closed_on.append((current().worker, threading.current_thread().name))

    with threadwork.map(str, items(), name="w", buffersize=2) as run:
        assert next(run) == "0"
    assert closed_on == [("w-input", "w-input")]


def test_an_input_knows_what_is_left_of_the_timeout():
    def items():
        yield current().remaining()

    (left,) = threadwork.map(float, items(), timeout=100)
    assert 90 < left <= 100


# Outside of tasks


def test_there_is_none_outside_of_a_task():
    threadwork.map(str, range(3)).collect()
    with pytest.raises(NotInTask, match="no task is running here"):
        current()


def test_there_is_none_in_the_consumer_between_results():
    for _ in threadwork.map(lambda _: current().index, range(3)):
        with pytest.raises(NotInTask):
            current()


def test_there_is_none_in_the_body_of_a_group():
    with TaskGroup(workers=1) as group:
        group.start(current).result()
        with pytest.raises(NotInTask):
            current()


def test_a_generator_that_a_task_returns_runs_where_it_is_consumed():
    def task(_):
        return (current().index for _ in range(1))

    (generator,) = threadwork.map(task, [1])
    with pytest.raises(NotInTask):
        next(generator)


@pytest.mark.skipif(
    getattr(__import__("sys").flags, "thread_inherit_context", 0), reason="here, threads get the context by themselves"
)
def test_there_is_none_in_a_thread_that_got_no_copy_of_the_context():
    def task(_):
        found = []

        def look():
            try:
                found.append(current())
            except NotInTask as error:
                found.append(error)

        helper = threading.Thread(target=look)
        helper.start()
        helper.join(PATIENCE)
        return found[0]

    (found,) = threadwork.map(task, [1])
    assert isinstance(found, NotInTask)


def test_there_is_none_in_a_listener():
    found = []

    def listen(_):
        try:
            found.append(current())
        except NotInTask:
            found.append(None)

    threadwork.for_each(lambda _: current(), range(3), workers=1, listeners=[listen])
    assert found
    assert {*found} == {None}


def test_tasks_of_many_threads_never_see_another_ones_values():
    def work(item):
        request.set(item)
        return [(request.get(), current().item) for _ in range(20)]

    for item, seen in zip(itertools.count(), threadwork.map(work, range(500), workers=8), strict=False):
        assert {*seen} == {(item, item)}
