"""References die with the task or the run: nothing waits for the garbage collector.

On a free-threaded build, the interpreter itself keeps what one thread made and another one let go until the first one
runs again or ends. There, what tasks make is looked for after their threads have ended.
"""

import gc
import itertools
import sysconfig
import threading
import time
import weakref

import pytest

import threadwork
from threadwork import Executor, Pool, TaskGroup

PATIENCE = 5.0
"""Seconds after which something that has to happen counts as not happening."""
AT_ONCE = not sysconfig.get_config_var("Py_GIL_DISABLED")
"""Whether what a worker has made dies as soon as it is let go."""


@pytest.fixture(autouse=True)
def _no_garbage_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()
    gc.collect()


class Thing:
    """Something a weak reference can be made of."""


class Task(Thing):
    """A callable that a weak reference can be made of; a function may be kept by the interpreter."""

    def __init__(self, value=None):
        self.value = value

    def __call__(self, *_):
        return self.value() if self.value else None


class Failure(Exception):
    """An error that a weak reference can be made of."""


class Fail(Task):
    """A callable that fails, with a thing in a variable of the failing frame."""

    def __call__(self, *_):
        self.local = weakref.ref(thing := Thing())
        raise Failure(type(thing).__name__)


def dies(reference):
    """Tell whether what `reference` refers to is gone, or goes as soon as another thread has let it go."""
    deadline = time.monotonic() + 1
    pause = threading.Event()
    while reference() is not None and time.monotonic() < deadline:
        pause.wait(0.001)
    return reference() is None


def given_away(things):
    """Yield `things` one by one and keep none."""
    while things:
        yield things.pop(0)


# Items, values, callables


@pytest.mark.parametrize("batch", [1, 3])
def test_an_item_dies_when_its_value_is_there(batch):
    things = [Thing() for _ in range(9)]
    refs = [weakref.ref(thing) for thing in things]
    run = threadwork.map(Task(), given_away(things), workers=1, batch=batch, buffersize=3)
    for index, _ in enumerate(run, 1):
        if index % 3 == 0:
            assert all(dies(ref) for ref in refs[: index - batch])
    assert all(dies(ref) for ref in refs)


@pytest.mark.parametrize("batch", [1, 5])
def test_a_value_dies_when_the_consumer_lets_it_go(batch):
    refs = []
    for value in threadwork.map(Task(Thing), range(20), workers=2, batch=batch):
        refs.append(weakref.ref(value))
        del value
        assert not AT_ONCE or dies(refs[-1])
    assert all(dies(ref) for ref in refs)


def test_an_outcome_with_its_item_and_its_value_dies_when_the_consumer_lets_it_go():
    things = [Thing() for _ in range(10)]
    run = threadwork.map(Task(Thing), given_away(things), workers=1)
    refs = []
    for outcome in run.outcomes():
        refs += [weakref.ref(outcome.item), weakref.ref(outcome.value)]
        del outcome
        assert not AT_ONCE or all(dies(ref) for ref in refs[-2:])
    assert all(dies(ref) for ref in refs)


CONSUMERS = [threadwork.Run.collect, threadwork.Run.drain, lambda run: list(run.outcomes())]


@pytest.mark.parametrize("consume", CONSUMERS)
def test_the_items_and_the_run_die_at_its_end(consume):
    things = [Thing() for _ in range(10)]
    refs = [weakref.ref(thing) for thing in things]
    run = threadwork.map(Task(), given_away(things), workers=2, key=id, listeners=[lambda _: None])
    refs.append(weakref.ref(run))
    consume(run)
    del run
    assert all(dies(ref) for ref in refs)


@pytest.mark.parametrize("consume", CONSUMERS)
def test_the_callables_of_a_run_die_with_it(consume):
    task, key, listener = Task(), Task(), Task()
    refs = [weakref.ref(each) for each in (task, key, listener)]
    run = threadwork.map(task, range(10), workers=2, key=key, listeners=[listener])
    del task, key, listener
    consume(run)
    del run
    assert [dies(ref) for ref in refs] == [True] * 3


