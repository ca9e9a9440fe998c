"""What the engine does with limits: who may not begin yet waits without a worker, and nobody else waits for him."""

import itertools
import math
import threading
import weakref
from collections import Counter, defaultdict
from contextlib import suppress

import pytest

import threadwork
from tests.support.aside import Aside, wait_for, wait_until
from threadwork import ItemStarted, ItemThrottled, Status, TaskGroup


class AtOnce:
    """A limit: so many at once for each key; notes what it was asked."""

    def __init__(self, count, key=lambda item: None):
        self.count = count
        self.key_of, self.keyed = key, True
        self.lock = threading.Lock()
        self.inside = Counter()
        self.most = Counter()
        self.pauses = []
        self.listeners = weakref.WeakSet()

    def enter(self, key, now):  # noqa: ARG002 - the time makes no difference
        with self.lock:
            if self.inside[key] >= self.count:
                return math.inf
            self.inside[key] += 1
            self.most[key] = max(self.most[key], self.inside[key])
            return 0.0

    def leave(self, key):
        with self.lock:
            self.inside[key] -= 1
            assert self.inside[key] >= 0
            listeners = list(self.listeners)
        for listener in listeners:
            listener.limit_changed(self)

    def give_back(self, key, now):  # noqa: ARG002
        self.leave(key)

    def pause(self, seconds, key, *, now):  # noqa: ARG002
        self.pauses.append((seconds, key))

    def tell(self, listener):
        with self.lock:
            self.listeners.add(listener)

    @property
    def empty(self):
        return not any(self.inside.values())


class Spaced(AtOnce):
    """A limit: one every so many seconds for each key, on the clock that it is asked with."""

    def __init__(self, seconds, key=lambda item: None):
        super().__init__(1, key)
        self.seconds = seconds
        self.next_at = defaultdict(float)
        self.entries = defaultdict(list)

    def enter(self, key, now):
        with self.lock:
            if now < self.next_at[key]:
                return self.next_at[key] - now
            self.next_at[key] = now + self.seconds
            self.entries[key].append(now)
            return 0.0

    def leave(self, key):
        """Do nothing: what counts is when they begin."""

    def give_back(self, key, now):  # noqa: ARG002
        with self.lock:
            self.next_at[key] = 0.0
            self.entries[key].pop()


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("batch", ["auto", 1, 5, 100])
@pytest.mark.parametrize("keep", ["values", "outcomes", "nothing"])
def test_results_are_complete_and_in_order_whatever_waits(ordered, batch, keep):
    limit = AtOnce(1, key=lambda item: item % 3)
    options = {"workers": 4, "batch": batch, "limits": [limit, AtOnce(3)]}
    if keep == "nothing":
        assert threadwork.for_each(abs, range(200), **options).done == 200
    else:
        run = threadwork.map(abs, range(200), ordered=ordered, **options)
        results = run.collect() if keep == "values" else [outcome.value for outcome in run.outcomes()]
        assert (results if ordered else sorted(results)) == list(range(200))
        assert run.stats().ok
    assert limit.empty
    assert max(limit.most.values()) == 1


def test_no_more_are_at_work_than_the_limit_allows():
    at_work, most, lock = Counter(), Counter(), threading.Lock()

    def task(item):
        with lock:
            at_work[item % 2] += 1
            most[item % 2] = max(most[item % 2], at_work[item % 2])
        threadwork.current().sleep(0.001)
        with lock:
            at_work[item % 2] -= 1

    limit = AtOnce(2, key=lambda item: item % 2)
    threadwork.for_each(task, range(60), workers=8, limits=limit)
    assert most == {0: 2, 1: 2}
    assert limit.empty


def test_a_key_that_is_full_stalls_no_other(gate):
    def task(item):
        if item % 2 == 0:
            gate.wait(10)
        return item

    # All even items have the key of one that hangs: far more than workers, and than a window of items.
    limit = AtOnce(1, key=lambda item: item % 2)
    run = threadwork.map(task, itertools.count(), workers=2, ordered=False, limits=limit)
    results = iter(run)
    odd = list(itertools.islice(results, 500))
    assert len(set(odd)) == 500
    assert all(number % 2 for number in odd)
    assert run.stats().waiting >= 250
    gate.set()
    wait_until(lambda: next(results) % 2 == 0)
    run.close()
    assert limit.empty


def test_those_who_wait_for_a_key_come_in_their_order(gate):
    order = []

    def task(item):
        gate.wait(10)
        order.append(item)

    run = threadwork.map(task, range(30), workers=3, batch=1, limits=AtOnce(1))
    consumer = Aside(run.collect)
    wait_until(lambda: run.stats().waiting == 29)
    gate.set()
    consumer.result()
    assert order[1:] == sorted(order[1:])  # which one came first, nobody knows


