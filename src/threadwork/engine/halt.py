"""`Halt`: when failures stop a run. A value and its arithmetic; no thread, no clock."""

import math
from dataclasses import dataclass

from ..errors import InvalidOption


@dataclass(frozen=True, slots=True)
class Halt:
    """Stop the run when too much has failed.

    ``failures`` is a count (``1``: at the first failure) or a share of the finished items (``"5%"``: when more than
    5% have failed; before so many items are finished that one failure is that share, they count as that many, so
    that ``"5%"`` allows one failure among the first twenty). ``drain=False`` asks the running tasks to stop at once;
    ``drain=True`` lets what has begun come to its end. `Halt.never` never stops a run.

    Raises `InvalidOption` for anything else.
    """

    failures: int | float | str = 1
    drain: bool = False

    def __post_init__(self) -> None:
        _ = self._limit()

    @classmethod
    def never(cls) -> "Halt":
        """Return the rule that no number of failures stops a run."""
        return cls(failures=math.inf)

    def reached(self, failed: int, finished: int) -> bool:
        """Tell whether `failed` of `finished` items are enough to stop."""
        failures, items = self._limit()
        if items is None:
            return failed >= failures
        one_in = -(-items // failures)
        return failed * items > failures * max(finished, one_in)

    def _limit(self) -> tuple[float, int | None]:
        """Return the count of failures and ``None``, or a share as so many failures of so many items, in whole numbers."""
        if isinstance(self.failures, str):
            number, percent, rest = self.failures.strip().partition("%")
            whole, point, decimals = number.rstrip().partition(".")
            digits = whole + decimals
            if percent and not rest and whole and bool(point) == bool(decimals) and digits.isascii() and digits.isdecimal():
                failures, items = int(digits), 100 * 10 ** len(decimals)
                if 0 < failures < items:
                    return failures, items
        elif self.failures == math.inf or (isinstance(self.failures, int) and self.failures >= 1 and self.failures is not True):
            return self.failures, None
        raise InvalidOption(
            f"Halt(failures=...) must be a whole number of at least 1 or a share like '5%', not {self.failures!r}"
        )
