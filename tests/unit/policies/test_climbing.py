"""`Climber`, on models of what a number of workers gets done."""

import heapq
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threadwork.engine import Sample
from threadwork.policies import Adaptive, Reason


class Work:
    """Feeds a climber with what `rate(workers)` completions a second look like, ten seconds at a time."""

    def __init__(self, rate, rule=None, noise=0.0, cpu=0.1):
        self.rate, self.noise, self.cpu_share = rate, noise, cpu
        self.rule = rule or Adaptive()
        self.climber = self.rule.controller(1, gil=True)
        self.workers, self.now, self.ended, self.spent, self.cpu, self.overloads = self.rule.start, 0.0, 0.0, 0.0, 0.0, 0
        self.random = random.Random(1)
        self.sample()

    def sample(self, *, queued=100, busy=None):
        busy = self.workers if busy is None else busy
        sample = Sample(self.now, int(self.ended), self.spent, self.spent**2, self.cpu, self.overloads, busy, queued)
        self.workers, reason = self.climber.sample(sample)
        self.now += 10
        self.ended += 10 * self.rate(self.workers) * (1 + self.random.uniform(-self.noise, self.noise))
        self.spent += 10 * self.workers
        self.cpu += 10 * self.cpu_share
        return reason

    def decision(self, **what):
        """Return why it is done, at the next decision; what was at work before the last one has to end first."""
        for _ in range(3):
            if (reason := self.sample(**what)) is not Reason.MEASURING:
                return reason
        return Reason.MEASURING

    def decisions(self, count, **what):
        """Return the numbers of workers after each of `count` decisions."""
        numbers = []
        for _ in range(count):
            self.decision(**what)
            numbers.append(self.workers)
        return numbers


def up_to(knee):
    return lambda workers: 10.0 * min(workers, knee)


def test_it_doubles_while_that_pays_and_takes_back_what_does_not():
    assert Work(up_to(1000)).decisions(5) == [8, 16, 32, 64, 64]
    work = Work(up_to(16))
    assert work.decisions(3) == [8, 16, 32]
    assert work.decision() is Reason.TOOK_BACK
    assert work.workers == 16


@pytest.mark.parametrize("knee", [1, 3, 6, 11, 20, 37, 50])
@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_it_comes_to_rest_about_where_more_do_no_more(knee, noise):
    numbers = Work(up_to(knee), noise=noise).decisions(400)[-100:]
    assert min(numbers) >= min(0.75 * knee, knee - 1)  # a try of fewer is of one at least
    assert 0.85 * knee <= sum(numbers) / 100
    assert sum(numbers) / 100 <= 1.3 * knee + 1


def test_it_goes_down_again_where_many_hinder_each_other():
    numbers = Work(lambda workers: 100 * workers / (1 + 0.01 * workers * (workers - 1)), Adaptive(64)).decisions(300)
    assert 4 <= numbers[-1] <= 15  # the most is done by 10


def test_it_follows_when_things_change():
    work = Work(up_to(40))
    assert work.decisions(100)[-1] >= 30
    work.rate = up_to(10)
    assert work.decisions(300)[-1] <= 14
    work.rate = up_to(40)
    assert work.decisions(300)[-1] >= 30


def test_where_things_change_much_it_starts_anew_at_once():
    work = Work(up_to(4), cpu=0.2)
    work.decisions(100)
    work.rate = lambda workers: 100.0 * workers
    assert max(work.decisions(12)) == 64


def test_overload_takes_half_away_once_and_ends_the_slow_start():
    work = Work(up_to(1000))
    work.decisions(3)
    work.overloads += 10
    work.sample()
    work.overloads += 10
    assert work.decision() is Reason.OVERLOAD
    assert work.workers == 16
    work.overloads += 10  # of those that were at work then
    work.sample()
    assert work.decisions(5)[-2:] == [16, 18]


def test_short_input_brings_no_more():
    work = Work(up_to(1000))
    assert {work.sample(queued=0, busy=2) for _ in range(20)} == {Reason.SHORT_INPUT}
    assert work.workers == 4
    assert work.decisions(1) == [8]


def test_a_busy_cpu_brings_no_more():
    work = Work(up_to(2), Adaptive(start=2), cpu=0.99)
    assert max(work.decisions(50)) == 2
    assert Work(up_to(2), cpu=0.99).decision() is Reason.BUSY_CPU


def test_on_a_busy_cpu_fewer_are_tried():
    assert Work(up_to(2), Adaptive(start=16), cpu=0.99).decisions(100)[-1] <= 3


def test_less_than_a_twentieth_does_not_pay():
    work = Work(lambda workers: 10.0 * workers**0.04)
    assert work.decisions(2) == [8, 4]


def test_a_step_is_not_judged_by_what_was_done_while_input_was_short():
    work = Work(up_to(1000))
    assert work.decisions(1) == [8]
    work.rate = up_to(1)
    work.sample(queued=0, busy=1)
    assert work.decision() is Reason.MORE


