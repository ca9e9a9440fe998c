"""`Climber`: how many workers get the most done, as arithmetic on what they have done so far. No thread, no clock."""

from enum import StrEnum
from math import sqrt

from ..engine import Sample

_PAYS = 0.05
"""The least share of completions per second that makes a step worth it; less is taken for noise."""

_SMALL = 1 / 8
"""The share of the workers that is tried more or fewer, where it is not known that many more pay."""

_BUSY = 0.95
"""The share of the processors from which more threads would only take turns on them."""

_LEAST_REST, _MOST_REST = 4, 32
"""Samples for which a number of workers is kept after a step that did not pay: more each time."""

_MANY = 20
"""Completions of each worker in a sample from which they are set against the clock: see `_rate`."""


_ROUGH = 0.12
"""The standard error of a rate, relative to it, that is good enough for large steps. Small ones need a fifth of the step."""

_PATIENCE = 1.0
"""Seconds after which a rate is taken as it is, however much the items differ."""

_NEWS = 1.5
"""Times as much, or as little, done by as many workers, that means that what they do has changed."""


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
    """The processors, or the GIL, are used up: more threads would only take turns."""


class Climber:
    """Says after each sample how many workers there should be. For one thread at a time.

    It doubles the workers as long as that pays (slow start, as in RFC 5681, 3.1), and then climbs: it tries an eighth more, and
    keeps what raises the completions per second by 5 %, with larger steps as long as they pay in full; it tries an eighth
    fewer, and keeps what costs less than 5 %. Overload takes half of the workers away, at most once for those that were at
    work. While input is short, or the processors are used up, no more are tried.
    """

    def __init__(self, start: int, least: int, most: int, cpus: int, *, gil: bool) -> None:
        self._least = least
        self._most = most
        self._cpus = cpus
        self._gil = gil
        self._workers = start
        self._share = 1.0  # of the workers: the next step
        self._upwards = True
        self._rest = 0  # samples until the next step
        self._next_rest = _LEAST_REST
        self._trial: tuple[int, float] | None = None  # before the step on trial: how many workers, and what they did a second
        self._last_rate: float | None = None  # completions a second before, of as many workers
        self._since: Sample | None = None  # what is measured began then
        self._settling = 0  # items that have to end first: what was at work before the last change

    def sample(self, this: Sample) -> tuple[int, Reason]:
        """Return how many workers there should be from now on, and why."""
        since = self._since
        if since is None or this.ended < since.ended:  # the beginning; or a run has ended, with what it had done
            self._since = this
            return self._workers, Reason.MEASURING
        if this.overloads > since.overloads and not self._settling:
            self._settle(upwards=True)
            return self._become(self._workers // 2, this), Reason.OVERLOAD
        if not this.queued and this.busy < self._workers:
            self._since, self._trial = this, None
            return self._workers, Reason.SHORT_INPUT
        rate = self._rate(since, this)
        if rate is None:
            return self._workers, Reason.MEASURING
        self._since = this
        return self._judge(rate, since, this)

    def _rate(self, since: Sample, this: Sample) -> float | None:
        """Return the completions per second; ``None`` where that cannot be told yet: it is to be that of these workers alone.

        Few that end in step, as after a start, would make a rate by the clock that depends on when one looks. By Little's
        law (1961), the rate of workers that are all busy is their number, divided by the time that an item takes.
        """
        ended, seconds, spent = this.ended - since.ended, this.now - since.now, this.spent - since.spent
        if self._settling:
            if ended >= self._settling:
                self._since, self._settling = this, 0
            return None
        if ended < self._workers or spent <= 0 or seconds <= 0:
            return None
        variance = max(
            0.0, (this.squares - since.squares) / spent * ended / spent - 1
        )  # of an item's time, relative to its square
        if seconds < _PATIENCE and sqrt(variance / ended) > min(_ROUGH, self._share / 5):
            return None
        return ended / seconds if ended >= _MANY * self._workers else self._workers * ended / spent

    def _judge(self, rate: float, since: Sample, this: Sample) -> tuple[int, Reason]:
        """Take the step on trial back if it did not pay; otherwise take the next one, if it is time."""
        trial, self._trial = self._trial, None
        if trial is None and self._is_news(rate):
            self._share, self._rest, self._next_rest, self._upwards = 1.0, 0, _LEAST_REST, True
        self._last_rate = rate
        if trial is not None:
            before, rate_before = trial
            up = self._workers > before
            if rate <= rate_before * (1 + _PAYS if up else 1 - _PAYS):
                self._settle(upwards=not self._upwards)
                return self._become(before, this), Reason.TOOK_BACK
            self._next_rest = _LEAST_REST
            in_full = up and rate / rate_before - 1 >= (self._workers / before - 1) / 2
            self._share = min(1.0, 2 * self._share) if in_full else _SMALL
        if self._rest:
            self._rest -= 1
            return self._workers, Reason.KEPT
        if self._upwards and self._busy(since, this):
            self._settle(upwards=False)
            return self._workers, Reason.BUSY_CPU
        return self._step(rate, this)

    def _is_news(self, rate: float) -> bool:
        """Tell whether as many workers get much more or less done than just before: what they do has changed."""
        return self._last_rate is not None and not 1 / _NEWS < rate / self._last_rate < _NEWS

    def _busy(self, since: Sample, this: Sample) -> bool:
        """Tell whether the processors are used up, or the GIL is: it lets the process have just one of them."""
        used = (this.cpu - since.cpu) / (this.now - since.now) if this.now > since.now else 0.0
        return used >= _BUSY * self._cpus or (self._gil and _BUSY <= used <= 2 - _BUSY)

    def _step(self, rate: float, this: Sample) -> tuple[int, Reason]:
        before = self._workers
        size = max(1, int(before * self._share))
        after = self._become(before + size if self._upwards else before - size, this)
        if after == before:
            self._settle(upwards=not self._upwards)
            return after, Reason.KEPT
        self._trial = (before, rate)
        return after, Reason.MORE if self._upwards else Reason.FEWER

    def _settle(self, *, upwards: bool) -> None:
        """End the slow start, and keep what is for a while, before it goes on in that direction."""
        self._share, self._rest, self._upwards, self._trial = _SMALL, self._next_rest, upwards, None
        self._next_rest = min(_MOST_REST, 2 * self._next_rest)

    def _become(self, workers: int, this: Sample) -> int:
        before, self._workers = self._workers, max(self._least, min(workers, self._most))
        self._since, self._last_rate = this, None
        self._settling = max(before, self._workers) if before != self._workers else 0
        return self._workers