def test_a_rate_is_kept_for_each_key():
    limit = Spaced(0.01, key=lambda item: item % 2)
    assert threadwork.map(abs, range(20), workers=4, limits=limit).collect() == list(range(20))
    for times in limit.entries.values():
        assert len(times) == 10
        assert all(later - earlier >= 0.01 for earlier, later in itertools.pairwise(times))


def test_all_limits_or_none(gate):
    # Who waits for one limit holds no place of another meanwhile.
    first, second = AtOnce(2), AtOnce(1, key=lambda item: "one" if item < 2 else item)

    def task(item):
        if item < 2:
            gate.wait(10)
        return item

    run = threadwork.map(task, range(5), workers=3, ordered=False, batch=1, limits=[first, second])
    results = iter(run)
    assert sorted(itertools.islice(results, 3)) == [2, 3, 4]
    gate.set()
    assert sorted(results) == [0, 1]
    assert first.empty
    assert second.empty


@pytest.mark.parametrize("how", ["cancel", "break"])
def test_places_are_given_back_when_a_run_is_stopped(gate, how):
    limit, first = AtOnce(1), threading.Event()

    def task(item):
        if item == 0:
            first.set()
        elif first.is_set():  # else it would be in the way of the first one
            threadwork.current().sleep(30)
        return item

    run = threadwork.map(task, range(100), workers=2, limits=limit)
    with suppress(threadwork.RunCancelled):
        for _ in run:
            if how == "break":
                break
            run.cancel()
    run.close()
    gate.set()
    assert limit.empty
    summary = run.stats()
    assert summary.done + summary.cancelled == summary.admitted
    assert summary.waiting == 0


def test_limits_are_shared_by_runs():
    limit, together = AtOnce(1), AtOnce(2)
    runs = [Aside(lambda: threadwork.for_each(abs, range(100), workers=2, limits=[limit, together])) for _ in range(3)]
    assert [run.result().done for run in runs] == [100] * 3
    assert limit.empty
    assert together.empty
    assert limit.most[None] == 1


def test_a_left_behind_task_keeps_its_place_until_its_thread_returns(gate):
    limit = AtOnce(1, key=lambda item: item)
    run = threadwork.map(lambda _: gate.wait(30), range(1), workers=1, limits=limit, task_timeout=0.05, grace=0)
    assert [outcome.status for outcome in run.outcomes()] == [Status.TIMED_OUT]
    assert limit.inside[0] == 1
    gate.set()
    wait_until(lambda: limit.empty)


def test_a_key_function_that_raises_fails_its_item():
    def key(item):
        if item == 2:
            raise LookupError("no host")
        return item

    outcomes = list(threadwork.map(abs, range(5), workers=2, limits=AtOnce(1, key=key)).outcomes())
    assert [outcome.status for outcome in outcomes] == [Status.DONE] * 2 + [Status.FAILED] + [Status.DONE] * 2
    assert isinstance(outcomes[2].error, LookupError)


def test_in_a_group(gate):
    limit = AtOnce(1)
    with TaskGroup(workers=3, limits=limit) as group:
        tasks = [group.start(gate.wait, 10) for _ in range(5)]
        wait_until(lambda: group.stats().waiting == 4)
        gate.set()
    assert all(task.result() for task in tasks)
    assert limit.empty
    assert limit.most[None] == 1


def test_a_task_that_waits_for_a_limit_is_cancelled(gate):
    begun = threading.Event()
    with TaskGroup(workers=2, limits=AtOnce(1)) as group:
        first = group.start(lambda: (begun.set(), gate.wait(10)))
        wait_for(begun)
        second = group.start(abs, 1)
        wait_until(lambda: group.stats().waiting == 1)
        assert second.cancel()
        gate.set()
    assert first.done()
    assert second.cancelled()


@pytest.mark.parametrize("wrong", [3, "ten", [3], object()])
def test_what_is_no_limit_is_refused(wrong):
    with pytest.raises(threadwork.InvalidOption, match="limit"):
        threadwork.map(abs, [], limits=wrong)


def test_listeners_hear_of_what_a_limit_keeps_waiting():
    events = []
    limit = AtOnce(1)
    threadwork.for_each(lambda _: None, range(6), workers=3, batch=1, limits=limit, listeners=[events.append])
    throttled = [event for event in events if isinstance(event, ItemThrottled)]
    for event in throttled:
        follows = events[events.index(event) :]
        assert any(isinstance(other, ItemStarted) and other.index == event.index for other in follows)


def test_a_rate_tells_of_each_item_that_waits():
    events = []
    threadwork.for_each(str, range(4), workers=1, limits=Spaced(0.02), listeners=[events.append])
    assert sorted(event.index for event in events if isinstance(event, ItemThrottled)) == [1, 2, 3]