def test_what_has_hardly_moved_is_measured_for_longer():
    work = Work(lambda _: 0.1)
    assert [work.sample() for _ in range(4)] == [Reason.MEASURING] * 3 + [Reason.MORE]


def test_the_end_of_a_run_on_a_shared_pool_begins_the_measuring_anew():
    work = Work(up_to(1000))
    work.ended = work.spent = 5.0
    assert work.sample() is Reason.MORE
    work.ended = work.spent = 0.0
    assert work.sample() is Reason.MEASURING


def carried_out(duration, *, seconds=20.0, workers=None, cpu=lambda busy: 0.0, cpus=2, gil=True, seed=1):
    """Return how many items are done in `seconds`; ``duration(busy, now, chance)`` is that of the one that begins."""
    chance, climber = random.Random(seed), None if workers else Adaptive().controller(cpus, gil=gil)
    size, now, look, number, used, spent, squares = workers or Adaptive().start, 0.0, 0.05, 0, 0.0, 0.0, 0.0
    running, ended = [], 0
    while now < seconds:
        while len(running) < size:
            number, length = number + 1, duration(len(running) + 1, now, chance)
            heapq.heappush(running, (now + length, number, length))
        upcoming = running[0][0]
        if climber and look <= upcoming:
            used, now, look = used + (look - now) * cpu(len(running)), look, look + 0.05
            size, _ = climber.sample(Sample(now, ended, spent, squares, used, 0, len(running), 100))
            continue
        used += (upcoming - now) * cpu(len(running))
        now, _, length = heapq.heappop(running)
        ended, spent, squares = ended + 1, spent + length, squares + length**2
    return ended


def of_cpu(seconds, cores):
    return lambda busy, now, chance: seconds * max(1, busy / cores) * chance.uniform(0.95, 1.05)


def of_a_server(seconds, knee):
    return lambda busy, now, chance: chance.expovariate(1 / seconds) * (1 if busy <= knee else (busy / knee) ** 2)


@pytest.mark.parametrize(
    ("best", "duration", "machine"),
    [
        (64, lambda busy, now, chance: 0.02, {}),
        (64, lambda busy, now, chance: 0.2, {}),
        (64, lambda busy, now, chance: chance.expovariate(1 / 0.05), {}),
        (2, of_cpu(0.01, 1), {"cpu": lambda busy: 1.0}),
        (2, of_cpu(0.01, 2), {"cpu": lambda busy: min(2, busy)}),
        (16, of_cpu(0.02, 16), {"cpu": lambda busy: min(16, busy), "cpus": 16}),
        (32, of_a_server(0.05, 32), {}),
        (64, lambda *now: of_cpu(0.01, 1)(*now) if now[1] < 10 else 0.04, {"cpu": lambda busy: 0.5}),
        (64, lambda *now: 0.04 if now[1] < 10 else of_cpu(0.01, 1)(*now), {"cpu": lambda busy: 0.5}),
    ],
    ids=["sleep 20 ms", "sleep 200 ms", "waits that differ", "GIL", "two cores", "16 cores", "server of 32", "slower", "faster"],
)
def test_with_no_knowledge_of_the_work_it_gets_nearly_as_much_done_as_the_best_number(best, duration, machine):
    shares = [carried_out(duration, seed=seed, **machine) / carried_out(duration, workers=best, seed=seed) for seed in range(3)]
    assert sorted(shares)[1] >= 0.88


samples = st.tuples(st.floats(0, 10), st.integers(-50, 500), st.floats(0, 50), st.booleans(), st.floats(0, 2), st.integers(0, 1))
rules = st.lists(st.integers(1, 100), min_size=3, max_size=3).map(sorted).map(lambda n: Adaptive(n[1], n[0], n[2]))


@given(rules, st.lists(samples, max_size=100))
def test_whatever_happens_it_keeps_its_bounds_and_its_word(rule, steps):
    climber = rule.controller(2, gil=True)
    now, ended, spent, cpu, overloads, workers = 0.0, 0, 0.0, 0.0, 0, rule.start
    for seconds, more, longer, share, short, overloaded in [(s[0], s[1], s[2], s[4], s[3], s[5]) for s in steps]:
        now, ended, spent, cpu, overloads = (
            now + seconds,
            ended + more,
            spent + longer,
            cpu + share * seconds,
            overloads + overloaded,
        )
        before, (busy, queued) = workers, (workers - 1, 0) if short else (workers, 50)
        workers, reason = climber.sample(Sample(now, ended, spent, spent**2, cpu, overloads, busy, queued))
        assert rule.min <= workers <= rule.max
        if reason is Reason.OVERLOAD:
            assert workers == max(rule.min, before // 2)
        if reason in {Reason.MEASURING, Reason.KEPT, Reason.SHORT_INPUT, Reason.BUSY_CPU}:
            assert workers == before
        if reason is Reason.MORE:
            assert workers > before
        if reason is Reason.FEWER:
            assert workers < before
