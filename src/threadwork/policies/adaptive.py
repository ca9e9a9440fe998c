"""`Adaptive`: as many workers as pay. A value; what decides for one pool is in `climbing`."""

from dataclasses import dataclass
from typing import Any

from ..errors import InvalidOption, RetryAfter
from .checks import whole
from .climbing import Climber

_TOO_MUCH = (429, 503)
"""Too Many Requests (RFC 6585), Service Unavailable (RFC 9110)."""


@dataclass(frozen=True, slots=True)
class Adaptive:
    """Between `min` and `max` workers, beginning with `start`: as many as the work is done faster with.

    Found out while they work, with no knowledge of the task: see `threadwork.policies` in the reference for how. Raises
    `InvalidOption` unless they are whole numbers and ``1 <= min <= start <= max``.
    """

    start: int = 4
    min: int = 1
    max: int = 64

    def __post_init__(self) -> None:
        for name in ("start", "min", "max"):
            whole(f"Adaptive({name}=...)", getattr(self, name))
        if not self.min <= self.start <= self.max:
            raise InvalidOption(
                f"Adaptive(start=...) must lie between min and max, not start={self.start}, min={self.min}, max={self.max}"
            )

    @classmethod
    def of(cls, value: object) -> "Adaptive":
        """Return the rule that ``"auto"`` stands for."""
        if value != "auto":
            raise InvalidOption(f"workers must be a whole number, 'auto' or an Adaptive, not {value!r}")
        return cls()

    def controller(self, cpus: int, *, gil: bool) -> Climber:
        """Return what decides for one pool, on a machine that gives it `cpus`, with or without a GIL."""
        return Climber(self.start, self.min, self.max, cpus, gil=gil)

    def is_overload(self, error: Exception) -> bool:
        """Tell whether `error` says that it was too much for the other side: 429 or 503, a time-out, a `RetryAfter`."""
        return isinstance(error, TimeoutError | RetryAfter) or _status(error) in _TOO_MUCH


def _status(error: Exception) -> Any:
    """Return the HTTP status that `error` carries, as most libraries have it, or ``None``."""
    for owner in (getattr(error, "response", None), error):
        for name in ("status_code", "status", "code"):
            status = getattr(owner, name, None)
            if isinstance(status, int):
                return status
    return None
