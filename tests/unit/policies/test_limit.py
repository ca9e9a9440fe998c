"""`Limit`: rates and concurrency, keys, pauses, resizing, and what it forgets."""

import itertools
import math
import threading
import time
from collections import Counter

import pytest

import threadwork
from tests.support.aside import Aside
from threadwork import InvalidOption, Limit, Pool, current


class Told:
    def __init__(self):
        self.times = 0

    def limit_changed(self, limit):  # noqa: ARG002 - what a limit calls
        self.times += 1


def test_a_rate_lets_a_burst_in_and_then_one_at_a_time():
    limit = Limit.rate(10, burst=3)
    assert [limit.enter(None, 100.0) for _ in range(3)] == [0.0] * 3
    assert limit.enter(None, 100.0) == pytest.approx(0.1)
    assert limit.enter(None, 100.05) == pytest.approx(0.05)
    assert limit.enter(None, 100.1) == 0.0
    assert limit.enter(None, 100.1) == pytest.approx(0.1)
    assert [limit.enter(None, 200.0) for _ in range(4)] == [0.0] * 3 + [pytest.approx(0.1)]


@pytest.mark.parametrize(("count", "per", "burst"), [(1, 1.0, 1), (10, 1.0, 1), (100, 1.0, 10), (1000, 1.0, 100), (100, 60.0, 1)])
def test_by_default_a_burst_is_what_a_tenth_of_a_second_brings(count, per, burst):
    limit = Limit.rate(count, per)
    assert sum(limit.enter(None, 5.0) == 0.0 for _ in range(200)) == burst


def test_what_is_given_back_may_be_taken_again():
    limit = Limit.rate(1)
    assert limit.enter(None, 0.0) == 0.0
    limit.give_back(None, 0.0)
    assert limit.enter(None, 0.0) == 0.0
    assert limit.enter(None, 0.0) > 0


def test_what_is_given_back_after_its_key_was_forgotten_is_not_added():
    limit = Limit.rate(1, burst=1, key=str)
    for number in range(2_000):
        limit.enter(number, 10.0 * number)
    assert 0 not in limit._full_at
    limit.give_back(0, 20_000.0)
    assert limit.enter(0, 20_000.0) == 0.0
    assert limit.enter(0, 20_000.0) > 0


def test_each_key_has_its_own():
    limit = Limit.rate(1, key=lambda item: item["host"])
    assert limit.key_of({"host": "a"}) == "a"
    assert (limit.enter("a", 0.0), limit.enter("b", 0.0)) == (0.0, 0.0)
    assert limit.enter("a", 0.0) > 0


def test_concurrency_counts_who_is_inside():
    limit, told = Limit.concurrency(2), Told()
    limit.tell(told)
    assert [limit.enter(None, 0.0) for _ in range(3)] == [0.0, 0.0, math.inf]
    limit.leave(None)
    limit.leave(None)
    assert told.times == 1  # nobody was refused since
    limit.enter(None, 0.0)
    assert [limit.enter(None, 0.0) for _ in range(2)] == [0.0, math.inf]


def test_resizing_counts_at_once():
    limit, told = Limit.concurrency(1), Told()
    limit.tell(told)
    assert [limit.enter(None, 0.0) for _ in range(2)] == [0.0, math.inf]
    limit.resize(2)
    assert told.times == 1
    assert [limit.enter(None, 0.0) for _ in range(2)] == [0.0, math.inf]
    limit.resize(1)
    limit.leave(None)
    assert limit.enter(None, 0.0) == math.inf
    rate = Limit.rate(1)
    rate.enter(None, 0.0)
    rate.resize(100, now=0.0)
    assert rate.enter(None, 0.02) == 0.0


@pytest.mark.parametrize("limit", [Limit.rate(1000, key=str), Limit.concurrency(1000, key=str)])
def test_nothing_begins_in_a_pause(limit):
    limit.pause(10, "a", now=100.0)
    limit.pause(5, "a", now=100.0)
    assert limit.enter("a", 101.0) == pytest.approx(9)
    assert limit.enter("b", 101.0) == 0.0
    assert limit.enter("a", 110.0) == 0.0
    limit.pause(3, now=200.0)
    assert (limit.enter("a", 201.0), limit.enter("b", 201.0)) == (pytest.approx(2), pytest.approx(2))


@pytest.mark.parametrize("seconds", [-1, math.nan, math.inf, "3", None, True])
def test_a_pause_without_end_or_sense_is_refused(seconds):
    limit = Limit.rate(1)
    with pytest.raises(InvalidOption, match=r"Limit.pause\(seconds\)"):
        limit.pause(seconds)
    assert limit.enter(None, 0.0) == 0.0


