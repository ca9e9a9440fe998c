"""`Limit`: how much may begin, by rate or at once, for each key or in all. Shared by runs, pools and threads."""

import math
import time
import weakref
from abc import ABC, abstractmethod
from array import array
from collections.abc import Hashable
from typing import Any, Protocol, Self

from ..engine import ShortLock
from ..errors import InvalidOption
from .checks import KeyFunction, at_least, key_function, positive, whole
from .key_table import KeyTable

_EVERY_KEY = object()


class Waiting(Protocol):
    """Somebody who waits until a limit lets more in."""

    def limit_changed(self, gate: Any, /) -> None:
        """Take note that it is worth to ask again."""


class Limit(ABC):
    """Lets attempts begin as a rule allows. Made by `Limit.rate` or `Limit.concurrency`; safe to use from several threads.

    An item that may not begin yet is set aside without a worker, with its key: other keys overtake it, and those with the
    same key keep their order. With ``key``, a function of the item, each key has a limit of its own; keys are forgotten
    as soon as there is nothing to remember of them, so there may be any number.
    """

    def __new__(cls, *_: Any, **__: Any) -> Self:
        """Make one of the two kinds."""
        if cls is Limit:
            raise InvalidOption("a Limit is made by Limit.rate(10), so many a second, or Limit.concurrency(4), so many at once")
        return super().__new__(cls)

    def __init__(self, count: float, key: KeyFunction | None) -> None:
        self._key = key_function("Limit(key=...)", key)
        self._lock = ShortLock()  # Guards: all below
        self._count = count
        self._pauses: KeyTable[float] = KeyTable()  # when the pause of a key ends, or that of all
        self._listeners: weakref.WeakSet[Waiting] = weakref.WeakSet()
        self._refused = False  # whether somebody waits to be told

    @staticmethod
    def rate(count: float, per: float = 1.0, *, burst: int | None = None, key: KeyFunction | None = None) -> "RateLimit":
        """Let `count` attempts begin in every `per` seconds: at a steady pace, and after a quiet time `burst` at once.

        A token bucket (Turner, "New directions in communications", 1986): in any time of ``t`` seconds at most
        ``burst + t * count / per`` begin. Default ``burst``: what a tenth of a second brings, at least 1.
        """
        return RateLimit(count, per, burst, key)

    @staticmethod
    def concurrency(count: int, *, key: KeyFunction | None = None) -> "ConcurrencyLimit":
        """Let at most `count` attempts run at once."""
        return ConcurrencyLimit(count, key)

    def pause(self, seconds: float, key: Hashable = _EVERY_KEY, *, now: float | None = None) -> None:
        """Let nothing begin for `seconds`, for `key` or, where none is given, at all. A longer pause that is on already stays.

        `now`: the time on the clock of the runs, where that is not the machine's monotonic one. Raises `InvalidOption`
        for what is no number of seconds, and for a pause without end.
        """
        now = time.monotonic() if now is None else now
        until = now + at_least("Limit.pause(seconds)", 0, seconds)
        with self._lock:
            self._pauses[key] = max(self._pauses.get(key, until), until)
            if self._pauses.crowded:
                self._pauses.sweep(lambda end: end <= now)

    @property
    def keyed(self) -> bool:
        """Whether items have different keys."""
        return self._key is not None

    def key_of(self, item: Any) -> Hashable:
        """Return the key of `item`; ``None`` where the limit has no keys. Raises what the key function raises."""
        return None if self._key is None else self._key(item)

    def enter(self, key: Hashable, now: float) -> float:
        """Take a place for an attempt that begins now and return 0, or after how many seconds to ask again.

        Infinity: when told so (see `tell`). `now` is in seconds, on the monotonic clock.
        """
        with self._lock:
            if self._pauses and (wait := self._paused(key, now)) > 0:
                return wait
            return self._enter(key, now)

    def tell(self, listener: Waiting) -> None:
        """Call ``listener.limit_changed(self)``, for as long as it lives, whenever it is worth to ask again."""
        with self._lock:
            self._listeners.add(listener)

    def resize(self, count: float, *, now: float | None = None) -> None:
        """Change how much is let in, from now on (`now`: see `pause`). Raises `InvalidOption` for what cannot be used."""
        with self._lock:
            self._resize(count, time.monotonic() if now is None else now)
        self._changed()

    @abstractmethod
    def give_back(self, key: Hashable, now: float) -> None:
        """Take back an `enter`: the attempt does not begin."""

    @abstractmethod
    def leave(self, key: Hashable) -> None:
        """Take note that an attempt has ended."""

    @abstractmethod
    def _enter(self, key: Hashable, now: float) -> float: ...

    @abstractmethod
    def _resize(self, count: float, now: float) -> None: ...

    def _paused(self, key: Hashable, now: float) -> float:
        return max(self._pauses.get(key, now), self._pauses.get(_EVERY_KEY, now)) - now

    def _changed(self) -> None:
        """Tell those who wait. The lock is not held."""
        if not self._refused:  # without the lock: who is refused from now on sees what has changed
            return
        with self._lock:
            self._refused = False
            listeners = list(self._listeners)
        for listener in listeners:
            listener.limit_changed(self)


