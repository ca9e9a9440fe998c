"""`Retry`: no wait is longer or shorter than the rule says, and no run is retried more than its budget allows."""

import random

from hypothesis import given
from hypothesis import strategies as st

from threadwork import Cancelled, Retry, RetryAfter

rules = st.builds(
    Retry,
    attempts=st.integers(1, 20),
    backoff=st.floats(0, 1e3),
    factor=st.floats(1, 1e6),
    max_delay=st.floats(0, 1e4),
    jitter=st.sampled_from(["full", "none"]),
    budget=st.none() | st.floats(0, 1),
)
seeds = st.integers(0, 2**32).map(random.Random)


@given(rule=rules, attempt=st.integers(1, 5_000), share=st.floats(0, 1))
def test_a_wait_is_a_share_of_the_backoff_up_to_the_most(rule, attempt, share):
    longest = rule.delay(attempt)
    assert 0 <= rule.delay(attempt, share) <= longest <= rule.max_delay
    assert longest <= rule.delay(attempt + 1)
    assert rule.jitter == "full" or rule.delay(attempt, share) == longest


@given(rule=rules, source=seeds, attempt=st.integers(1, 30), asked=st.floats(0, 1e6))
def test_it_never_comes_back_sooner_than_asked_nor_after_the_last_attempt(rule, source, attempt, asked):
    delay = rule.for_run(source).delay_after(attempt, RetryAfter(asked), 10)
    if attempt >= rule.attempts or asked > 10 * rule.max_delay:
        assert delay is None
    else:
        assert asked <= delay <= max(asked, rule.max_delay)


@given(rule=rules, asked=st.floats(0, allow_infinity=True))
def test_nothing_pauses_for_longer_than_an_item_would_wait(rule, asked):
    assert rule.for_run().asked_wait(RetryAfter(asked)) == min(asked, 10 * rule.max_delay)


@given(budget=st.floats(0, 1), fates=st.lists(st.booleans(), max_size=400))
def test_retries_stay_within_their_share_of_the_attempts(budget, fates):
    retries = Retry(attempts=1_000, budget=budget).for_run()
    granted = 0
    for begun, fails in enumerate(fates, 1):
        if fails:
            granted += retries.delay_after(1, OSError(), begun) is not None
        assert granted <= 10 + budget * begun + 1
        assert granted >= min(10, sum(fates[:begun]))


@given(counts=st.integers(0, 1_000))
def test_a_number_is_that_many_retries(counts):
    retries = Retry(attempts=Retry.of(counts).attempts, budget=None).for_run()
    assert all(retries.delay_after(attempt, OSError(), attempt) is not None for attempt in range(1, counts + 1))
    assert retries.delay_after(counts + 1, OSError(), counts + 1) is None


@given(rule=rules)
def test_what_is_no_exception_is_never_tried_again(rule):
    assert not any(rule.worth(error) for error in (Cancelled(), KeyboardInterrupt(), SystemExit()))
