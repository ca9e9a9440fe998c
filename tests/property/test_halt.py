"""`Halt`: more failures never make it more lenient, more successes never stricter, and a share is exact."""

from fractions import Fraction
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from threadwork import Halt

counts = st.integers(0, 5_000)
percents = st.integers(1, 99) | st.decimals("0.1", "99.9", places=1)
rules = st.integers(1, 1_000).map(Halt) | percents.map(lambda percent: Halt(f"{percent}%"))


@given(halt=rules, failed=counts, finished=counts, more=counts)
def test_more_failures_never_take_it_back(halt, failed, finished, more):
    if halt.reached(failed, failed + finished):
        assert halt.reached(failed + more, failed + finished + more)


@given(halt=rules, failed=counts, done=counts, more=counts)
def test_more_successes_never_bring_it_on(halt, failed, done, more):
    if halt.reached(failed, failed + done + more):
        assert halt.reached(failed, failed + done)


@given(count=st.integers(1, 1_000), failed=counts, done=counts)
def test_a_count_is_reached_by_that_many(count, failed, done):
    assert Halt(count).reached(failed, failed + done) == (failed >= count)


@given(percent=percents, finished=counts, beside=st.integers(-1, 1))
def test_a_share_is_reached_by_more_than_that(percent, finished, beside):
    share = Fraction(percent) / 100
    limit = share * max(finished, ceil(1 / share))
    failed = min(finished, max(0, int(limit) + beside))
    assert Halt(f"{percent}%").reached(failed, finished) == (failed > limit)


def test_exactly_the_share_is_not_more_than_it():
    wrong = []
    for share in (Fraction(percent, 100) for percent in range(1, 100)):
        halt = Halt(f"{int(100 * share)}%")
        for parts in range(ceil(1 / share), 50):
            failed, finished = parts * share.numerator, parts * share.denominator
            if halt.reached(failed, finished) or not halt.reached(failed + 1, finished):
                wrong.append(f"{failed} of {finished} for {halt.failures}")
    assert wrong == []


@given(halt=rules)
def test_without_a_failure_it_is_never_reached(halt):
    assert not any(halt.reached(0, finished) for finished in (0, 1, 1_000))


@given(failed=counts, done=counts)
def test_never_is_never(failed, done):
    assert not Halt.never().reached(failed, failed + done)
