"""`key_of`: what an item is known by in a journal: its content, not its place in the input.

The same in every process and on every Python: neither ``hash``, which is salted, nor ``pickle``, whose bytes change.
"""

import dataclasses
import datetime as dt
import decimal
import enum
import pathlib
import uuid
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Any

from ..errors import JournalError

_BYTES = 16  # by the birthday bound, two of 10 billion items have the same key with a chance of 1 in 10 ** 19


def key_of(value: Any) -> bytes:
    """Return the 16 bytes that stand for `value`: different ones for different values, and for 1, 1.0, True and "1".

    Raises `JournalError` for a value of a type that it cannot look into. Costs about 1 us for a text.
    """
    return blake2b(_canonical(value), digest_size=_BYTES).digest()


def _canonical(value: Any) -> bytes:
    """Return `value` as bytes that begin with a tag of its type, and from which no other value can be made."""
    writer = _WRITERS.get(type(value))
    if writer is not None:
        return writer(value)
    if isinstance(value, enum.Enum):
        return _tagged(b"E", _name(value), _canonical(value.value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [_canonical((each.name, getattr(value, each.name))) for each in dataclasses.fields(value)]
        return _tagged(b"D", _name(value), *fields)
    if isinstance(value, pathlib.PurePath):
        return _tagged(b"P", _text(str(value)))
    if isinstance(value, tuple):  # a named one
        return _tagged(b"N", _name(value), *map(_canonical, value))
    raise JournalError(f"a journal cannot tell items of type {_name(value).decode()} apart: give key=..., a function of the item")


def _tagged(tag: bytes, *parts: bytes) -> bytes:
    return b"".join((tag, b"%d:" % len(parts), *(b"%d:" % len(part) + part for part in parts)))


def _text(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass")


def _name(value: Any) -> bytes:
    return f"{type(value).__module__}.{type(value).__qualname__}".encode()


def _each(values: Iterable[Any]) -> list[bytes]:
    return [_canonical(each) for each in values]


_WRITERS: dict[type, Callable[[Any], bytes]] = {
    str: lambda value: b"s" + _text(value),
    int: lambda value: b"i%d" % value,
    float: lambda value: b"f" + value.hex().encode(),
    bool: lambda value: b"b1" if value else b"b0",
    type(None): lambda _: b"n",
    bytes: lambda value: b"y" + value,
    tuple: lambda value: _tagged(b"t", *_each(value)),
    list: lambda value: _tagged(b"l", *_each(value)),
    dict: lambda value: _tagged(b"d", *sorted(_tagged(b"", _canonical(key), _canonical(of)) for key, of in value.items())),
    set: lambda value: _tagged(b"S", *sorted(_each(value))),
    frozenset: lambda value: _tagged(b"F", *sorted(_each(value))),
    complex: lambda value: _tagged(b"c", _canonical(value.real), _canonical(value.imag)),
    dt.date: lambda value: b"a" + value.isoformat().encode(),
    dt.datetime: lambda value: b"A" + f"{value.isoformat()} {value.fold}".encode(),
    decimal.Decimal: lambda value: b"m" + str(value).encode(),
    uuid.UUID: lambda value: b"u" + value.bytes,
}
