"""The one shape that every peer is brought to: a generator of results that owns its pool and closes it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Task = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Peer:
    """A way to call one function for many inputs on some threads.

    `cost` is roughly what a no-op costs it, in microseconds, and only decides how many items it is given.
    """

    name: str
    run: Callable[[Task, Iterable[Any], int], Iterator[Any]]
    cost: float
    ordered: bool = True
    bounded: bool = False  # takes no more input than it needs, so that an infinite input works
    quick: bool = False  # also measured in a smoke run
