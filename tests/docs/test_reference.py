"""Everything public that has a name of its own is described in docs/reference, and nothing else is."""

import dataclasses
import re
import types
import typing

import pytest

import threadwork
from tests.support.source_tree import ROOT
from threadwork import errors

REFERENCE = ROOT / "docs" / "reference"
EVENTS: tuple[type, ...] = typing.get_args(threadwork.Event)


def _sections(page: str) -> dict[str, str]:
    """Return the text under each heading of the second level, by its name without backquotes."""
    _, *parts = re.split(r"^## ", (REFERENCE / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {part.partition("\n")[0].strip("` "): part.partition("\n")[2] for part in parts}


def test_every_option_is_described() -> None:
    assert set(_sections("options.md")) == set(typing.get_type_hints(threadwork.Options))


def test_every_error_is_described() -> None:
    assert set(_sections("errors.md")) == set(errors.__all__)


@pytest.mark.parametrize("name", errors.__all__)
def test_an_error_tells_which_builtin_it_is_too(name: str) -> None:
    kind: type[BaseException] = getattr(errors, name)
    builtin = {base.__name__ for base in kind.__bases__ if base.__module__ == "builtins"}
    assert all(f"`{base}`" in _sections("errors.md")[name] for base in builtin)


def test_every_event_is_described() -> None:
    assert set(_sections("events.md")) == {event.__name__ for event in EVENTS}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_every_field_of_an_event_is_described(event: type) -> None:
    text = _sections("events.md")[event.__name__]
    assert all(f"`{field.name}`" in text or f"[`{field.name}`]" in text for field in dataclasses.fields(event))


def test_every_field_of_an_outcome_and_a_summary_is_described() -> None:
    sections = _sections("results.md")
    assert all(f"`{field}`" in sections["Outcome"] for field in threadwork.Outcome._fields)
    assert all(f"`{field.name}`" in sections["Summary"] for field in dataclasses.fields(threadwork.Summary))
    assert all(f'`"{status}"`' in sections["Summary"] for status in threadwork.RunStatus)
    assert all(f"`{status.name}`" in sections["Status"] for status in threadwork.Status)


@pytest.mark.parametrize("name", threadwork.__all__)
def test_everything_public_has_a_docstring(name: str) -> None:
    thing = getattr(threadwork, name)
    if isinstance(thing, types.UnionType):
        return
    assert thing.__doc__
    members = vars(thing).items() if isinstance(thing, type) else []
    bare = [key for key, value in members if isinstance(value, types.FunctionType) and key[0] != "_" and not value.__doc__]
    assert not bare
