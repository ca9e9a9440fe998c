"""`Halt`: when failures stop a run. A value and its arithmetic; no thread, no clock."""

import math
import re
from dataclasses import dataclass

from ..errors import InvalidOption

_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")


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
        count, share = self._limit()
        if share is None:
            return failed >= count
        return failed > share * max(finished, math.ceil(1 / share))

    def _limit(self) -> tuple[float, float | None]:
        """Return the count of failures, or 0 and the share of the finished items."""
        if isinstance(self.failures, str):
            match = _PERCENT.fullmatch(self.failures.strip())
            share = float(match[1]) / 100 if match else 0.0
            if 0 < share < 1:
                return 0, share
        elif not isinstance(self.failures, bool) and (self.failures == math.inf or self.failures in range(1, 2**63)):
            return self.failures, None
        raise InvalidOption(
            f"Halt(failures=...) must be a whole number of at least 1 or a share like '5%', not {self.failures!r}"
        )
