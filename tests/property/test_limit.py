"""A rate is never exceeded, in any window, nor what runs at once; and whoever comes back when told to gets in."""

import itertools
import math

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from threadwork.policies import Limit

KEYS = "abc"
RATES = st.tuples(st.floats(0.1, 1e4), st.floats(0.01, 100), st.one_of(st.none(), st.integers(1, 50)))


@given(RATES, st.lists(st.floats(0, 10), max_size=200))
def test_in_no_window_more_begin_than_the_rate_and_the_burst(rate, gaps):
    count, per, burst = rate
    limit, now, entered = Limit.rate(count, per, burst=burst), 0.0, []
    for gap in gaps:
        now += gap * per / count
        if limit.enter(None, now) == 0.0:
            entered.append(now)
    burst = burst or max(1, math.ceil(0.1 * count / per))
    for first, last in itertools.combinations_with_replacement(range(len(entered)), 2):
        seconds = entered[last] - entered[first]
        assert last - first + 1 <= burst + seconds * count / per + 1e-6 * (last + 1)


@given(RATES, st.integers(1, 100))
def test_nobody_has_to_come_back_twice(rate, times):
    count, per, burst = rate
    limit, now = Limit.rate(count, per, burst=burst), 0.0
    for _ in range(times):
        wait = limit.enter(None, now)
        if wait > 0:
            now += wait
            assert limit.enter(None, now) == 0.0
    rest = 1 if burst is None else burst
    assert now <= max(0, times - rest) * per / count * (1 + 1e-6) + 1e-6


@given(RATES, st.floats(0, 1e8), st.integers(1, 60))
def test_whoever_waits_as_long_as_told_gets_in_on_any_clock(rate, now, times):
    count, per, burst = rate
    limit = Limit.rate(count, per, burst=burst)
    for _ in range(times):
        asked = 0
        while wait := limit.enter(None, now):
            asked += 1
            assert now + wait > now
            assert asked <= 2  # the second time for what rounding has left
            now += wait


class Waiters:
    """The keys of those who were refused until they hear from the limit, and have not heard."""

    def __init__(self):
        self.keys = set()

    def limit_changed(self, _limit):
        self.keys.clear()


class ConcurrencyMachine(RuleBasedStateMachine):
    """Attempts of a few keys enter, leave and are given back; the limit is resized and paused at any time."""

    @initialize(count=st.integers(1, 4))
    def begin(self, count):
        self.limit, self.count, self.now = Limit.concurrency(count, key=str), count, 0.0
        self.inside, self.paused = dict.fromkeys(KEYS, 0), {}
        self.waiters = Waiters()
        self.limit.tell(self.waiters)

    def _paused_at(self, key, moment):
        return max(self.paused.get(key, 0.0), self.paused.get("every key", 0.0)) > moment

    @rule(key=st.sampled_from(KEYS))
    def ask(self, key):
        wait = self.limit.enter(key, self.now)
        if self._paused_at(key, self.now):
            assert 0 < wait < math.inf
            assert not self._paused_at(key, self.now + wait)
        elif wait == 0:
            assert self.inside[key] < self.count
            self.inside[key] += 1
        else:
            assert wait == math.inf
            assert self.inside[key] >= self.count
            self.waiters.keys.add(key)

    @precondition(lambda self: any(self.inside.values()))
    @rule(choice=st.randoms(), begun=st.booleans())
    def end(self, choice, begun):
        key = choice.choice([key for key, number in self.inside.items() if number])
        self.inside[key] -= 1
        if begun:
            self.limit.leave(key)
        else:
            self.limit.give_back(key, self.now)

    @rule(count=st.integers(1, 4))
    def resize(self, count):
        self.count = count
        self.limit.resize(count, now=self.now)

    @rule(key=st.sampled_from([*KEYS, None, "every key"]), seconds=st.integers(0, 5))
    def pause(self, key, seconds):
        self.limit.pause(seconds, *([] if key == "every key" else [key]), now=self.now)
        self.paused[key] = max(self.paused.get(key, 0.0), self.now + seconds)

    @rule(seconds=st.integers(1, 5))
    def wait(self, seconds):
        self.now += seconds

    @invariant()
    def who_may_ask_again_has_been_told(self):
        assert all(self.inside[key] >= self.count for key in self.waiters.keys)

    @invariant()
    def only_keys_in_use_are_remembered(self):
        assert self.limit._inside == {key: number for key, number in self.inside.items() if number}


TestConcurrency = ConcurrencyMachine.TestCase


@given(st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from([0.0, 0.01, 0.3])), max_size=120), st.integers(1, 5))
def test_a_key_has_the_rate_it_would_have_alone(steps, burst):
    shared, alone = Limit.rate(10, burst=burst, key=str), {key: Limit.rate(10, burst=burst) for key in KEYS}
    now = 0.0
    for key, gap in steps:
        now += gap
        assert shared.enter(key, now) == alone[key].enter(None, now)


@given(st.lists(st.floats(0.001, 1000), min_size=1, max_size=20), st.integers(1, 20))
def test_resizing_a_rate_keeps_the_tokens_that_are_missing(rates, burst):
    limit, now = Limit.rate(1, burst=burst), 0.0
    entered = sum(limit.enter(None, now) == 0.0 for _ in range(burst + 1))
    assert entered == burst
    for rate in rates:
        limit.resize(rate, now=now)
        wait = limit.enter(None, now)
        assert math.isclose(wait, 1 / rate, rel_tol=1e-6)


def test_there_may_be_any_number_of_keys():
    limit = Limit.rate(10, burst=1, key=str)
    for number in range(20_000):
        assert limit.enter(number, number * 0.001) == 0.0  # a hundred of them are not full again
    assert len(limit._full_at) <= 1024 + 2 * 101
