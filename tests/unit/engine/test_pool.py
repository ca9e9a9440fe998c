"""Pools: threads that several runs share, also from inside their own tasks."""

import itertools
import threading

import pytest

from threadwork import InvalidOption, ItemFinished, Pool, PoolClosed, RunStatus, Task, WorkerExited, WorkerStarted, current

PATIENCE = 5.0
"""Seconds after which something that has to happen counts as not happening."""


def square(number):
    return number * number


def thread_name(_):
    return threading.current_thread().name


def in_threads(work, count):
    """Call `work` with 0, 1, ... on `count` threads at once; return what they return or raise."""
    results = {}
    together = threading.Barrier(count)

    def run(number):
        together.wait(PATIENCE)
        try:
            results[number] = work(number)
        except Exception as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return [results[number] for number in range(count)]


# Sharing


def test_runs_follow_one_another_on_the_same_thread():
    with Pool("crawl", workers=1) as pool:
        idents = {ident for _ in range(20) for ident in pool.map(lambda _: threading.get_ident(), range(3))}
    assert len(idents) == 1


def test_threads_are_named_after_the_pool_and_never_more_than_its_workers():
    events = []
    meet = threading.Barrier(3)
    with Pool("crawl", workers=3, listeners=[events.append]) as pool:

        def work(_):
            meet.wait(PATIENCE)
            return threading.current_thread().name

        for _ in range(5):
            assert {*pool.map(work, range(6))} == {"crawl-1", "crawl-2", "crawl-3"}
    started = [event.worker for event in events if isinstance(event, WorkerStarted)]
    exited = [event.worker for event in events if isinstance(event, WorkerExited)]
    assert sorted(started) == sorted(exited) == ["crawl-1", "crawl-2", "crawl-3"]


def test_the_input_is_pulled_on_a_thread_named_after_the_pool():
    with Pool("crawl", workers=1) as pool:
        assert {*pool.map(str, (thread_name(n) for n in range(5)))} == {"crawl-input"}


def test_no_thread_is_started_without_work_and_none_is_left_after_the_with():
    before = threading.active_count()
    with Pool("crawl", workers=8) as pool:
        assert threading.active_count() == before
        assert pool.map(square, range(100)).collect() == [square(n) for n in range(100)]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("crawl")]


def test_several_threads_share_a_pool():
    with Pool(workers=3) as pool:
        results = in_threads(lambda first: pool.map(square, range(first, first + 500)).collect(), 6)
    assert results == [[square(n) for n in range(first, first + 500)] for first in range(6)]


def test_runs_of_one_thread_may_be_consumed_in_turns():
    with Pool(workers=2) as pool:
        pairs = list(zip(pool.map(square, range(300)), pool.map(str, range(300)), strict=True))
    assert pairs == [(square(n), str(n)) for n in range(300)]


def test_every_kind_of_call_runs_on_its_threads():
    seen = []
    with Pool("crawl", workers=1) as pool:
        assert pool.starmap(pow, [(2, 3), (3, 2)]).collect() == [8, 9]
        summary = pool.for_each(lambda n: seen.append(thread_name(n)), range(3))
        with pool.group() as group:
            task = group.start(thread_name, None)
    assert (summary.name, summary.done, summary.ok) == ("crawl", 3, True)
    assert [*seen, task.result(0)] == ["crawl-1"] * 4
    assert isinstance(task, Task)


