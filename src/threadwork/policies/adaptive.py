"""`Adaptive`: as many workers as pay. A value; `Controller` is the arithmetic, without a thread or a clock."""

from dataclasses import dataclass
from enum import StrEnum

from ..errors import InvalidOption
from .checks import whole

_PAYS = 0.05
"""The least share of completions per second that is worth a step, which is of a fifteenth at least; less is taken for noise."""

_BUSY_CPU = 0.95
"""The share of the CPU from which more threads would only take turns on it."""

_REST = 5
"""Samples for which a number of workers is kept after a step that did not pay, before the other direction is tried."""


class Reason(StrEnum):
    """Why there should be so many workers."""

    MEASURING = "measuring"
    """Too little has ended since the last decision to compare with."""
    MORE = "more"
    """Slow start, or the try of a step up; the next sample tells whether it pays."""
    FEWER = "fewer"
    """The try of a step down; the next sample tells whether it costs anything."""
    KEPT = "kept"
    """It is too soon for another step, or there is no room for one."""
    TOOK_BACK = "took back"
    """The last step did not pay."""
    OVERLOAD = "overload"
    """The other side has said that it is too much."""
    SHORT_INPUT = "short input"
    """Workers have nothing to do: more of them would not have either."""
    BUSY_CPU = "busy CPU"
    """The CPU is used up: more threads would only take turns on it."""


@dataclass(frozen=True, slots=True)
class Adaptive:
    """Between `min` and `max` workers, beginning with `start`: as many as the work is done faster with.

    Raises `InvalidOption` unless they are whole numbers and ``1 <= min <= start <= max``.
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

    def controller(self) -> "Controller":
        """Return what decides for one run."""
        return Controller(self)


class Controller:
    """Says after each sample how many workers there should be. For one thread, the one that samples.

    It doubles the workers as long as that pays (slow start, as in RFC 5681, 3.1), and then climbs: it tries an eighth more,
    and keeps what raises the completions per second by 5 %; it tries an eighth fewer, and keeps what costs less than 5 %.
    Overload takes half of the workers away. While input is short, or the CPU used up, no more are tried.
    """

    def __init__(self, rule: Adaptive) -> None:
        self._rule = rule
        self._workers = rule.start
        self._doubling = True
        self._upwards = True
        self._rest = 0  # samples until the next step
        self._trial: tuple[int, float] | None = None  # before the step on trial: how many workers, and what they did a second
        self._since: tuple[float, int, int] | None = None  # what is measured began then: now, completions, overloads

    def sample(
        self, now: float, completions: int, busy: int, queued: int, cpu_share: float, overloads: int
    ) -> tuple[int, Reason]:
        """Return how many workers there should be from now on, and why.

        `now` is in seconds. `completions`, `overloads`: how many tasks have ended, and how often the other side has said
        that it is too much, since the run began. `busy`: workers that run a task. `queued`: items that wait for one.
        `cpu_share`: what the process has used, since the last sample, of the CPU time it could: of one CPU with a GIL,
        of all usable ones without.
        """
        since, this = self._since, (now, completions, overloads)
        if since is not None and overloads <= since[2] and (queued or busy >= self._workers):
            ended, seconds = completions - since[1], now - since[0]
            if ended < self._workers or seconds <= 0:
                return self._workers, Reason.MEASURING
            self._since = this
            return self._judge(ended / seconds, cpu_share)
        self._since, self._trial = this, None
        if since is None:
            return self._workers, Reason.MEASURING
        if overloads <= since[2]:
            return self._workers, Reason.SHORT_INPUT
        self._settle(upwards=True)
        return self._become(self._workers // 2), Reason.OVERLOAD

    def _judge(self, rate: float, cpu_share: float) -> tuple[int, Reason]:
        """Take the step on trial back if it did not pay; otherwise take the next one, if it is time."""
        trial, self._trial = self._trial, None
        if trial is not None and rate <= trial[1] * (1 + _PAYS if self._workers > trial[0] else 1 - _PAYS):
            self._settle(upwards=not self._upwards)
            return self._become(trial[0]), Reason.TOOK_BACK
        if self._rest:
            self._rest -= 1
            return self._workers, Reason.KEPT
        if self._upwards and cpu_share >= _BUSY_CPU:
            self._settle(upwards=False)
            return self._workers, Reason.BUSY_CPU
        return self._step(rate)

    def _step(self, rate: float) -> tuple[int, Reason]:
        before = self._workers
        size = before if self._doubling else max(1, before // 8)
        after = self._become(before + size if self._upwards else before - size)
        if after == before:
            self._settle(upwards=not self._upwards)
            return after, Reason.KEPT
        self._trial = (before, rate)
        return after, Reason.MORE if self._upwards else Reason.FEWER

    def _settle(self, *, upwards: bool) -> None:
        """End the slow start, and keep what is for a while, before it goes on in that direction."""
        self._doubling, self._rest, self._upwards = False, _REST, upwards

    def _become(self, workers: int) -> int:
        self._workers = max(self._rule.min, min(workers, self._rule.max))
        return self._workers