def test_a_run_that_is_never_consumed_dies_too():
    task = Task()
    ref = weakref.ref(task)
    run = threadwork.map(task, [1])
    del task
    with pytest.warns(ResourceWarning, match="never consumed"):
        del run
    assert dies(ref)


def test_idle_threads_of_a_pool_keep_no_item():
    things = [Thing() for _ in range(10)]
    refs = [weakref.ref(thing) for thing in things]
    with Pool(workers=2) as pool:
        pool.map(Task(), given_away(things)).collect()
        assert all(dies(ref) for ref in refs)


def test_the_callable_of_a_run_on_a_pool_dies_with_the_run():
    task = Task()
    ref = weakref.ref(task)
    with Pool(workers=2) as pool:
        pool.map(task, range(10)).collect()
        del task
        assert dies(ref)


def test_a_finished_task_of_a_group_keeps_its_value_alone():
    fn, argument = Task(Thing), Thing()
    refs = weakref.ref(fn), weakref.ref(argument)
    with TaskGroup(workers=1) as group:
        task = group.start(fn, argument)
        value = weakref.ref(task.result())
        del fn, argument
        assert all(dies(ref) for ref in refs)
        assert value() is not None
        del task
        assert not AT_ONCE or dies(value)
    assert dies(value)


def test_a_finished_call_of_an_executor_keeps_its_value_alone():
    fn, argument = Task(Thing), Thing()
    refs = weakref.ref(fn), weakref.ref(argument)
    with Executor(max_workers=1) as executor:
        future = executor.submit(fn, argument)
        value = weakref.ref(future.result())
        del fn, argument
        assert all(dies(ref) for ref in refs)
        del future
        assert not AT_ONCE or dies(value)
    assert dies(value)


def test_a_current_dies_with_its_task():
    seen = []
    threadwork.for_each(lambda _: seen.append(weakref.ref(threadwork.current())), range(5), workers=1, batch=5)
    assert len(seen) == 5
    assert all(dies(ref) for ref in seen)


# Errors


@pytest.mark.parametrize("batch", [1, 5])
def test_an_error_raised_by_a_run_dies_when_it_is_handled(batch):
    fail, things = Fail(), [Thing() for _ in range(5)]
    item = weakref.ref(things[0])
    run = threadwork.map(fail, given_away(things), workers=2, batch=batch)
    try:
        run.collect()
    except Failure as error:
        ref = weakref.ref(error)
    assert dies(ref)
    assert dies(fail.local)
    assert dies(item)
    assert run.stats().failed >= 1  # the run itself is still here


def test_an_error_in_an_outcome_dies_with_it():
    fail, refs = Fail(), []
    run = threadwork.map(fail, range(5), workers=1)
    for outcome in run.outcomes():
        refs.append(weakref.ref(outcome.error))
        del outcome
        assert not AT_ONCE or dies(refs[-1])
    assert all(dies(ref) for ref in [*refs, fail.local])


def test_an_error_unwrapped_from_an_outcome_dies_when_it_is_handled():
    (outcome,) = threadwork.map(Fail(), [1], workers=1).outcomes()
    try:
        outcome.unwrap()
    except Failure as error:
        ref = weakref.ref(error)
    del outcome
    assert dies(ref)


def test_the_errors_of_for_each_die_with_their_group():
    try:
        threadwork.for_each(Fail(), range(5), workers=1)
    except ExceptionGroup as group:
        refs = [weakref.ref(error) for error in group.exceptions]
    assert len(refs) == 5
    assert all(dies(ref) for ref in refs)


