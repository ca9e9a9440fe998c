"""`Retry`: what is tried again, how often, and when. A value; what it counts for one run is in `RunRetries`."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ..errors import BadResult, CircuitOpen, InvalidOption, RetryAfter
from .checks import ErrorKinds, at_least, error_kinds, is_number, whole

if TYPE_CHECKING:
    from random import Random

_FREE_RETRIES = 10
"""Retries that a run may have whatever its budget: a small one could not retry at all."""

_PATIENCE = 10
"""The other side may ask for at most so many times `max_delay`; an item that would have to wait longer fails."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Try failed items again, later. While an item waits, no worker does.

    ``attempts`` counts the first one. Tried again is what raised one of the exceptions ``on`` (and ``retry_if(error)`` is
    true), or returned what ``bad_result(value)`` calls bad. The n-th wait is ``backoff * factor ** (n - 1)`` seconds, at
    most ``max_delay``; with full jitter, a random part of that (AWS Architecture Blog, "Exponential Backoff and Jitter",
    2015). Where the other side says how long to wait (``wait_from(error)``; by default a ``Retry-After``, see
    `retry_after`), it is at least that. ``budget`` is the largest share of a run's attempts that may be retries, beyond
    the first ten, so that a dead service is not called several times as often as a healthy one (Google, "Site Reliability
    Engineering", 2016, chapter 21, has a tenth); ``None``, the default, for no budget. What a `Breaker` refuses is tried again
    when its circuit may be closed.

    Raises `InvalidOption` for anything that cannot be used.
    """

    attempts: int = 3
    on: ErrorKinds = (Exception,)
    backoff: float = 0.5
    factor: float = 2.0
    max_delay: float = 60.0
    jitter: Literal["full", "none"] = "full"
    retry_if: Callable[[Exception], bool] | None = None
    bad_result: Callable[[Any], bool] | None = None
    wait_from: Callable[[Exception], float | None] | None = None
    budget: float | None = None

    def __post_init__(self) -> None:
        whole("Retry(attempts=...)", self.attempts)
        error_kinds("Retry(on=...)", self.on)
        for name, least in (("backoff", 0.0), ("factor", 1.0), ("max_delay", 0.0)):
            at_least(f"Retry({name}=...)", least, getattr(self, name))
        if self.jitter not in ("full", "none"):
            raise InvalidOption(f"Retry(jitter=...) must be 'full' or 'none', not {self.jitter!r}")
        if self.budget is not None and not (is_number(self.budget) and 0 <= self.budget <= 1):
            raise InvalidOption(f"Retry(budget=...) must be a share from 0 to 1, or None, not {self.budget!r}")
        for name in ("retry_if", "bad_result", "wait_from"):
            if getattr(self, name) is not None and not callable(getattr(self, name)):
                raise InvalidOption(f"Retry({name}=...) must be a function, not {getattr(self, name)!r}")

    @classmethod
    def of(cls, value: object) -> "Retry":
        """Return the rule that `value` stands for: a number of retries, each item's first attempt not counted, or a rule."""
        if isinstance(value, cls):
            return value
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return cls(attempts=value + 1)
        raise InvalidOption(f"retry must be a Retry, or how many times an item is tried again, not {value!r}")

    def delay(self, attempt: int, share: float = 1.0) -> float:
        """Return how long to wait after the `attempt`-th failure; `share` is the part of it that jitter has drawn."""
        try:
            longest = min(self.max_delay, self.backoff * self.factor ** (attempt - 1))
        except OverflowError:
            longest = self.max_delay
        return longest * share if self.jitter == "full" else longest

    def worth(self, error: Exception) -> bool:
        """Tell whether `error` is one to try again for. Raises what ``retry_if`` raises."""
        if isinstance(error, RetryAfter) or (self.bad_result is not None and isinstance(error, BadResult)):
            return True  # the task, or `bad_result`, has said so already
        return isinstance(error, self.on) and (self.retry_if is None or bool(self.retry_if(error)))

    def for_run(self, random: "Random | None" = None) -> "RunRetries":
        """Return what decides for one run, and counts its retries."""
        from random import Random  # noqa: PLC0415 - only runs that retry need it

        return RunRetries(self, random or Random())  # noqa: S311 - jitter is no secret


class RunRetries:
    """Decides what is tried again in one run. Safe to use from several threads."""

    def __init__(self, rule: Retry, random: "Random") -> None:
        self._rule = rule
        self._random = random
        self._patience = _PATIENCE * rule.max_delay
        self._lock = threading.Lock()  # Guards: _retries, _random
        self._retries = 0

    def delay_after(self, attempt: int, error: Exception, begun: int) -> float | None:
        """Return the seconds until the next attempt, or ``None``: there is none. `begun`: attempts in the run so far."""
        rule = self._rule
        if attempt >= rule.attempts or not rule.worth(error):
            return None
        asked = error.seconds if isinstance(error, CircuitOpen) else self._asked(error) or 0.0
        if asked > self._patience:
            error.add_note(f"not tried again: the wait would be {asked:g} s, longer than {self._patience:g} s")
            return None
        with self._lock:
            spent = rule.budget is not None and self._retries >= _FREE_RETRIES + rule.budget * begun
            if not spent:
                self._retries += 1
                return max(rule.delay(attempt, self._random.random()), asked)
        error.add_note(f"not tried again: the retry budget of {rule.budget:.0%} of all attempts is spent")
        return None

    def asked_wait(self, error: Exception) -> float | None:
        """Return for how many seconds the other side has asked to be left alone, if it has; at most what is waited for."""
        asked = self._asked(error)
        return None if asked is None else min(asked, self._patience)

    def _asked(self, error: Exception) -> float | None:
        return (self._rule.wait_from or retry_after)(error)


def retry_after(error: Exception) -> float | None:
    """Return the seconds of a ``Retry-After`` that `error` carries (RFC 9110, 10.2.3), or ``None``.

    It is looked for in ``error.retry_after`` (a number), and in the headers of ``error.response`` or of the error
    itself, as most HTTP libraries have them: seconds or a date.
    """
    seconds: Any = getattr(error, "retry_after", None)
    if is_number(seconds):
        return max(0.0, float(seconds))
    headers: Any = getattr(getattr(error, "response", None), "headers", None) or getattr(error, "headers", None)
    fields = headers.items() if hasattr(headers, "items") else ()
    # Names of fields are case-insensitive (RFC 9110, 5.1), and not every library's headers are.
    value = next((value for name, value in fields if str(name).lower() == "retry-after"), None)
    return None if value is None else _seconds_of(str(value).strip())


def _seconds_of(value: str) -> float | None:
    from datetime import UTC, datetime  # noqa: PLC0415 - only where there is a date, and it takes a while to import
    from email.utils import parsedate_to_datetime  # noqa: PLC0415

    if value.isascii() and value.isdecimal():
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    now = datetime.now(UTC)
    return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds())
