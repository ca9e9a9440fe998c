"""A rate is never exceeded, in any window; and whoever comes back when he was told to gets in."""

import itertools
import math

from hypothesis import given
from hypothesis import strategies as st

from threadwork.policies import Limit

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
