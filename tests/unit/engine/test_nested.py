"""Guarantee 9: nested use never deadlocks, and runs no unrelated task on a waiting stack."""

import threading

import pytest

import threadwork
from tests.support.aside import Aside, wait_until
from threadwork import Pool, current


def by_map(pool, fn, items):
    return pool.map(fn, items).collect()


def by_unordered_map(pool, fn, items):
    return sorted(pool.map(fn, items, ordered=False))


def by_outcomes(pool, fn, items):
    return [outcome.unwrap() for outcome in pool.map(fn, items).outcomes()]


def by_batches(pool, fn, items):
    return pool.map(fn, items, batch=3).collect()


def by_for_each(pool, fn, items):
    seen = {}
    pool.for_each(lambda item: seen.__setitem__(item, fn(item)), items)
    return [seen[item] for item in items]


def by_group(pool, fn, items):
    with pool.group() as group:
        tasks = [group.start(fn, item) for item in items]
    return [task.result() for task in tasks]


def by_results_inside_a_group(pool, fn, items):
    with pool.group() as group:
        return [task.result() for task in [group.start(fn, item) for item in items]]


WAYS = pytest.mark.parametrize(
    "way", [by_map, by_unordered_map, by_outcomes, by_batches, by_for_each, by_group, by_results_inside_a_group]
)


@WAYS
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_a_task_that_maps_on_its_own_pool(way, workers):
    with Pool("nest", workers=workers) as pool:
        outer = Aside(lambda: way(pool, lambda item: sum(way(pool, lambda inner: inner * item, range(5))), range(6)))
        assert outer.result() == [10 * item for item in range(6)]


@WAYS
def test_five_floors_on_one_worker(way):
    with Pool("nest", workers=1) as pool:

        def task(level):
            return 1 if level == 5 else sum(way(pool, task, [level + 1] * 1)) + 1

        assert Aside(lambda: way(pool, task, [0])).result() == [6]


@WAYS
def test_a_tree_on_two_workers(way):
    with Pool("nest", workers=2) as pool:

        def leaves(depth):
            return 1 if depth == 0 else sum(way(pool, leaves, [depth - 1] * 3))

        assert Aside(lambda: way(pool, leaves, [4])).result() == [81]


def test_many_nested_maps_of_one_item_on_one_worker():
    with Pool("nest", workers=1) as pool:
        call = Aside(lambda: pool.map(lambda item: pool.map(abs, [item]).collect(), range(500)).collect())
        assert call.result() == [[item] for item in range(500)]


def test_the_work_reaches_the_queue_after_the_waiting_worker_has_looked():
    # 1. The inner input admits its only item. 2. The outer task, on the only worker, looks for queued work: there is none yet.
    # 3. The item is queued. Nobody else can run it: the outer task must be told.
    with Pool("nest", workers=1) as pool:
        crew = pool._crew
        queue, look = crew.submit, crew.take_own
        looked = threading.Event()

        def submit_late(work):
            if threading.current_thread().name.endswith("-input") and pool_is_busy.is_set():
                looked.clear()
                looked.wait(0.2)
            queue(work)

        def take_own(owner):
            work = look(owner)
            looked.set()
            return work

        crew.submit, crew.take_own = submit_late, take_own
        pool_is_busy = threading.Event()

        def outer(item):
            pool_is_busy.set()
            return pool.map(abs, [item]).collect()

        assert Aside(pool.map(outer, [-1]).collect).result() == [[1]]


def test_a_waiting_task_runs_nothing_that_is_not_its_own():
    stack = threading.local()
    nested_on_one_stack = []

    def unrelated(item):
        if getattr(stack, "busy", False):
            nested_on_one_stack.append(item)

    with Pool("nest", workers=1) as pool:
        others = pool.map(unrelated, range(50), batch=1)

        def outer(item):
            stack.busy = True
            consumers.append(Aside(others.collect))
            wait_until(lambda: others.stats().admitted == 50)
            result = pool.map(abs, [1, 2, 3]).collect()
            stack.busy = False
            return result

        consumers = []
        assert Aside(pool.map(outer, [0]).collect).result() == [[1, 2, 3]]
        consumers[0].result()
    assert nested_on_one_stack == []


def test_other_workers_help_where_they_are_free():
    meeting = threading.Barrier(2)
    with Pool("nest", workers=2) as pool:

        def outer(item):
            return pool.map(lambda inner: meeting.wait(10) * 0 + inner, [1, 2], batch=1).collect()

        assert Aside(pool.map(outer, [0]).collect).result() == [[1, 2]]


def test_an_inner_error_is_the_outer_tasks_error():
    with Pool("nest", workers=1) as pool:

        def outer(item):
            return pool.map(lambda inner: 1 // inner, [1, 0, 2]).collect()

        outcome = Aside(lambda: next(pool.map(outer, [0]).outcomes())).result()
    assert isinstance(outcome.error, ZeroDivisionError)
    assert len(outcome.error.__notes__) == 2


def test_leaving_an_inner_run_early_leaves_the_pool_usable():
    with Pool("nest", workers=1) as pool:

        def outer(item):
            for value in pool.map(abs, range(1000)):
                if value == 10:
                    return value

        assert Aside(pool.map(outer, range(5)).collect).result() == [10] * 5


def test_current_is_the_innermost_task_and_again_the_outer_one_afterwards():
    with Pool("nest", workers=1) as pool:

        def outer(item):
            before = current()
            inner = pool.map(lambda item: current().item, ["inner"]).collect()
            return inner, current() is before, current().item

        assert Aside(pool.map(outer, ["outer"]).collect).result() == [(["inner"], True, "outer")]


def test_two_pools_in_a_circle():
    with Pool("a", workers=1) as a, Pool("b", workers=2) as b:
        call = Aside(a.map(lambda item: b.map(lambda inner: inner + 1, [item]).collect(), range(20)).collect)
        assert call.result() == [[item + 1] for item in range(20)]


def test_a_run_started_by_a_task_of_another_run_has_threads_of_its_own():
    def outer(item):
        return threadwork.map(lambda inner: current().worker, [1], workers=1, name="inner").collect()

    assert threadwork.map(outer, [1, 2], workers=2, name="outer").collect() == [["inner-1"], ["inner-1"]]
