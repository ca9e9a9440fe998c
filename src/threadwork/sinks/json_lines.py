"""One JSON value a line."""

import dataclasses
import datetime as dt
import json
from pathlib import PurePath
from typing import Any

from .output_error import UnwritableValue


class JsonLines:
    """The format of ``.jsonl``: each value on a line of its own, in UTF-8. `encode` is safe from several threads."""

    def encode(self, value: object) -> bytes:
        """Return the line of `value`. Raises `UnwritableValue`."""
        return json_text(value).encode() + b"\n"

    def render(self, record: bytes) -> bytes:
        """Return the line as it is."""
        return record

    @property
    def codec(self) -> "LinesAsJson":
        """How lines are kept elsewhere meanwhile."""
        return LinesAsJson()


class LinesAsJson:
    """Keeps a line without its end."""

    name = "JSON Lines"

    def encode(self, line: bytes) -> bytes:
        """Return the JSON text."""
        return line.removesuffix(b"\n")

    def decode(self, data: bytes) -> bytes:
        """Return the line."""
        return data + b"\n"


def json_text(value: object) -> str:
    """Return `value` as JSON on one line.

    Beside what JSON knows: dataclasses become objects, paths their text, dates and times their ISO form. Text that is not
    valid Unicode (undecodable file names) is written in escapes. Raises `UnwritableValue` for anything else, also for NaN
    and infinity, which JSON does not have.
    """
    try:
        text = _READABLE.encode(value)
        return text if text.isascii() or _is_unicode(text) else _ESCAPED.encode(value)
    except UnwritableValue:
        raise
    except (TypeError, ValueError, RecursionError) as error:
        raise UnwritableValue(f"the result cannot be written as JSON: {error}") from None


def plain_value(value: object) -> Any:
    """Return a dataclass as a dict, a path as its text, a date or time in ISO form. Raises `UnwritableValue` for others."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    raise UnwritableValue(
        f"the result cannot be written as JSON: it holds a value of type {type(value).__name__}; "
        "return text, numbers, true, false, None, and lists and dicts of them"
    )


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_READABLE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=plain_value)
_ESCAPED = json.JSONEncoder(allow_nan=False, default=plain_value)