def test_the_errors_of_a_task_group_die_with_it():
    fail = Fail()
    try:
        with TaskGroup(workers=1) as group:
            group.start(fail)
    except ExceptionGroup as caught:
        refs = [weakref.ref(error) for error in caught.exceptions]
    assert len(refs) == 1
    assert all(dies(ref) for ref in [*refs, fail.local])
    assert group.stats().failed == 1  # the group itself is still here


def test_the_error_of_a_task_dies_with_the_task():
    with Pool(workers=1) as pool, pytest.raises(ExceptionGroup), pool.group() as group:
        task = group.start(Fail())
        ref = weakref.ref(task.exception())
        with pytest.raises(Failure):
            task.result()
        del task
    del group
    assert dies(ref)


@pytest.mark.parametrize("ask", ["result", "exception"])
def test_the_error_of_a_future_dies_with_the_future(ask):
    with Executor(max_workers=1) as executor:
        future = executor.submit(Fail())
        try:
            future.result()
        except Failure as error:
            ref = weakref.ref(error)
        if ask == "exception":
            assert future.exception() is ref()
        del future
        assert not AT_ONCE or dies(ref)
    assert dies(ref)


def test_an_error_of_the_input_dies_when_it_is_handled():
    def items():
        yield 1
        raise Failure

    run = threadwork.map(str, items(), workers=1)
    try:
        run.collect()
    except Failure as error:
        ref = weakref.ref(error)
    assert dies(ref)
    assert run.stats().done == 1


def threads_of(name):
    return [thread for thread in threading.enumerate() if thread.name.startswith(f"{name}-")]


def all_end(name):
    """Tell whether all threads called `name` end by themselves."""
    deadline = time.monotonic() + PATIENCE
    while (threads := threads_of(name)) and time.monotonic() < deadline:
        threads[0].join(0.1)
    return not threads


@pytest.mark.parametrize("results", [iter, threadwork.Run.outcomes])
def test_a_forgotten_half_consumed_run_ends_its_threads(results):
    iterator = results(threadwork.map(str, itertools.count(), workers=3, name="forgotten"))
    next(iterator)
    assert threads_of("forgotten")
    del iterator
    assert threads_of("forgotten") == []


class Loop:
    """Refers to itself: only the garbage collector can find it."""

    def __init__(self, run):
        self.run = run
        self.me = self


def forget_a_run(task=str):
    """Begin a run and forget it where only the garbage collector finds it."""
    run = threadwork.map(task, itertools.count(), workers=2, name="forgotten", buffersize=4, batch=1)
    next(run)
    Loop(run)


def test_a_run_that_the_garbage_collector_finds_ends_its_threads():
    forget_a_run()
    assert threads_of("forgotten")
    gc.collect()
    assert all_end("forgotten")


def test_a_run_that_the_garbage_collector_finds_on_another_thread_ends_its_threads():
    forget_a_run()
    collector = threading.Thread(target=gc.collect)
    collector.start()
    collector.join(PATIENCE)
    assert not collector.is_alive()
    assert all_end("forgotten")


def test_a_run_that_the_garbage_collector_finds_on_a_worker_of_its_own_ends_its_threads():
    forgotten, collected = threading.Event(), threading.Event()

    def collect_when_forgotten(number):
        if number == 1:
            assert forgotten.wait(PATIENCE)
            gc.collect()
            collected.set()

    forget_a_run(collect_when_forgotten)
    forgotten.set()
    assert all_end("forgotten")
    assert collected.is_set()


def test_a_pool_goes_on_when_one_of_its_runs_is_forgotten():
    with Pool("forgotten", workers=2) as pool:
        run = pool.map(str, itertools.count())
        next(run)
        Loop(run)
        del run
        gc.collect()
        assert pool.map(str, range(3)).collect() == ["0", "1", "2"]
    assert threads_of("forgotten") == []


def test_an_executor_that_is_dropped_lets_its_threads_go():
    executor = Executor(max_workers=2, thread_name_prefix="dropped")
    executor.submit(int).result()
    assert threads_of("dropped")
    del executor
    assert all_end("dropped")
