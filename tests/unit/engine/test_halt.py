import math

import pytest

from threadwork import Halt, InvalidOption


def test_a_count_is_reached_at_that_many_failures():
    halt = Halt(failures=3)
    assert [halt.reached(failed, 100) for failed in (0, 1, 2, 3, 4)] == [False, False, False, True, True]


def test_the_default_is_the_first_failure_without_draining():
    assert Halt() == Halt(failures=1, drain=False)
    assert Halt().reached(1, 1)


def test_never_is_never():
    assert not Halt.never().reached(10**12, 10**12)


@pytest.mark.parametrize(
    ("failed", "finished", "reached"), [(1, 1, False), (1, 20, False), (2, 20, True), (5, 100, False), (6, 100, True)]
)
def test_a_share_is_passed_by_more_than_it(failed, finished, reached):
    assert Halt(failures="5%").reached(failed, finished) is reached


@pytest.mark.parametrize("percent", range(1, 100))
def test_exactly_the_share_is_not_more_than_it(percent):
    assert not Halt(failures=f"{percent}%").reached(percent, 100)
    assert Halt(failures=f"{percent}%").reached(percent + 1, 100)


@pytest.mark.parametrize("share", ["0.5%", " 5 % ", "99.9%"])
def test_shares_may_have_a_fraction_and_spaces(share):
    assert not Halt(failures=share).reached(0, 10)


@pytest.mark.parametrize(
    "failures", [0, -1, 1.5, True, None, "", "5", "0%", "100%", "-5%", "five%", math.nan, -math.inf, [], "5%%"]
)
def test_what_cannot_be_a_limit_is_refused_at_once(failures):
    with pytest.raises(InvalidOption, match="failures"):
        Halt(failures=failures)


def test_it_is_a_value():
    assert Halt("5%", drain=True) == Halt("5%", drain=True)
    assert hash(Halt(2)) == hash(Halt(2))
    with pytest.raises(AttributeError):
        Halt().failures = 3
