"""`threadwork.testing`: what can be had from it."""

import re
import types

import pytest

from tests.support.source_tree import ROOT
from threadwork import testing


def test_every_name_is_there_and_described() -> None:
    for name in testing.__all__:
        thing = getattr(testing, name)
        assert not isinstance(thing, types.ModuleType)
        assert thing.__doc__
        members = vars(thing).items() if isinstance(thing, type) else []
        methods = {key: value for key, value in members if isinstance(value, types.FunctionType) and key[0] != "_"}
        assert all(method.__doc__ for method in methods.values())


def test_every_name_has_a_home() -> None:
    assert set(testing._homes) == set(testing.__all__)


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Clock'"):
        _ = testing.Clock  # type: ignore[attr-defined]


def test_every_name_is_in_the_reference() -> None:
    page = (ROOT / "docs" / "reference" / "testing.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^## `(\w+)`$", page, re.MULTILINE)) == set(testing.__all__)
