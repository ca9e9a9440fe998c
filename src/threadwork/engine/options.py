"""The options of a run: what may be given (`Options`), and the checked values the engine works with (`Settings`)."""

import contextvars
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from math import inf
from os import PathLike
from typing import Any, Literal, TypedDict

from ..errors import InvalidOption
from .clock import SYSTEM_CLOCK, Clock
from .cpus import default_workers
from .halt import Halt
from .protocols import CircuitBreaker, Gate, JournalRule, Listener, RetryRule, Sizing

DEFAULT_NAME = "threadwork"

SHORTHANDS: dict[str, Callable[[Any], Any]] = {}
"""What turns a plain value of an option into the rule it stands for; filled by those who know the rules."""

default_clock: contextvars.ContextVar[Clock] = contextvars.ContextVar("threadwork.clock", default=SYSTEM_CLOCK)
"""The clock of what is made in this context; `threadwork.testing` sets another."""


class PoolOptions(TypedDict, total=False):
    """The options of `Pool`, all keyword-only; its name is a parameter of its own."""

    workers: int | Literal["auto"] | Sizing | None
    """How many threads at most. Default: ``min(32, usable CPUs + 4)``; affinity and cgroup quota are respected. ``"auto"``, or
    a `threadwork.policies.Adaptive`: as many as pay, found out while they work."""
    buffersize: int | None
    """The most items that may be admitted and not yet yielded. Default: see `threadwork.map`."""
    ordered: bool
    """Results in input order (the default), or as completed."""
    batch: int | Literal["auto"]
    """How many items a worker takes at once; ``"auto"`` measures the tasks: about 1 ms of work, 1 item if they are longer."""
    timeout: float | None
    """Seconds the whole run may take; then it is cancelled and `DeadlineExceeded` is raised."""
    grace: float
    """Seconds that tasks get to stop when the run is stopped, before their threads are left behind. Default 5."""
    task_timeout: float | None
    """Seconds one attempt may take; then the task is asked to stop, and after `grace` more its thread is left behind."""
    retry: RetryRule | int | None
    """What is tried again, and when: `threadwork.policies.Retry`, or how many times at most. Default: nothing is."""
    limits: Gate | Sequence[Gate]
    """How much may begin, by rate or at once: one or several `threadwork.policies.Limit`."""
    breaker: CircuitBreaker | None
    """What is down is not called: a `threadwork.policies.Breaker`. Its refusal fails the item, or is tried again later."""
    halt: Halt | int | str | None
    """When failures stop the run: a `Halt`, a count like ``3``, or a share like ``"5%"``. Default: values, at the first failure;
    outcomes and `for_each`, never."""
    key: Callable[[Any], Any] | None
    """Gives the identity of an item, shown in outcomes, errors and events. Default: its index."""
    resource: Callable[[], AbstractContextManager[Any]] | None
    """Makes a context manager that each worker enters once, before its first task; at ``current().resource``."""
    renew_on: type[Exception] | tuple[type[Exception], ...]
    """After an attempt has failed with one of these, its worker's ``resource`` is left, and made anew for the next one."""
    listeners: Sequence[Listener]
    """Called with every event."""
    journal: JournalRule | str | PathLike[str] | None
    """Remembers outcomes in a file, so that the same run goes on where it was: a `threadwork.journal.Journal`, or the path."""
    context: Literal["copy", "empty"]
    """What context variables a task sees: a copy of the caller's (the default), or none."""


