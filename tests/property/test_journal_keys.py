"""Two values have the same key if they are the same value of the same type, and no others do."""

import dataclasses
import datetime as dt
import decimal
import enum
import os
import pathlib
import subprocess
import sys
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threadwork import JournalError
from threadwork.journal.codec import JsonCodec
from threadwork.journal.key_filter import KeyFilter
from threadwork.journal.keys import key_of

PLAIN = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.binary())
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=8,
)


def typed(value):
    """Return something that is equal for values that are the same, type by type."""
    if isinstance(value, dict):
        return "dict", frozenset((typed(key), typed(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return type(value).__name__, *map(typed, value)
    return type(value).__name__, repr(value)


@given(VALUES, VALUES)
def test_keys_are_equal_if_and_only_if_the_values_are(one, other):
    assert (key_of(one) == key_of(other)) == (typed(one) == typed(other))


@given(st.dictionaries(st.text(), st.integers()))
def test_the_order_of_a_dict_and_a_set_makes_no_difference(value):
    assert key_of(value) == key_of(dict(reversed(value.items())))
    backwards = list(value)[::-1]
    assert key_of(set(value)) == key_of(set(backwards))


class Colour(enum.IntEnum):
    RED = 1


@dataclasses.dataclass
class Point:
    x: int
    y: int


DIFFERENT = [
    1, 1.0, True, "1", b"1", None, Colour.RED, [1], (1,), {1}, frozenset([1]), {1: 1}, Point(1, 2), (1, 2), pathlib.PurePath("1"),
    decimal.Decimal(1), uuid.UUID(int=1), 1j, dt.date(2020, 1, 1), dt.datetime(2020, 1, 1, tzinfo=dt.UTC), [[1], []], [[], [1]],
    "", [], (), {}, set(), "\udc80", -0.0, 0.0,
]  # fmt: skip


def test_values_of_different_types_have_different_keys():
    assert len({key_of(value) for value in DIFFERENT}) == len(DIFFERENT)


def test_a_key_is_the_same_in_every_process():
    code = "from threadwork.journal.keys import key_of; print(key_of({'a': [1, 2.5, {'x', 'y', 'z'}], 'b': None}).hex())"
    seen = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, "PYTHONHASHSEED": seed}
        ).stdout
        for seed in "12345"
    }
    assert seen == {key_of({"b": None, "a": [1, 2.5, {"z", "y", "x"}]}).hex() + "\n"}


@pytest.mark.parametrize("value", [object(), [object()], lambda: 1, iter([])])
def test_what_cannot_be_looked_into_is_refused(value):
    with pytest.raises(JournalError, match=r"give key=\.\.\., a function of the item"):
        key_of(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(JSON)
def test_what_the_json_codec_takes_comes_back_as_it_was(value):
    codec = JsonCodec()
    assert typed(codec.decode(codec.encode(value))) == typed(value)


@given(st.lists(st.binary(min_size=16, max_size=16), max_size=50))
def test_the_filter_never_forgets_a_key(keys):
    known = KeyFilter()
    known.add(keys)
    assert all(known.may_have(key) for key in keys)


def test_the_filter_seldom_takes_a_new_key_for_a_known_one():
    known = KeyFilter()
    known.add(key_of(number) for number in range(20_000))
    assert sum(known.may_have(key_of(number)) for number in range(20_000, 30_000)) <= 2