def test_pauses_that_are_over_are_forgotten():
    limit = Limit.concurrency(1, key=str)
    for number in range(20_000):
        limit.pause(0.5, number, now=float(number))
    assert len(limit._pauses) <= 2100


def test_what_is_being_waited_for_is_never_too_short_for_the_clock():
    now = 10_000_000.0  # a machine that has been up for months: the clock has fewer digits behind the point
    limit = Limit.rate(3_000, burst=1)
    for _ in range(1_000):
        wait = limit.enter(None, now)
        assert wait == 0.0 or now + wait > now
        now += wait


def test_keys_are_forgotten():
    rate, at_once = Limit.rate(1000, key=str), Limit.concurrency(1, key=str)
    for number in range(50_000):
        assert rate.enter(number, number / 100) == 0.0
        assert at_once.enter(number, 0.0) == 0.0
        at_once.leave(number)
    assert len(rate._full_at) <= 3000
    assert not at_once._inside


def test_a_listener_is_not_kept_alive():
    limit = Limit.concurrency(1)
    limit.tell(Told())
    limit.enter(None, 0.0)
    limit.leave(None)
    assert len(limit._listeners) == 0


@pytest.mark.parametrize(
    "make",
    [
        lambda: Limit.rate(0),
        lambda: Limit.rate(-1),
        lambda: Limit.rate("10"),
        lambda: Limit.rate(1, per=0),
        lambda: Limit.rate(1, burst=0),
        lambda: Limit.rate(math.inf),
        lambda: Limit.concurrency(0),
        lambda: Limit.concurrency(1.5),
        lambda: Limit.concurrency(1, key="host"),
        lambda: Limit.concurrency(1).resize(0),
        lambda: Limit.rate(1).resize(0),
    ],
)
def test_what_cannot_be_used_is_refused(make):
    with pytest.raises(InvalidOption, match="Limit"):
        make()


def test_a_rate_in_a_run():
    begun = []
    limit = Limit.rate(200, burst=1)
    began = time.monotonic()
    threadwork.for_each(lambda _: begun.append(time.monotonic()), range(40), workers=8, limits=limit)
    assert time.monotonic() - began >= 39 / 200
    assert len(begun) == 40


def test_concurrency_is_shared_by_a_pool_and_a_run():
    limit, lock, inside = Limit.concurrency(3), threading.Lock(), []

    def task(_):
        with lock:
            inside.append(1)
            most.append(len(inside))
        current().sleep(0.001)
        with lock:
            inside.pop()

    most = []
    with Pool(workers=5) as pool:
        aside = Aside(lambda: threadwork.for_each(task, range(50), workers=5, limits=limit))
        pool.for_each(task, range(50), limits=[limit])
        aside.result()
    assert max(most) == 3


def test_retry_after_pauses_the_key_for_everybody():
    times = {}

    def task(item):
        times.setdefault(item, []).append(time.monotonic())
        if item == 0 and current().attempt == 1:
            current().retry_after(0.2)

    limit = Limit.concurrency(1, key=lambda item: item % 2)
    threadwork.for_each(task, range(8), workers=4, batch=1, limits=limit, retry=1)
    first = times[0][0]
    assert all(at[-1] - first >= 0.19 for item, at in times.items() if item % 2 == 0 and at[-1] > first)
    assert times[0][1] - first >= 0.19
    assert all(times[item][0] - first < 0.19 for item in (1, 3, 5, 7))


def test_one_throttled_key_stalls_no_other():
    limit = Limit.rate(1, key=lambda item: item % 2 == 0)
    run = threadwork.map(abs, itertools.count(), workers=4, ordered=False, limits=[limit])
    limit.pause(60, key=True)
    limit.resize(1e9)  # the other key has no limit to speak of
    odd = list(itertools.islice(iter(run), 1000))
    assert len(set(odd)) == 1000
    assert all(number % 2 for number in odd)


def test_a_pause_of_the_key_none_is_for_that_key_alone():
    limit = Limit.concurrency(1, key=lambda item: item)
    limit.pause(60, None, now=0.0)
    assert limit.enter(None, 1.0) == 59.0
    assert limit.enter("other", 1.0) == 0.0
    limit.pause(60, now=0.0)
    assert limit.enter("another", 1.0) == 59.0


def test_in_a_task_group_a_key_comes_from_the_arguments():
    limit, most = Limit.concurrency(1, key=lambda task: task.args[0]), Counter()
    inside, lock = Counter(), threading.Lock()

    def call(host):
        with lock:
            inside[host] += 1
            most[host] = max(most[host], inside[host])
        time.sleep(0.002)
        with lock:
            inside[host] -= 1

    with threadwork.TaskGroup(workers=4, limits=limit) as group:
        tasks = [group.start(call, host) for host in "ab" * 10]
    assert most == {"a": 1, "b": 1}
    assert tasks[0].args == ()
