"""A number of workers that is found out while they work: what a rule says is done, and what it is told is true."""

import threading
from contextlib import contextmanager

import pytest

import threadwork
from threadwork import Adaptive, WorkersChanged, current

PATIENCE = 10


class Says:
    """A rule that says a number of workers, and keeps the samples; it is its own controller."""

    def __init__(self, start, most, number=None, overload=()):
        self.start, self.max, self.number, self.overload = start, most, number or start, overload
        self.samples = []

    def controller(self, cpus, *, gil):
        assert cpus >= 1
        assert isinstance(gil, bool)
        return self

    def sample(self, sample):
        self.samples.append(sample)
        return self.number, "said so"

    def is_overload(self, error):
        return isinstance(error, self.overload)


class Gauge:
    """How many tasks run at once."""

    def __init__(self):
        self.lock, self.now, self.most = threading.Lock(), 0, 0

    def __enter__(self):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *_):
        with self.lock:
            self.now -= 1


class Changes:
    """A listener that keeps the changes and lets tasks wait for the first one."""

    def __init__(self):
        self.seen, self.changed = [], threading.Event()

    def __call__(self, event):
        if isinstance(event, WorkersChanged):
            self.seen.append(event)
            self.changed.set()


def test_more_workers_are_started_when_the_rule_says_so():
    together = threading.Barrier(3)
    rule, changes = Says(1, 8, number=3), Changes()
    run = threadwork.map(lambda item: together.wait(PATIENCE) >= 0, range(9), workers=rule, listeners=[changes])
    assert run.collect() == [True] * 9
    assert changes.seen == [WorkersChanged(1, 3, "said so")]
    assert run.stats().workers == 3


def test_surplus_workers_take_nothing_more_and_keep_what_they_have():
    rule, changes, gauge, later = Says(3, 3), Changes(), Gauge(), threading.Barrier(3)
    entered = []

    @contextmanager
    def resource():
        entered.append("in")
        yield
        entered.append("out")

    def task(item):
        if item < 3:
            later.wait(PATIENCE)
            rule.number = 1
            assert changes.changed.wait(PATIENCE)
            later.wait(PATIENCE)
        else:
            with gauge:
                current().sleep(0.001)
        return item

    assert threadwork.map(task, range(40), workers=rule, batch=1, listeners=[changes], resource=resource).collect() == [
        *range(40)
    ]
    # Those that end their first item when the other two still do: at most one begins another.
    assert gauge.most <= 1
    assert entered == ["in"] * 3 + ["out"] * 3


def test_it_grows_again():
    rule, changes, back = Says(3, 3, number=1), Changes(), threading.Event()
    together = threading.Barrier(3)

    def listen(event):
        changes(event)
        if isinstance(event, WorkersChanged) and event.workers == 1:
            rule.number = 3
        elif isinstance(event, WorkersChanged):
            back.set()

    def task(item):
        assert changes.changed.wait(PATIENCE)
        if item > 10:
            assert back.wait(PATIENCE)
        if item > 20:
            together.wait(PATIENCE)
        return item

    assert threadwork.map(task, range(30), workers=rule, batch=1, listeners=[listen]).collect() == [*range(30)]


def test_a_rule_is_told_what_the_workers_have_done():
    rule, looked = Says(2, 2), threading.Event()

    def task(item):
        while len(rule.samples) < item:
            looked.wait(0.001)
        if item % 2:
            raise OSError(item)

    rule.overload = OSError
    threadwork.for_each(task, range(10), workers=rule, check=False)
    first, last = rule.samples[0], rule.samples[-1]
    assert (first.ended, first.spent, first.overloads) == (0, 0.0, 0)
    assert 8 <= last.ended <= 10
    assert 4 <= last.overloads <= 5
    assert 0 < last.spent <= 2 * (last.now - first.now) + 0.1
    assert last.squares > 0
    assert last.cpu >= first.cpu
    assert all(sample.busy <= 2 for sample in rule.samples)


def test_what_is_tried_again_counts_as_overload_too():
    rule = Says(1, 1, overload=OSError)

    def task(item):
        if current().attempt == 1:
            raise OSError
        while rule.samples[-1].overloads < 3:
            current().sleep(0.001)

    threadwork.for_each(task, range(3), workers=rule, retry=threadwork.Retry(2, backoff=0))
    assert rule.samples[-1].overloads == 3


def test_runs_on_one_pool_have_one_number_of_workers():
    rule, gauge = Says(2, 8), Gauge()

    def task(item):
        with gauge:
            current().sleep(0.001)
        return item

    with threadwork.Pool("p", workers=rule) as pool:
        runs = [iter(pool.map(task, range(50), batch=1)) for _ in range(3)]
        assert [list(run) for run in runs] == [[*range(50)]] * 3
    assert gauge.most <= 2


@pytest.mark.parametrize("workers", ["auto", Adaptive(2, 1, 3)])
def test_everything_works_with_a_number_that_changes(workers):
    with threadwork.Pool("p", workers=workers) as pool:
        assert pool.map(abs, range(-5000, 0)).collect() == [*range(5000, 0, -1)]
        nested = pool.map(lambda item: sum(pool.map(abs, range(item))), range(20)).collect()
    assert nested == [sum(range(item)) for item in range(20)]
    with threadwork.TaskGroup(workers=workers) as group:
        tasks = [group.start(abs, -item) for item in range(100)]
    assert [task.result() for task in tasks] == [*range(100)]


def test_a_run_that_nobody_consumes_to_its_end_leaves_nothing_behind():
    run = threadwork.map(lambda item: current().sleep(0.001) or item, range(10_000), workers="auto")
    assert next(run) == 0
    run.close()
    assert run.stats().running == 0
