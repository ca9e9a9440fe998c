"""`FailureGroups`: failures counted by the type of the error and the shape of its message."""

import heapq
import re
from dataclasses import dataclass, replace
from operator import attrgetter

from .shown import shortened, type_and_message

MOST_SHOWN = 50

_MOST_GROUPS = 200  # before the smaller half of them is given up
_MOST_TRACEBACKS = 1_000  # formatted in a run: each takes some 100 microseconds
_MOST_READ = 2_000  # characters of a message; they take 0.4 ms at most
_VARYING = re.compile(  # an apostrophe after two letters is one, not a quotation mark: can't
    r"""(?P<quoted>(?<!\w\w)'[^']*'|"[^"]*")"""
    r"""|(?P<url>\b[a-z][a-z0-9+.-]{0,20}://[^\s'"]+)"""
    r"""|(?P<hex>\b(?:0x[0-9a-fA-F]+|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|(?=[a-f]*\d)[0-9a-f]{12,})\b)"""
    r"""|(?P<number>\d+(?:\.\d+)*)"""
)
_PLACEHOLDERS = {"quoted": "'…'", "url": "URL", "hex": "ID", "number": "N"}

Kind = tuple[str, str]
"""The name of the error's type, and the shape of its message."""


@dataclass(slots=True)
class FailureGroup:
    """Failures of one kind, with one of them as an example."""

    kind: str
    """The name of the error's type."""
    shape: str
    """The message; what varies (numbers, quoted texts, addresses, ids) is replaced."""
    count: int
    first_at: float
    """Seconds from the start, as are all moments here."""
    last_at: float
    index: int
    item: str
    message: str
    traceback: str
    """Empty where the example has none."""

    def copy(self) -> "FailureGroup":
        """Return one with the same counts, which go on no more."""
        return replace(self)


class FailureGroups:
    """Counts kinds of failures in bounded memory: of more than 200 kinds the rarer ones are counted together.

    Guarded by its owner; calls no code but its own.
    """

    def __init__(self) -> None:
        self._groups: dict[Kind, FailureGroup] = {}
        self._tracebacks = 0
        self.others = 0
        """Failures of kinds that were too rare to keep."""

    def wants_traceback(self, kind: Kind) -> bool:
        """Tell whether a failure of that kind would be an example."""
        self._tracebacks += kind not in self._groups
        return kind not in self._groups and self._tracebacks <= _MOST_TRACEBACKS

    def add(self, group: FailureGroup) -> None:
        """Count a failure, given as a group of its own."""
        kind = group.kind, group.shape
        known = self._groups.get(kind)
        if known:
            known.count += group.count
            known.last_at = max(known.last_at, group.last_at)
            return
        if len(self._groups) >= _MOST_GROUPS:
            kept = heapq.nlargest(_MOST_GROUPS // 2, self._groups.items(), key=lambda each: (each[1].count, each[1].last_at))
            self.others += sum(each.count for each in self._groups.values()) - sum(each.count for _, each in kept)
            self._groups = dict(kept)
        self._groups[kind] = group

    def largest(self) -> tuple[list[FailureGroup], int]:
        """Return the `MOST_SHOWN` largest groups, the largest first, and how many failures are in none of them."""
        groups = heapq.nlargest(MOST_SHOWN, self._groups.values(), key=attrgetter("count"))
        total = self.others + sum(group.count for group in self._groups.values())
        return groups, total - sum(group.count for group in groups)


def kind_of(error: BaseException) -> Kind:
    """Return what failures are grouped by. Calls the user's ``__str__``."""
    kind, message = type_and_message(error)
    return kind, shape_of(message)


def shape_of(message: str) -> str:
    """Return `message` with a placeholder for each part that varies from item to item."""
    return shortened(_VARYING.sub(lambda match: _PLACEHOLDERS[match.lastgroup or ""], message[:_MOST_READ]))
