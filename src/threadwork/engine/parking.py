"""`Parking`: where items wait until a limit lets them in, or until it is time to try them again."""

import math
import threading
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from .batch import Batch
from .ledger import Ledger
from .protocols import Gate
from .timer import Timer

_Place = tuple[int, Hashable]
"""Which of the limits, and which key of it."""


@dataclass(slots=True)
class _Queue:
    batches: deque[Batch] = field(default_factory=deque)
    due: float = math.inf
    """When the first one is asked for again, as far as that is set."""


class Parking:
    """Holds no worker: what waits here is a batch of one item, in the ledger's `waiting`.

    Each limit and key has a queue in the order of the input, and only the first in it is asked for: one key never stalls
    another, and of those who wait with the same key, the earliest item is the first to go on. Lock order: this one's,
    then a limit's; never with the ledger's.
    """

    def __init__(self, ledger: Ledger, timer: Timer) -> None:
        self._ledger = ledger
        self._gates = ledger.settings.limits
        self._only = self._gates[0] if len(self._gates) == 1 else None  # most have one: it is worth a way of its own
        self._no_keys = None if any(gate.keyed for gate in self._gates) else (None,) * len(self._gates)
        self._timer = timer
        self._lock = threading.Lock()  # Guards: all below
        self._queues: dict[_Place, _Queue] = {}
        for gate in self._gates:
            gate.tell(self)

    def keys_of(self, item: Any) -> tuple[Hashable, ...]:
        """Return the key of `item` for each limit. Raises what a key function raises."""
        if self._no_keys:
            return self._no_keys
        return tuple([gate.key_of(item) for gate in self._gates])

    def enter(self, keys: tuple[Hashable, ...]) -> bool:
        """Take a place with every limit, for an attempt that begins now; tell whether that was possible."""
        if not self._queues:  # without the lock: whoever comes to wait in this very moment may be overtaken
            if self._only:
                return self._only.enter(keys[0], self._ledger.now()) <= 0
            return self._refusal(keys) is None
        with self._lock:
            if any(place in self._queues for place in enumerate(keys)):
                return False
            return self._refusal(keys) is None

    def leave(self, keys: tuple[Hashable, ...]) -> None:
        """Give the places back: the attempt has ended."""
        if self._only:
            self._only.leave(keys[0])
        else:
            self._ledger.leave(keys)

    def give_back(self, keys: tuple[Hashable, ...]) -> None:
        """Give the places back: the attempt does not begin."""
        now = self._ledger.now()
        for gate, key in zip(self._gates, keys, strict=True):
            gate.give_back(key, now)

    def pause(self, keys: tuple[Hashable, ...], seconds: float) -> None:
        """Let nothing more in for these keys for some seconds: the other side has asked for that."""
        for gate, key in zip(self._gates, keys, strict=True):
            gate.pause(seconds, key, now=self._ledger.now())

    def park(self, batch: Batch) -> None:
        """Hold `batch` until every limit lets it in; then it goes to the crew."""
        keys = batch.keys
        with self._lock:
            place = next((each for each in enumerate(keys) if each in self._queues), (0, keys[0]))
            first = place not in self._queues
            self._insert(place, batch)
        if first:
            self._ask(place)

    def hold(self, batch: Batch, seconds: float) -> None:
        """Hold `batch` for some seconds; then it goes to the crew."""
        self._timer.at(self._ledger.now() + seconds, partial(self._release, batch))

    def limit_changed(self, gate: Gate) -> None:
        """Ask again for those who wait for `gate`, soon: called by it on any thread, perhaps one that asks it just now."""
        if self._queues:  # without the lock: whoever comes to wait now asks by himself
            self._timer.at(self._ledger.now(), partial(self._ask_all, gate))

    def _insert(self, place: _Place, batch: Batch) -> None:
        """Queue `batch` at `place`, in the order of the input: workers may come with their items in any."""
        batches = self._queues.setdefault(place, _Queue()).batches
        before = len(batches)
        while before and batches[before - 1].start > batch.start:
            before -= 1
        batches.insert(before, batch)

    def _ask_all(self, gate: Gate) -> None:
        with self._lock:
            places = [place for place in self._queues if self._gates[place[0]] is gate]
        for place in places:
            self._ask(place)

    def _ring(self, place: _Place) -> None:
        with self._lock:
            if place in self._queues:
                self._queues[place].due = math.inf
        self._ask(place)

    def _ask(self, place: _Place) -> None:
        """Let in whoever can be let in from the queue at `place`."""
        while True:
            with self._lock:
                batch, entered = self._next(place)
            if batch is None:
                return
            if entered:
                self._release(batch, entered=True)

    def _next(self, place: _Place) -> tuple[Batch | None, bool]:
        """Return the first of the queue at `place`, if it waits there no more, and whether it was let in."""
        queue = self._queues.get(place)
        if queue is None:
            return None, False
        batch = queue.batches[0]
        dropped = batch.finished
        refusal = None if dropped else self._refusal(batch.keys)
        if refusal is not None:
            self._ask_again(*refusal, batch if refusal[0] != place else None)
            if refusal[0] == place:
                return None, False
        queue.batches.popleft()
        if not queue.batches:
            del self._queues[place]
        return batch, refusal is None and not dropped

    def _ask_again(self, place: _Place, wait: float, newcomer: Batch | None) -> None:
        """See to it that the first of the queue at `place` is asked for after `wait` seconds; queue the `newcomer` there."""
        if newcomer is not None:
            self._insert(place, newcomer)
        queue, due = self._queues[place], self._ledger.now() + wait
        if due < queue.due:
            queue.due = due
            self._timer.at(due, partial(self._ring, place))

    def _refusal(self, keys: tuple[Hashable, ...]) -> tuple[_Place, float] | None:
        """Take a place with every limit, or none at all; return which one refuses, and for how many seconds."""
        now, number = self._ledger.now(), 0
        for gate in self._gates:
            wait = gate.enter(keys[number], now)
            if wait > 0:
                for taken, its_key in zip(self._gates[:number], keys, strict=False):
                    taken.give_back(its_key, now)
                return (number, keys[number]), wait
            number += 1  # noqa: SIM113 - this is done for every item, and enumerate() costs a tuple each time
        return None

    def _release(self, batch: Batch, *, entered: bool = False) -> None:
        """Give `batch` to the crew, unless it has been dropped meanwhile."""
        ledger = self._ledger
        with ledger.lock:
            held = ledger.release(batch)
            batch.entered = entered and held
        if held:
            ledger.submit(batch)
        elif entered:
            self.leave(batch.keys)
