"""`KeyTable`: what is remembered of each key, for any number of keys in bounded memory."""

from collections.abc import Callable, Hashable
from typing import TypeVar

V = TypeVar("V")

_SWEEP = 1024
"""How many keys more than the last time are remembered before it is worth to look for those with nothing to remember."""


class KeyTable(dict[Hashable, V]):
    """A dict that its owner, who holds a lock on it, now and then rids of what is spent.

    There are never more than about twice as many keys as have something to remember, and 1,024. Cost: constant for each
    key that is added, on average.
    """

    def __init__(self) -> None:
        super().__init__()
        self._sweep_at = _SWEEP

    @property
    def crowded(self) -> bool:
        """Whether there are many more keys than at the last `sweep`."""
        return len(self) > self._sweep_at

    def sweep(self, spent: Callable[[V], bool]) -> None:
        """Forget the keys whose value is `spent`."""
        for key in [key for key, value in self.items() if spent(value)]:
            del self[key]
        self._sweep_at = 2 * len(self) + _SWEEP
