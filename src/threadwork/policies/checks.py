"""What the fields of policies may be. Each check returns the value, or raises `InvalidOption` with the field and the mend."""

import math
from collections.abc import Callable, Hashable
from typing import Any

from ..errors import InvalidOption

KeyFunction = Callable[[Any], Hashable]
"""Gives the key of an item."""

ErrorKinds = type[Exception] | tuple[type[Exception], ...]
"""One class of exceptions, or several."""


def is_number(value: object) -> bool:
    """Tell whether `value` is an ``int`` or a ``float``; a ``bool`` is no number here."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def whole(field: str, value: Any) -> int:
    """Return `value`, a whole number of at least 1."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InvalidOption(f"{field} must be a whole number of at least 1, not {value!r}")
    return value


def positive(field: str, value: Any) -> float:
    """Return `value`, a finite number above 0."""
    if not is_number(value) or not 0 < value < math.inf:
        raise InvalidOption(f"{field} must be a number above 0, not {value!r}")
    return float(value)


def at_least(field: str, least: float, value: Any) -> float:
    """Return `value`, a finite number of at least `least`."""
    if not is_number(value) or not least <= value < math.inf:
        raise InvalidOption(f"{field} must be a number of at least {least:g}, not {value!r}")
    return float(value)


def key_function(field: str, value: Any) -> KeyFunction | None:
    """Return `value`, a function of the item or ``None``."""
    if value is not None and not callable(value):
        raise InvalidOption(f"{field} must be a function of the item, not {value!r}")
    return value  # type: ignore[no-any-return] # more than that it can be called is not to be seen


def error_kinds(field: str, value: Any) -> ErrorKinds:
    """Return `value`, a class of exceptions or a tuple of at least one."""
    kinds = value if isinstance(value, tuple) else (value,)
    if not kinds or not all(isinstance(kind, type) and issubclass(kind, Exception) for kind in kinds):
        raise InvalidOption(f"{field} must be an exception class or a tuple of them, not {value!r}")
    return value  # type: ignore[no-any-return] # just checked
