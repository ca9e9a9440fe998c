"""Pools that many use at once: several consumers, and tasks that map on the pool they run on."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

import threadwork
from threadwork import Halt, PoolClosed

from .scenario import some

SECONDS = 2.0


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_tasks_that_map_on_their_own_pool(chance, rounds, workers):
    with threadwork.Pool("nest", workers=workers) as pool:

        def tree(depth, width, ordered):
            if depth == 0:
                return 1
            options = {"ordered": ordered, "buffersize": None if ordered else 2}
            return sum(pool.map(lambda _: tree(depth - 1, width, ordered), range(width), **options)) + 1

        for _ in rounds(SECONDS / 2):
            depth, width, ordered = chance.randrange(4), chance.randrange(1, 5), chance.random() < 0.5
            assert tree(depth, width, ordered) == sum(width**level for level in range(depth + 1))


@pytest.mark.parametrize("workers", [1, 3])
def test_runs_whose_input_is_another_run_of_the_pool(chance, rounds, workers):
    with threadwork.Pool("chain", workers=workers) as pool:
        for _ in rounds(SECONDS / 2):
            size, batch = chance.choice([1, 7, 100]), chance.choice(["auto", 1, 7])
            chained = range(size)
            for _ in range(chance.randrange(1, 4)):
                chained = pool.map(lambda number: number + 1, chained, batch=batch)
            values = list(chained)
            assert values == list(range(values[0], values[0] + size))


def test_a_waiting_worker_never_misses_its_work(rounds):
    with threadwork.Pool("lone", workers=1) as pool:
        for _ in rounds(SECONDS):
            assert list(pool.map(lambda _: list(pool.map(str, range(1))), range(1))) == [["0"]]


def test_failing_nested_runs_end_alone(chance, rounds):
    with threadwork.Pool("nest", workers=2) as pool:
        for _ in rounds(SECONDS):
            failing = some(chance, 12, most=3)

            def inner(number, failing=failing):
                if number in failing:
                    raise ValueError(number)
                return number

            def outer(start, inner=inner):
                return list(pool.map(inner, range(start, start + 4), batch=1))

            outcomes = list(pool.map(outer, range(0, 12, 4)).outcomes())
            for start, outcome in zip(range(0, 12, 4), outcomes, strict=True):
                mine = failing & set(range(start, start + 4))
                assert outcome.ok == (not mine)
                assert outcome.value == (None if mine else list(range(start, start + 4)))
                assert outcome.error is None or outcome.error.args[0] in mine


def test_several_consumers_on_one_pool(chance, rounds):
    failing = some(chance, 100, most=5)

    def task(number):
        if number in failing:
            raise ValueError(number)
        return -number

    def consume(seed):
        size, way = seed % 100, seed % 5
        if way == 0:
            assert [outcome.index for outcome in pool.map(task, range(size)).outcomes()] == list(range(size))
        elif way == 1:
            run = pool.map(task, count(), halt=Halt.never(), batch=1)
            assert next(run) == 0 or 0 in failing
            run.close()
        elif way == 2:
            assert sorted(pool.map(abs, range(size), ordered=False)) == list(range(size))
        elif way == 3:
            summary = pool.for_each(task, range(size), check=False)
            assert (summary.admitted, summary.failed) == (size, len([number for number in failing if number < size]))
        else:
            with pool.group() as group:
                tasks = [group.start(abs, number) for number in range(size)]
            assert [task.result() for task in tasks] == list(range(size))

    failing -= {0}
    with threadwork.Pool("shared", workers=3) as pool, ThreadPoolExecutor(4) as consumers:
        for _ in rounds(SECONDS):
            list(consumers.map(consume, [chance.randrange(10_000) for _ in range(8)]))


def test_pools_that_are_closed_while_others_use_them(chance, rounds):
    def consume(pool, both):
        both.wait()
        run = pool.map(abs, range(50), batch=chance.choice(["auto", 1]))
        values = []
        try:
            values.extend(run)
        except PoolClosed:
            assert run.stats().done + run.stats().cancelled == run.stats().admitted
        else:
            assert len(values) == 50
        assert values == list(range(len(values)))

    with ThreadPoolExecutor(1) as consumers:
        for _ in rounds(SECONDS):
            both = threading.Barrier(2)
            pool = threadwork.Pool("closing", workers=2)
            consumed = consumers.submit(consume, pool, both)
            both.wait()
            for _ in range(chance.randrange(200)):
                pass
            assert pool.close() == ()
            consumed.result()