class Options(PoolOptions, total=False):
    """The options of `map`, `starmap`, `for_each` and `TaskGroup`, all keyword-only."""

    name: str
    """Names the threads: ``name-1``, ``name-2``, ..."""
    progress: bool | str
    """``True``: show how far the run is, on standard error: a bar in a terminal or a notebook, lines elsewhere. Or ``"bar"``,
    ``"plain"`` or ``"json"``. For more, see the listeners of ``threadwork.observe``."""
    trace: str | PathLike[str] | None
    """A file for what each thread did and when, for https://ui.perfetto.dev."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked options, every default filled in."""

    workers: int
    sizing: Sizing | None = None
    """How many of the `workers` are at work, where that is found out meanwhile."""
    buffersize: int | None = None
    ordered: bool = True
    batch: int | None = None
    timeout: float | None = None
    task_timeout: float | None = None
    retry: RetryRule | None = None
    limits: tuple[Gate, ...] = ()
    breaker: CircuitBreaker | None = None
    grace: float = 5.0
    halt: Halt | None = None
    key: Callable[[Any], Any] | None = None
    resource: Callable[[], AbstractContextManager[Any]] | None = None
    renew_on: tuple[type[Exception], ...] = ()
    listeners: tuple[Listener, ...] = ()
    journal: JournalRule | None = None
    name: str = DEFAULT_NAME
    context: Literal["copy", "empty"] = "copy"
    clock: Clock = field(default_factory=default_clock.get)

    @property
    def guarded(self) -> bool:
        """Whether each attempt is let begin by itself."""
        return bool(self.limits or self.renew_on) or self.task_timeout is not None or self.breaker is not None

    def context_of_caller(self) -> contextvars.Context:
        """Return the context that tasks get copies of, taken here and now."""
        return contextvars.copy_context() if self.context == "copy" else contextvars.Context()


def settings_of(options: Options) -> Settings:
    """Return the settings that `options` ask for.

    Raises `InvalidOption`, naming the option and the mend, before anything is started.
    """
    unknown = sorted(set(options) - Options.__optional_keys__)
    if unknown:
        raise InvalidOption(_unknown(unknown[0]))
    sizing = _sizing(options.get("workers"))
    workers = sizing.max if sizing else options.get("workers")
    buffersize = options.get("buffersize")
    batch = options.get("batch", "auto")
    timeout = options.get("timeout")
    context = options.get("context", "copy")
    if context not in ("copy", "empty"):
        raise InvalidOption(f"context must be 'copy' or 'empty', not {context!r}")
    return Settings(
        workers=default_workers() if workers is None else count_of("workers", workers, also="'auto'"),
        sizing=sizing,
        buffersize=None if buffersize is None else count_of("buffersize", buffersize),
        ordered=_flag("ordered", options.get("ordered", True)),
        batch=None if batch == "auto" else count_of("batch", batch, also="'auto'"),
        timeout=None if timeout is None else _seconds("timeout", timeout),
        task_timeout=None if (most := options.get("task_timeout")) is None else _positive("task_timeout", most),
        retry=_retry(options.get("retry")),
        limits=_limits(options.get("limits", ())),
        breaker=_breaker(options.get("breaker")),
        grace=_seconds("grace", options.get("grace", 5.0)),
        halt=_halt(options.get("halt")),
        key=_function("key", options.get("key")),
        resource=_function("resource", options.get("resource")),
        renew_on=_renew_on(options.get("renew_on", ()), options.get("resource")),
        listeners=(*_listeners(options.get("listeners", ())), *_sight(options)),
        journal=_journal(options.get("journal")),
        name=_name(options.get("name", DEFAULT_NAME)),
        context=context,
    )