class RateLimit(Limit):
    """At most so many in a time. See `Limit.rate`."""

    def __init__(self, count: float, per: float, burst: int | None, key: KeyFunction | None) -> None:
        super().__init__(positive("Limit.rate(count)", count), key)
        self._per = positive("Limit.rate(per=...)", per)
        self._asked_burst = None if burst is None else whole("Limit.rate(burst=...)", burst)
        # When the bucket of a key will be full again: all that has to be remembered of it (the virtual scheduling form of
        # the algorithm: ITU-T I.371, Annex A). A key whose bucket is full is forgotten.
        # In an array, because on free-threaded builds it is dear to let go of a number that another thread has made.
        self._full_at: KeyTable[array[float]] = KeyTable()
        self._set_pace()

    def give_back(self, key: Hashable, now: float) -> None:  # noqa: ARG002 - the time makes no difference
        """Give the token back."""
        with self._lock:
            if key in self._full_at:
                self._full_at[key][0] -= self._interval
        self._changed()

    def leave(self, key: Hashable) -> None:
        """Do nothing: what counts is when attempts begin."""

    def _set_pace(self) -> None:
        self._interval = self._per / self._count
        self._burst_seconds = self._interval * (self._asked_burst or max(1, math.ceil(0.1 / self._interval)))

    def _enter(self, key: Hashable, now: float) -> float:
        kept = self._full_at.get(key)
        full_at = (now if kept is None or kept[0] < now else kept[0]) + self._interval
        wait = full_at - now - self._burst_seconds
        if wait > 0 and wait > 1e-9 * self._burst_seconds + 2 * math.ulp(full_at):  # what rounding makes of none
            self._refused = True
            return wait
        if kept is not None:
            kept[0] = full_at
            return 0.0
        self._full_at[key] = array("d", (full_at,))
        if self._full_at.crowded:
            self._full_at.sweep(lambda at: at[0] <= now)
        return 0.0

    def _resize(self, count: float, now: float) -> None:
        before, self._count = self._count, positive("Limit.resize(count)", count)
        self._set_pace()
        # The same tokens are missing as before; they come back at another pace.
        for kept in self._full_at.values():
            kept[0] = now + (kept[0] - now) * before / self._count


class ConcurrencyLimit(Limit):
    """At most so many at once. See `Limit.concurrency`."""

    def __init__(self, count: int, key: KeyFunction | None) -> None:
        super().__init__(whole("Limit.concurrency(count)", count), key)
        self._inside: dict[Hashable, int] = {}

    def give_back(self, key: Hashable, now: float) -> None:  # noqa: ARG002 - the time makes no difference
        """Give the place back."""
        self.leave(key)

    def leave(self, key: Hashable) -> None:
        """Give the place back."""
        with self._lock:
            inside = self._inside.pop(key) - 1
            if inside:
                self._inside[key] = inside
        self._changed()

    def _enter(self, key: Hashable, now: float) -> float:  # noqa: ARG002 - the time makes no difference
        inside = self._inside.get(key, 0)
        if inside >= self._count:
            self._refused = True
            return math.inf
        self._inside[key] = inside + 1
        return 0.0

    def _resize(self, count: float, now: float) -> None:  # noqa: ARG002 - the time makes no difference
        self._count = whole("Limit.resize(count)", count)