def test_a_run_that_is_left_early_or_fails_leaves_the_pool_in_order():
    with Pool(workers=2) as pool:
        for value in pool.map(square, itertools.count()):
            if value > 100:
                break
        with pytest.raises(ZeroDivisionError):
            pool.map(lambda n: 1 // n, [1, 0, 1]).collect()
        run = pool.map(square, itertools.count())
        next(run)
        run.cancel()
        run.close()
        assert pool.map(square, range(5)).collect() == [0, 1, 4, 9, 16]


# Options


def test_options_of_the_pool_are_defaults_of_its_runs():
    with Pool(workers=1, key=str, batch=7) as pool:
        assert [outcome.key for outcome in pool.map(square, range(3)).outcomes()] == ["0", "1", "2"]
        assert [outcome.key for outcome in pool.map(square, range(3), key=None).outcomes()] == [0, 1, 2]
        with pool.group() as group:  # key and batch are nothing to a group
            assert group.start(square, 3).result() == 9


@pytest.mark.parametrize("option", [{"workers": 2}, {"resource": threading.Lock}, {"name": "other"}])
def test_what_belongs_to_the_pool_is_no_option_of_its_runs(option):
    with Pool(workers=1) as pool:
        for call in (
            lambda: pool.map(square, [1], **option),
            lambda: pool.starmap(square, [(1,)], **option),
            lambda: pool.for_each(square, [1], **option),
            lambda: pool.group(**option),
        ):
            with pytest.raises(InvalidOption, match=f"{next(iter(option))} belongs to the pool"):
                call()


@pytest.mark.parametrize("options", [{"workers": 0}, {"grace": -1}, {"nonsense": 1}, {"name": ""}])
def test_a_pool_with_options_that_cannot_be_used_is_not_made(options):
    with pytest.raises(InvalidOption):
        Pool(**options)


# Nested use


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("batch", ["auto", 1, 50])
def test_tasks_map_on_their_own_pool(workers, batch):
    with Pool(workers=workers, batch=batch) as pool:

        def total(depth):
            if not depth:
                return 1
            return sum(pool.map(total, [depth - 1] * 4))

        assert pool.map(total, [3] * 3).collect() == [64] * 3


@pytest.mark.parametrize("buffersize", [None, 1])
def test_all_kinds_of_calls_nest_on_one_worker(buffersize):
    with Pool(workers=1, buffersize=buffersize) as pool:

        def by_for_each(number):
            found = []
            pool.for_each(found.append, range(number))
            return found

        def by_group(number):
            with pool.group() as group:
                task = group.start(by_for_each, number)
            return task.result()

        def by_outcomes(number):
            return [outcome.unwrap() for outcome in pool.map(by_group, range(number)).outcomes()]

        assert pool.map(by_outcomes, [3]).collect() == [[[], [0], [0, 1]]]


def test_a_task_that_waits_for_its_own_run_does_not_begin_what_is_nothing_to_it():
    steps = []
    with Pool(workers=1, batch=1) as pool:

        def outer(number):
            steps.append(("begin", number))
            inner = pool.map(square, range(10)).collect()
            steps.append(("end", number))
            return inner

        pool.map(outer, range(4)).collect()
    assert steps == [(step, number) for number in range(4) for step in ("begin", "end")]


def test_the_input_of_a_run_may_be_a_run_on_the_same_pool():
    with Pool(workers=1) as pool:
        chain = pool.map(str, pool.map(square, pool.map(square, range(200))))
        assert list(chain) == [str(n**4) for n in range(200)]


def test_a_chain_in_a_task_on_one_worker():
    with Pool(workers=1) as pool:

        def chained(number):
            return sum(pool.map(square, pool.map(square, range(number))))

        assert pool.map(chained, [3, 4]).collect() == [17, 98]


def test_two_pools_map_on_each_other():
    with Pool("here", workers=1) as here, Pool("there", workers=1) as there:

        def ping(depth):
            return [current().worker, *(itertools.chain(*there.map(pong, [depth - 1])) if depth else ())]

        def pong(depth):
            return [current().worker, *(itertools.chain(*here.map(ping, [depth - 1])) if depth else ())]

        assert here.map(ping, [5]).collect() == [["here-1", "there-1"] * 3]


def test_a_listener_maps_on_the_pool_it_listens_to():
    sums = []
    with Pool(workers=1) as pool:

        def listen(event):
            if isinstance(event, ItemFinished):
                sums.append(sum(pool.map(square, range(event.outcome.item))))

        assert pool.map(square, range(4), listeners=[listen]).collect() == [0, 1, 4, 9]
    assert sums == [0, 0, 1, 5]


def test_an_error_of_a_nested_run_is_raised_where_it_is_consumed():
    with Pool("p", workers=1) as pool:

        def outer(number):
            return pool.map(lambda n: 1 // n, [number]).collect()

        first, second = pool.map(outer, [0, 1]).outcomes()
    assert isinstance(first.error, ZeroDivisionError)
    assert len(first.error.__notes__) == 2  # where it happened, and where it came through
    assert second.value == [1]


def test_leaving_a_nested_run_early_goes_on_with_the_outer_one():
    with Pool(workers=1) as pool:

        def first_above(limit):
            for value in pool.map(square, itertools.count()):
                if value > limit:
                    return value
            raise AssertionError

        assert pool.map(first_above, [10, 50, 90]).collect() == [16, 64, 100]


def test_cancelling_a_run_cancels_what_its_tasks_run():
    begun, stopped = threading.Event(), []
    with Pool(workers=2) as pool:

        def inner(number):
            begun.set()
            try:
                current().sleep(60)
            finally:
                stopped.append(number)

        run = pool.map(lambda number: pool.map(inner, [number]).collect(), ["x"])
        threading.Thread(target=lambda: begun.wait(PATIENCE) and run.cancel("enough")).start()
        outcomes = list(run.outcomes())
    assert stopped == ["x"]
    assert [outcome.status.name for outcome in outcomes] == ["CANCELLED"]


# Closing


def consume_until_closed(pool, work):
    with pytest.raises(PoolClosed):
        pool.for_each(work, [1])


def test_work_is_refused_after_the_with():
    with Pool("crawl", workers=1) as pool:
        run = pool.map(square, range(3))
    with pytest.raises(PoolClosed, match="pool 'crawl' is closed"):
        run.collect()
    with pytest.raises(PoolClosed):
        pool.for_each(square, [1])
    with pytest.raises(PoolClosed), pool.group() as group:
        group.start(square, 1)
    assert pool.map(square, []).collect() == []


def test_a_run_that_is_open_when_its_pool_is_closed_ends_with_an_error():
    with Pool("crawl", workers=2) as pool:
        run = pool.map(square, itertools.count())
        assert next(run) == 0
    with pytest.raises(PoolClosed, match="pool 'crawl' was closed before the end of the run"):
        for _ in run:
            pass
    assert run.stats().status is RunStatus.FAILED
    assert run.stats().running == 0


def test_a_consumer_that_waits_is_told_that_the_pool_was_closed():
    pool = Pool("crawl", workers=1)
    began, closed = threading.Event(), threading.Event()

    def items():
        yield 1
        assert closed.wait(PATIENCE)
        yield 2

    def work(number):
        began.set()
        return number

    def close():
        assert began.wait(PATIENCE)
        pool.close()
        closed.set()

    closer = threading.Thread(target=close)
    closer.start()
    with pytest.raises(PoolClosed):
        pool.map(work, items(), buffersize=1).collect()
    closer.join(PATIENCE)


def test_closing_asks_what_runs_to_stop_and_waits_for_it():
    begun, stopped = threading.Event(), []

    def work(number):
        begun.set()
        try:
            current().sleep(60)
        finally:
            stopped.append(number)

    pool = Pool(workers=1)
    consumer = threading.Thread(target=consume_until_closed, args=(pool, work))
    consumer.start()
    assert begun.wait(PATIENCE)
    assert pool.close() == ()
    assert stopped == [1]
    consumer.join(PATIENCE)


def test_closing_again_does_nothing():
    with Pool(workers=1) as pool:
        pool.map(square, range(3)).collect()
        assert pool.close() == ()
    assert pool.close() == ()


def test_a_thread_that_does_not_end_in_time_is_left_behind_and_named():
    begun, release = threading.Event(), threading.Event()

    def hang(_):
        begun.set()
        release.wait(PATIENCE)

    pool = Pool("crawl", workers=1, grace=0.05)
    consumer = threading.Thread(target=consume_until_closed, args=(pool, hang))
    consumer.start()
    try:
        assert begun.wait(PATIENCE)
        assert pool.close() == ("crawl-1",)
    finally:
        release.set()
        consumer.join(PATIENCE)


def test_a_task_that_closes_its_own_pool_ends_its_run():
    with Pool(workers=1) as pool:
        with pytest.raises(PoolClosed):
            pool.map(lambda _: pool.close(), [1]).collect()
        with pytest.raises(PoolClosed):
            pool.map(square, [1]).collect()