def _unknown(name: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - a tenth of the time it takes to import the engine

    known = sorted(Options.__optional_keys__)
    near = get_close_matches(name, known, 1)
    return f"unknown option {name!r}; {f'did you mean {near[0]!r}? ' if near else ''}the options are: {', '.join(known)}"


def check_task(fn: object) -> None:
    """Raise `InvalidOption` where `fn` cannot be called."""
    if not callable(fn):
        raise InvalidOption(
            f"the task must be a function, not {type(fn).__name__} {fn!r:.60}: "
            "give the function itself, map(f, items), not the result of calling it, map(f(x), items)"
        )


def count_of(name: str, value: object, also: str = "") -> int:
    """Return `value`, or raise `InvalidOption` where that is not a whole number of at least 1."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InvalidOption(f"{name} must be a whole number of at least 1{f' or {also}' if also else ''}, not {value!r}")
    return value


def _seconds(name: str, value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < inf:
        raise InvalidOption(f"{name} must be a number of seconds, 0 or more, not {value!r}")
    return float(value)


def _positive(name: str, value: object) -> float:
    if value == 0:
        raise InvalidOption(f"{name} must be more than 0 seconds; for no limit, leave it out")
    return _seconds(name, value)


def _retry(value: Any) -> RetryRule | None:
    rule = SHORTHANDS["retry"](value) if isinstance(value, int) and "retry" in SHORTHANDS else value
    if rule is not None and not hasattr(rule, "for_run"):
        raise InvalidOption(f"retry must be a Retry, or how many times an item is tried again, not {value!r}")
    return rule  # type: ignore[no-any-return] # it has what a rule has


def _limits(value: Any) -> tuple[Gate, ...]:
    gates = (value,) if hasattr(value, "enter") else value
    if not isinstance(gates, Iterable):
        raise InvalidOption(f"limits must be a Limit or a sequence of them, not {value!r}")
    limits = tuple(gates)
    for limit in limits:
        if not hasattr(limit, "enter"):
            raise InvalidOption(f"each of the limits must be a Limit, as in Limit.rate(10), not {limit!r}")
    return limits


def _breaker(value: Any) -> CircuitBreaker | None:
    if value is not None and not hasattr(value, "refuses"):
        raise InvalidOption(f"breaker must be a Breaker, as in Breaker(failures=5), not {value!r}")
    return value  # type: ignore[no-any-return] # it has what a breaker has


def _journal(value: Any) -> JournalRule | None:
    rule = SHORTHANDS["journal"](value) if isinstance(value, str | PathLike) and "journal" in SHORTHANDS else value
    if rule is not None and not hasattr(rule, "open"):
        raise InvalidOption(f"journal must be a Journal or the path of one, not {value!r}")
    return rule  # type: ignore[no-any-return] # it has what a journal has


def _renew_on(value: Any, resource: object) -> tuple[type[Exception], ...]:
    kinds = value if isinstance(value, tuple) else (value,)
    for kind in kinds:
        if not isinstance(kind, type) or not issubclass(kind, Exception):
            raise InvalidOption(f"renew_on must be an exception class or a tuple of them, not {value!r}")
    if kinds and resource is None:
        raise InvalidOption("renew_on is about a resource, and there is none: give resource=... too")
    return kinds


def _sizing(value: Any) -> Sizing | None:
    rule = SHORTHANDS["workers"](value) if value == "auto" and "workers" in SHORTHANDS else value
    return rule if hasattr(rule, "controller") else None


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidOption(f"{name} must be True or False, not {value!r}")
    return value


def _halt(value: object) -> Halt | None:
    if value is None or isinstance(value, Halt):
        return value
    try:
        return Halt(value)  # type: ignore[arg-type] # it tells what it may be
    except InvalidOption:
        raise InvalidOption(f"halt must be a Halt, a count like 3 or a share like '5%', not {value!r}") from None


def _function(name: str, value: Any) -> Any:
    if value is not None and not callable(value):
        raise InvalidOption(f"{name} must be a function, not {value!r}")
    return value


def _sight(options: Options) -> list[Listener]:
    """Return the listeners that ``progress`` and ``trace`` stand for."""
    progress, trace = options.get("progress", False), options.get("trace")
    if progress not in (True, False, "bar", "plain", "json"):
        raise InvalidOption(f"progress must be True or False, 'bar', 'plain' or 'json', not {progress!r}")
    if trace is not None and not isinstance(trace, str | PathLike):
        raise InvalidOption(f"trace must be the path of a file, not {trace!r}")
    sight = [SHORTHANDS["progress"](progress)] if progress else []
    return sight if trace is None else [*sight, SHORTHANDS["trace"](trace)]


def _listeners(value: Any) -> tuple[Listener, ...]:
    if not isinstance(value, Iterable):
        raise InvalidOption(f"listeners must be a sequence of functions, as in listeners=[f], not {value!r}")
    listeners = tuple(value)
    for listener in listeners:
        if not callable(listener):
            raise InvalidOption(f"every one of the listeners must be callable with one event, not {listener!r}")
    return listeners


def _name(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidOption(f"name must be a text that is not empty, not {value!r}")
    return value
