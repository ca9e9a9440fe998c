"""`Adaptive`: what it may be, and what it takes for overload."""

import urllib.error
from types import SimpleNamespace

import pytest

import threadwork
from threadwork import Adaptive, InvalidOption, RetryAfter, TaskTimeout


@pytest.mark.parametrize("wrong", [(0,), (4, 0), (4, 5), (4, 1, 3), (True,), (4.0,), ("4",)])
def test_what_cannot_be_used_is_refused(wrong):
    with pytest.raises(InvalidOption, match="Adaptive"):
        Adaptive(*wrong)


@pytest.mark.parametrize("wrong", ["automatic", 0, 2.5, True])
def test_workers_are_a_number_or_auto_or_a_rule(wrong):
    with pytest.raises(InvalidOption, match="workers must be a whole number of at least 1 or 'auto'"):
        threadwork.map(abs, [1], workers=wrong)


def error_with(**attributes):
    error = Exception()
    for name, value in attributes.items():
        setattr(error, name, value)
    return error


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError(),
        TaskTimeout(),
        RetryAfter(1),
        error_with(status=429),
        error_with(status_code=503),
        error_with(response=SimpleNamespace(status_code=429)),
        urllib.error.HTTPError("http://127.0.0.1/", 503, "busy", {}, None),
    ],
)
def test_what_says_that_it_was_too_much_is_overload(error):
    assert Adaptive().is_overload(error)


@pytest.mark.parametrize("error", [ValueError(), error_with(status=404), error_with(status="429"), error_with(response=None)])
def test_other_errors_are_not(error):
    assert not Adaptive().is_overload(error)
