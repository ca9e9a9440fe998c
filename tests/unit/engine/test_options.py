import math

import pytest

import threadwork
from threadwork import Halt, InvalidOption
from threadwork.engine.options import Settings, settings_of

REFUSED = [
    ("workers", [0, -1, 1.5, "4", True]),
    ("buffersize", [0, -1, 2.5, "4", False]),
    ("batch", [0, -1, 1.5, "large", None, True]),
    ("ordered", [1, "yes", None]),
    ("timeout", [-1, "3", math.nan, math.inf, True]),
    ("grace", [-0.1, None, "3", math.nan, math.inf, False]),
    ("halt", [0, "5", True, 1.5, "all"]),
    ("key", ["name", 3]),
    ("resource", ["session", 3]),
    ("listeners", [print, 3, ["not callable"], [None]]),
    ("name", ["", None, 3]),
    ("context", ["share", None, True, []]),
]


@pytest.mark.parametrize(("option", "value"), [(option, value) for option, values in REFUSED for value in values], ids=str)
def test_what_cannot_be_used_is_refused_by_name_before_anything_starts(option, value):
    pulled = []
    source = (pulled.append(item) for item in range(3))
    with pytest.raises(InvalidOption, match=r"listener" if option == "listeners" else option):
        threadwork.map(abs, source, **{option: value})
    assert pulled == []


@pytest.mark.parametrize("make", [threadwork.TaskGroup, lambda **options: threadwork.Pool("p", **options)])
def test_groups_and_pools_check_their_options_too(make):
    with pytest.raises(InvalidOption, match="workers"):
        make(workers=0)


def test_an_unknown_option_is_refused_with_the_known_ones():
    with pytest.raises(InvalidOption, match=r"'worker'.*buffersize.*workers"):
        threadwork.map(abs, [], worker=3)


@pytest.mark.parametrize("option", ["backend"])
def test_what_does_not_exist_yet_is_not_accepted(option):
    with pytest.raises(InvalidOption, match=option):
        threadwork.map(abs, [], **{option: None})


@pytest.mark.parametrize("fn", [None, 3, "abs", [1, 2]])
def test_the_task_must_be_callable(fn):
    with pytest.raises(InvalidOption, match="must be a function"):
        threadwork.map(fn, [1])


@pytest.mark.parametrize("source", [3, None, abs])
def test_the_input_must_be_iterable(source):
    with pytest.raises(InvalidOption, match="input 2 must be iterable"):
        threadwork.map(max, [1], source)


def test_there_must_be_an_input():
    with pytest.raises(InvalidOption, match="no input"):
        threadwork.map(abs)


def test_the_defaults():
    settings = settings_of({})
    assert settings == Settings(workers=threadwork.default_workers())
    assert (settings.buffersize, settings.ordered, settings.batch, settings.timeout, settings.grace) == (
        None,
        True,
        None,
        None,
        5.0,
    )
    assert (settings.halt, settings.key, settings.resource, settings.listeners) == (None, None, None, ())
    assert (settings.name, settings.context) == ("threadwork", "copy")


def test_what_is_given_is_kept():
    settings = settings_of(
        {"workers": 3, "batch": 7, "timeout": 2, "halt": Halt(2), "listeners": [print], "name": "x", "grace": 0}
    )
    assert (settings.workers, settings.batch, settings.timeout, settings.halt) == (3, 7, 2.0, Halt(2))
    assert (settings.listeners, settings.name, settings.grace) == ((print,), "x", 0.0)


@pytest.mark.parametrize("option", ["workers", "buffersize", "timeout", "halt", "key", "resource"])
def test_none_is_the_default_where_it_is_allowed(option):
    assert settings_of({option: None}) == settings_of({})


def test_an_invalid_option_is_caught_as_value_and_type_error():
    assert issubclass(InvalidOption, ValueError)
    assert issubclass(InvalidOption, TypeError)
    assert issubclass(InvalidOption, threadwork.ThreadworkError)
