"""How values are kept in a journal: as JSON, or as a codec of the user's own makes them."""

import json
from typing import Any, Protocol

from ..errors import NotJournaled


class Codec(Protocol):
    """Turns values into bytes and back. Called from several threads at once."""

    def encode(self, value: Any, /) -> bytes:
        """Return `value` as bytes. What it raises fails the item."""

    def decode(self, data: bytes, /) -> Any:
        """Return the value that `data` was made of."""


class JsonCodec:
    """JSON, for values that come back from it as they were: anything else is refused rather than changed."""

    def encode(self, value: Any) -> bytes:
        """Return `value` as JSON. Raises `NotJournaled` for what would come back as something else, or not at all."""
        if fault := _fault(value):
            raise NotJournaled(
                f"the journal cannot keep the value exactly: {fault}; give Journal(..., codec=...) or values=False"
            )
        return json.dumps(value, separators=(",", ":")).encode()

    def decode(self, data: bytes) -> Any:
        """Return the value."""
        return json.loads(data)


class NoValues:
    """Keeps no values: a done item comes back as ``None``."""

    def encode(self, value: Any) -> bytes:  # noqa: ARG002 - see above
        """Return nothing."""
        return b""

    def decode(self, data: bytes) -> Any:  # noqa: ARG002
        """Return ``None``."""
        return None


def _fault(value: Any) -> str:
    """Return what of `value` JSON does not carry, or an empty text."""
    kind = type(value)
    if value is None or kind in (str, int, bool):
        return ""
    if kind is float:
        return "" if value - value == 0 else f"JSON has no {value}"
    if kind is list:
        return next(filter(None, map(_fault, value)), "")
    if kind is dict:
        strange = next((key for key in value if type(key) is not str), None)
        if strange is not None:
            return f"JSON has no key of type {type(strange).__name__}"
        return next(filter(None, map(_fault, value.values())), "")
    return f"JSON has no {kind.__module__}.{kind.__qualname__}".replace("builtins.", "")
