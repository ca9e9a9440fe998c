"""`Adaptive` and its `Controller`, on models of what a number of workers gets done."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threadwork import InvalidOption
from threadwork.policies import Adaptive, Reason


class Work:
    """Feeds a controller with what `rate(workers)` completions a second look like."""

    def __init__(self, rate, rule=None, noise=0.0):
        self.rate, self.noise = rate, noise
        self.rule = rule or Adaptive()
        self.controller = self.rule.controller()
        self.workers, self.now, self.completions, self.overloads = self.rule.start, 0.0, 0.0, 0
        self.random = random.Random(1)
        self.sample()

    def sample(self, *, queued=100, busy=None, cpu_share=0.1):
        busy = self.workers if busy is None else busy
        self.workers, reason = self.controller.sample(self.now, int(self.completions), busy, queued, cpu_share, self.overloads)
        self.now += 10
        self.completions += 10 * self.rate(self.workers) * (1 + self.random.uniform(-self.noise, self.noise))
        return reason

    def samples(self, count, **what):
        """Return the numbers of workers after each of `count` samples."""
        numbers = []
        for _ in range(count):
            self.sample(**what)
            numbers.append(self.workers)
        return numbers


def up_to(knee):
    return lambda workers: 10.0 * min(workers, knee)


def test_it_doubles_while_that_pays_and_takes_back_what_does_not():
    assert Work(up_to(1000)).samples(5) == [8, 16, 32, 64, 64]
    work = Work(up_to(16))
    assert work.samples(3) == [8, 16, 32]
    assert work.sample() is Reason.TOOK_BACK
    assert work.workers == 16


@pytest.mark.parametrize("knee", [1, 3, 6, 11, 20, 37, 50])
@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_it_comes_to_rest_about_where_more_do_no_more(knee, noise):
    numbers = Work(up_to(knee), noise=noise).samples(300)[-100:]
    assert min(numbers) >= min(0.75 * knee, knee - 1)  # a try of fewer is of one at least
    assert 0.85 * knee <= sum(numbers) / 100
    assert sum(numbers) / 100 <= 1.3 * knee + 1


def test_it_goes_down_again_where_many_hinder_each_other():
    numbers = Work(lambda workers: 100 * workers / (1 + 0.01 * workers * (workers - 1)), Adaptive(64)).samples(300)
    assert 4 <= numbers[-1] <= 15  # the most is done by 10


def test_it_follows_when_things_change():
    work = Work(up_to(40))
    assert work.samples(100)[-1] >= 30
    work.rate = up_to(10)
    assert work.samples(300)[-1] <= 14
    work.rate = up_to(40)
    assert work.samples(300)[-1] >= 30


def test_overload_takes_half_away_and_ends_the_slow_start():
    work = Work(up_to(1000))
    work.samples(3)
    work.overloads += 1
    assert work.sample() is Reason.OVERLOAD
    assert work.workers == 16
    assert work.samples(6)[-2:] == [16, 18]


def test_short_input_brings_no_more():
    work = Work(up_to(1000))
    assert {work.sample(queued=0, busy=2) for _ in range(20)} == {Reason.SHORT_INPUT}
    assert work.workers == 4
    assert work.samples(1) == [8]


def test_a_busy_cpu_brings_no_more():
    work = Work(up_to(2), Adaptive(start=2))
    assert max(work.samples(50, cpu_share=0.99)) == 2
    assert Work(up_to(2)).sample(cpu_share=0.99) is Reason.BUSY_CPU


def test_on_a_busy_cpu_fewer_are_tried():
    assert Work(up_to(2), Adaptive(start=16)).samples(100, cpu_share=0.99)[-1] <= 3


def test_less_than_a_twentieth_does_not_pay():
    work = Work(lambda workers: 10.0 * workers**0.04)
    assert work.samples(2) == [8, 4]


def test_a_step_is_not_judged_by_what_was_done_while_input_was_short():
    work = Work(up_to(1000))
    assert work.samples(1) == [8]
    work.rate = up_to(1)
    work.sample(queued=0, busy=1)
    assert work.sample() is Reason.MORE


def test_what_has_hardly_moved_is_measured_for_longer():
    work = Work(lambda _: 0.1)
    assert [work.sample() for _ in range(4)] == [Reason.MEASURING] * 3 + [Reason.MORE]
    controller = Adaptive().controller()
    assert {controller.sample(1.0, 100, 4, 9, 0.0, 0)[1] for _ in range(3)} == {Reason.MEASURING}


samples = st.tuples(st.floats(0, 10), st.integers(0, 500), st.booleans(), st.floats(0, 1), st.integers(0, 1))
rules = st.lists(st.integers(1, 100), min_size=3, max_size=3).map(sorted).map(lambda n: Adaptive(n[1], n[0], n[2]))


@given(rules, st.lists(samples, max_size=100))
def test_whatever_happens_it_keeps_its_bounds_and_its_word(rule, steps):
    controller = rule.controller()
    now, completions, overloads, workers = 0.0, 0, 0, rule.start
    for seconds, ended, short, cpu_share, overloaded in steps:
        now, completions, overloads, before = now + seconds, completions + ended, overloads + overloaded, workers
        busy, queued = (before - 1, 0) if short else (before, 50)
        workers, reason = controller.sample(now, completions, busy, queued, cpu_share, overloads)
        assert rule.min <= workers <= rule.max
        if overloaded and reason is not Reason.MEASURING:
            assert (reason, workers) == (Reason.OVERLOAD, max(rule.min, before // 2))
        if reason in {Reason.MEASURING, Reason.KEPT, Reason.SHORT_INPUT, Reason.BUSY_CPU}:
            assert workers == before
        if short or (cpu_share >= 0.95 and reason is not Reason.TOOK_BACK):
            assert workers <= before


@pytest.mark.parametrize("wrong", [(0,), (4, 0), (4, 5), (4, 1, 3), (True,), (4.0,), ("4",)])
def test_what_cannot_be_used_is_refused(wrong):
    with pytest.raises(InvalidOption, match="Adaptive"):
        Adaptive(*wrong)
