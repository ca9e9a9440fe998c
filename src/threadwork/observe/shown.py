"""How items, keys and errors are shown to people: short, on one line, and never raising."""

import re
import reprlib

MOST_CHARACTERS = 120

_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = _REPR.maxlong = MOST_CHARACTERS
_LINES = re.compile(r"\s*[\r\n]+\s*")


def shown(value: object) -> str:
    """Return `value` as a short text: a string as it is, anything else as its repr. Calls the user's ``__repr__``."""
    if type(value) is int:  # an index: the most frequent key of all
        return str(value) if -(1 << 63) < value < 1 << 63 else _REPR.repr(value)
    try:
        return shortened(value if isinstance(value, str) else _REPR.repr(value))
    except Exception as fault:  # noqa: BLE001 - what cannot be shown must not hide what is told with it
        return f"<{type(value).__name__} whose repr raised {type(fault).__name__}>"


def type_and_message(error: BaseException) -> tuple[str, str]:
    """Return the name of the type of `error`, and its whole message. Calls the user's ``__str__``."""
    kind = type(error).__qualname__
    try:
        return kind, str(error)
    except Exception as fault:  # noqa: BLE001 - see above
        return f"{kind} whose text raised {type(fault).__name__}", ""


def error_text(error: BaseException) -> str:
    """Return type and message of `error` as a short text. Calls the user's ``__str__``."""
    kind, message = type_and_message(error)
    return shortened(f"{kind}: {message}" if message else kind)


def shortened(text: str) -> str:
    """Return `text` on one line, its middle left out where it has more than `MOST_CHARACTERS`."""
    if len(text) > MOST_CHARACTERS:
        half = MOST_CHARACTERS // 2
        text = f"{text[: half - 1]} ... {text[-half + 4 :]}"
    return _LINES.sub(" ", text) if "\n" in text or "\r" in text else text
