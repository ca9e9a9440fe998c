"""What the engine asks of those who plug into it."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .events import Event
from .outcome import Outcome


class Listener(Protocol):
    """Anything that can be called with an event.

    It is called on the thread where the event happens, so from several threads at once: it guards its own state. It
    should return quickly. An exception in it is logged and the listener is detached; the run is not harmed.
    """

    def __call__(self, event: Event, /) -> None:
        """Take note of `event`."""


class Retries(Protocol):
    """Decides, for one run, what is tried again, and when. Safe to use from several threads."""

    def delay_after(self, attempt: int, error: Exception, begun: int) -> float | None:
        """Return the seconds until the next attempt at an item whose `attempt`-th has failed; ``None``: there is none.

        `begun` is how many attempts there have been in the run, at any item.
        """

    def asked_wait(self, error: Exception) -> float | None:
        """Return for how many seconds the other side has asked to be left alone, if it has."""


class RetryRule(Protocol):
    """What `Retries` are made of: a value that several runs may share."""

    @property
    def bad_result(self) -> Any:
        """A function that tells of a value whether it counts as a failure; or ``None``."""

    def for_run(self) -> Retries:
        """Return what decides for one run."""


class CircuitBreaker(Protocol):
    """Refuses attempts while what they would call is down, for each key. Shared by runs and threads; no method waits."""

    def key_of(self, item: Any) -> Hashable:
        """Return the key of `item`; the same for all where the breaker has no keys."""

    def refuses(self, key: Hashable, now: float) -> float | None:
        """Return ``None`` where an attempt may begin, or the seconds until it is worth to try again."""

    def succeeded(self, key: Hashable) -> None:
        """Take note that an attempt has succeeded."""

    def failed(self, key: Hashable, error: BaseException, now: float) -> None:
        """Take note that an attempt has ended with `error`."""


class GateListener(Protocol):
    """Somebody who waits until a gate lets more in."""

    def limit_changed(self, gate: "Gate", /) -> None:
        """Take note that it is worth to ask `gate` again. Called with no lock of its own held; returns quickly."""


class Gate(Protocol):
    """Lets attempts begin, or makes them wait, for each key. Shared by runs and threads; no method waits."""

    @property
    def keyed(self) -> bool:
        """Whether items have different keys."""

    def key_of(self, item: Any) -> Hashable:
        """Return the key of `item`; ``None`` where the limit has no keys."""

    def enter(self, key: Hashable, now: float) -> float:
        """Take a place for one attempt and return 0; or return after how many seconds it is worth to ask again.

        Infinity: when a listener is told so.
        """

    def give_back(self, key: Hashable, now: float) -> None:
        """Take back an `enter`: the attempt does not begin."""

    def leave(self, key: Hashable) -> None:
        """Take note that an attempt has ended."""

    def pause(self, seconds: float, key: Hashable, *, now: float) -> None:
        """Let nothing in for some seconds."""

    def tell(self, listener: GateListener) -> None:
        """Tell `listener`, for as long as it lives, when it is worth to ask again."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes two runs the same for a journal."""

    task: str
    """Module and name of the function."""
    key: str
    """Module and name of the function that gives the keys, or ``content``."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """What a journal knows of an item."""

    mark: bytes
    """Stands for the item in the journal."""
    known: bool = False
    """Whether it was done in an earlier run; then the rest is how."""
    value: Any = None
    attempts: int = 0
    duration: float = 0.0
    worker: str = ""
    error: Exception | None = None
    """What it fails with, without being run."""


class JournalSession(Protocol):
    """A journal that is open for one run. Safe to use from several threads."""

    def recall(self, start: int, identities: Sequence[Any]) -> Sequence[Recalled]:
        """Return what is known of the items from index `start` on. What it raises ends the run."""

    def begin(self, mark: bytes, index: int, item: Any, attempt: int) -> None:
        """Take note that an attempt at an item begins; wait until that is durable, where it has to be."""

    def end(self, mark: bytes, outcome: Outcome[Any]) -> int:
        """Keep `outcome`; return the number to `wait` for. Raises what the item fails with, where it cannot be kept."""

    def see(self, mark: bytes, index: int) -> None:
        """Take note that an item that was known has come."""

    def durable(self, number: int) -> bool:
        """Tell whether what has that number is durable. Does not wait."""

    def wait(self, number: int) -> None:
        """Wait until what has that number is durable. What it raises ends the run."""

    def close(self) -> None:
        """Make everything durable, and close the journal."""


class JournalRule(Protocol):
    """Where the outcomes of a run are kept: a value that several runs may use, one after the other."""

    def open(self, identity: Identity, name: str) -> JournalSession:
        """Open it for a run whose threads are called `name`."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What the workers of a pool have got done so far. All but `busy` and `queued` only grow, unless a run has ended."""

    now: float
    """Seconds on the clock."""
    ended: int
    """Items that have come to an end."""
    spent: float
    """Seconds that workers have spent on those, in all."""
    squares: float
    """Their squares, in all: how much the items differ."""
    cpu: float
    """Seconds of processor time that the process has had."""
    overloads: int
    """Attempts that failed because it was too much for the other side."""
    busy: int
    """Workers at work now."""
    queued: int
    """Batches that wait for a worker now."""


class Controller(Protocol):
    """Says, for one pool, how many workers should be at work. For one thread at a time."""

    def sample(self, sample: Sample) -> tuple[int, str]:
        """Return how many workers there should be from now on, and why."""


class Sizing(Protocol):
    """How many workers there may be, where that is found out while they work."""

    @property
    def start(self) -> int:
        """With how many to begin."""

    @property
    def max(self) -> int:
        """The most there may be."""

    def controller(self, cpus: int, *, gil: bool) -> Controller:
        """Return what decides for one pool, on a machine that gives it `cpus`, with or without a GIL."""

    def is_overload(self, error: Exception) -> bool:
        """Tell whether `error` says that it was too much for the other side."""
