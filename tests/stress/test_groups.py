"""Task groups whose tasks start tasks, fail and are cancelled, at moments left to chance."""

import threading
from collections import Counter
from concurrent.futures import wait

import threadwork
from threadwork import Halt, PoolClosed, TaskGroup

SECONDS = 2.0


def check_ended(group, tasks, summary):
    """Check that every task has exactly one end, and that the counts are those of the tasks."""
    assert wait(tasks, timeout=5).not_done == set()
    ends = Counter("cancelled" if task.cancelled() else "failed" if task.exception(0) is not None else "done" for task in tasks)
    assert summary.admitted == len(tasks)
    assert (summary.done, summary.failed, summary.cancelled) == (ends["done"], ends["failed"], ends["cancelled"])
    assert (summary.running, summary.abandoned) == (0, ())
    assert group.stats() == summary


def test_tasks_that_start_tasks_and_fail(chance, rounds):
    for _ in rounds(SECONDS):
        tasks, called_back = [], []
        failing = chance.choice([0.0, 0.0, 0.02, 0.2])
        halt = chance.choice([None, Halt(3), Halt.never(), Halt(1, drain=True)])
        group = TaskGroup(workers=chance.choice([1, 2, 8]), buffersize=chance.choice([None, 1, 3, 50]), halt=halt)

        def start(depth, group=group, tasks=tasks, called_back=called_back, failing=failing):
            task = group.start(grow, depth, start, failing)
            tasks.append(task)
            task.add_done_callback(called_back.append)

        def grow(depth, start, failing):
            for _ in range(chance.randrange(4) if depth else 0):
                start(depth - 1)
            threadwork.current().checkpoint()
            if chance.random() < failing:
                raise ValueError(depth)

        errors = ()
        try:
            with group:
                for _ in range(chance.randrange(1, 20)):
                    start(chance.randrange(4))
        except ExceptionGroup as raised:
            errors = raised.exceptions
        assert all(isinstance(error, ValueError | PoolClosed) for error in errors)
        check_ended(group, tasks, group.stats())
        assert sorted(map(id, called_back)) == sorted(map(id, tasks))
        if not errors:
            assert group.stats().done == len(tasks)


def test_all_workers_fail_at_once(rounds):
    def fail(barrier):
        barrier.wait(5)
        raise ValueError

    for _ in rounds(SECONDS):
        barrier, tasks, group = threading.Barrier(8), [], TaskGroup(workers=8)
        try:
            with group:
                for _ in range(8):
                    tasks.append(group.start(fail, barrier))  # noqa: PERF401 - those started before an error count
                for _ in range(50):
                    tasks.append(group.start(abs, 1))  # noqa: PERF401
        except* (ValueError, PoolClosed):
            pass
        check_ended(group, tasks, group.stats())


def rest_now_and_then(number):
    if number % 7 == 0:
        threadwork.current().sleep(0.001)


def test_tasks_and_groups_that_are_cancelled(chance, rounds):
    for _ in rounds(SECONDS):
        group = TaskGroup(workers=4, halt=Halt.never(), buffersize=chance.choice([None, 5]))
        tasks, cancelled, whole = [], [], chance.random() < 0.3

        def cancel_some(group=group, tasks=tasks, cancelled=cancelled, whole=whole):
            for task in tasks[::3]:
                if task.cancel():
                    cancelled.append(task)
            if whole:
                group.cancel("enough")

        meddler = threading.Timer(chance.uniform(0, 0.003), cancel_some)
        meddler.start()
        try:
            with group:
                for number in range(60):
                    tasks.append(group.start(rest_now_and_then, number))  # noqa: PERF401 - those started before an error count
        except* PoolClosed:
            pass
        meddler.join()
        check_ended(group, tasks, group.stats())
        assert all(task.exception(0) is None for task in tasks if not task.cancelled())
        # Of those that were asked to stop, some were about to return.
        assert {task for task in tasks if task.cancelled()} <= set(cancelled) or group.stats().status == "cancelled"


def test_a_result_is_waited_for_by_tasks_of_the_group(chance, rounds):
    for _ in rounds(SECONDS):
        with TaskGroup(workers=chance.choice([1, 2, 5])) as group:
            tasks = [group.start(abs, 1)]
            for _ in range(chance.randrange(1, 40)):
                before = chance.choice(tasks)
                tasks.append(group.start(lambda before=before: before.result() + 1))
        assert all(task.result() >= 1 for task in tasks)
