"""`Breaker`: does not call what is down, for each key or in all. Shared by runs, pools and threads."""

from collections.abc import Hashable
from typing import Any

from ..engine import ShortLock
from ..errors import CircuitOpen
from .checks import ErrorKinds, KeyFunction, at_least, error_kinds, key_function, positive, whole
from .circuit import CLOSED, Circuit, CircuitRule
from .key_table import KeyTable


class Breaker:
    """Refuses attempts at once, with `CircuitOpen`, while what they would call is down. Safe to use from several threads.

    After `failures` failures one after the other within `within` seconds, the circuit of their key is open for `open_for`
    seconds. Then `probes` attempts are let in: the first that succeeds closes it, the first that fails opens it again.
    With `key`, a function of the item, each key has a circuit of its own; a key is forgotten where nothing is held against
    it, so there may be any number. A failure is an exception of a class in `on`; any other exception is an answer, and so
    a success. What is no `Exception`, such as `Cancelled`, and a `CircuitOpen` are neither.

    Time is passed in, in seconds on a monotonic clock. No method waits, or calls anybody while the lock is held. Raises
    `InvalidOption` for anything that cannot be used. Cost: constant for each call, with at most `failures` numbers a key.
    """

    def __init__(
        self,
        failures: int = 5,
        within: float = 60.0,
        *,
        open_for: float = 30.0,
        probes: int = 1,
        key: KeyFunction | None = None,
        on: ErrorKinds = (Exception,),
    ) -> None:
        self._rule = CircuitRule(
            failures=whole("Breaker(failures=...)", failures),
            within=at_least("Breaker(within=...)", 0, within),
            open_for=positive("Breaker(open_for=...)", open_for),
            probes=whole("Breaker(probes=...)", probes),
        )
        self._key = key_function("Breaker(key=...)", key)
        self._on = error_kinds("Breaker(on=...)", on)
        self._lock = ShortLock()  # Guards: _circuits; not where it is only seen whether there is any
        self._circuits: KeyTable[Circuit] = KeyTable()  # those that are not as good as closed

    def key_of(self, item: Any) -> Hashable:
        """Return the key of `item`; ``None`` where the breaker has no keys. Raises what the key function raises."""
        return None if self._key is None else self._key(item)

    def refuses(self, key: Hashable, now: float) -> float | None:
        """Return ``None`` where an attempt may begin, or the seconds until it is tried again whether `key` is up.

        Where the circuit is half-open, ``None`` makes the attempt a probe, whose end is to be told to `succeeded` or `failed`.
        If it is not, because the attempt did not begin or was cancelled, another one is let in after `open_for` seconds.
        """
        if not self._circuits:
            return None
        with self._lock:
            circuit = self._circuits.get(key)
            if circuit is None:
                return None
            self._circuits[key], wait = circuit.ask(self._rule, now)
            return wait

    def succeeded(self, key: Hashable) -> None:
        """Take note that an attempt has succeeded."""
        if not self._circuits:
            return
        with self._lock:
            circuit = self._circuits.get(key)
            if circuit is not None and circuit.succeed() is CLOSED:
                del self._circuits[key]

    def failed(self, key: Hashable, error: BaseException, now: float) -> None:
        """Take note that an attempt has ended with `error`, which is a failure if it is one of `on`."""
        if not isinstance(error, Exception) or isinstance(error, CircuitOpen):
            return
        if not isinstance(error, self._on):
            self.succeeded(key)
            return
        rule = self._rule
        with self._lock:
            self._circuits[key] = self._circuits.get(key, CLOSED).fail(rule, now)
            if self._circuits.crowded:
                self._circuits.sweep(lambda circuit: circuit.is_spent(rule, now))
