"""`Pool`: long-lived named threads that several runs share."""

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack, cast

from ..errors import InvalidOption, PoolClosed
from .crew import Crew
from .group import OF_A_MAP, TaskGroup
from .notify import Notifier
from .options import DEFAULT_NAME, Options, PoolOptions, Settings, settings_of
from .outcome import Summary
from .run import Run, run_of, run_to_end

R = TypeVar("R")

_INTERRUPTED_PATIENCE = 0.1  # seconds: idle threads are gone in a thousandth
_OF_THE_POOL = ("workers", "resource", "name")


class Pool:
    """A long-lived pool of named threads that several runs share, to be used in a ``with``.

    The options are those of `map`; those that are not about the threads themselves are defaults for its runs. Threads
    are started when there is work and leave at the end of the ``with``. Safe to use from several threads, and from its
    own tasks: a task that maps on its own pool does the work itself where no other worker is free.
    """

    def __init__(self, name: str = DEFAULT_NAME, **options: Unpack[PoolOptions]) -> None:
        self._options = cast("Options", {**options, "name": name})
        self._settings = settings_of(self._options)
        self._crew = Crew(self._settings, Notifier(self._settings.listeners))

    def map(self, fn: Callable[..., R], *iterables: Iterable[Any], **options: Unpack[Options]) -> Run[R]:
        """Like `threadwork.map`, on the threads of this pool."""
        return run_of(fn, iterables, self._merged(options), self._crew)

    def starmap(self, fn: Callable[..., R], iterable: Iterable[Iterable[Any]], **options: Unpack[Options]) -> Run[R]:
        """Like `threadwork.starmap`, on the threads of this pool."""
        return run_of(fn, (iterable,), self._merged(options), self._crew, spread=True)

    def for_each(
        self, fn: Callable[..., Any], *iterables: Iterable[Any], check: bool = True, **options: Unpack[Options]
    ) -> Summary:
        """Like `threadwork.for_each`, on the threads of this pool."""
        return run_to_end(run_of(fn, iterables, self._merged(options), self._crew), check=check)

    def group(self, **options: Unpack[Options]) -> TaskGroup:
        """Return a `TaskGroup` whose tasks run on the threads of this pool."""
        self._merged(options)
        defaults: Options = self._options.copy()
        for name in OF_A_MAP:
            defaults.pop(name, None)
        defaults.update(options)
        return TaskGroup.on_crew(self._crew, defaults)

    def close(self) -> tuple[str, ...]:
        """Stop the runs that are still open, and join the threads for up to ``grace`` seconds. A second call does nothing.

        Returns the names of the threads that are still busy then and are left behind. Raises what a resource raised
        when it was left. After this, giving the pool work raises `PoolClosed`.
        """
        return self._close(self._settings.grace)

    def _close(self, patience: float) -> tuple[str, ...]:
        # A run that this thread has not consumed to its end will not go on; other threads' come to the end of their queue.
        self._crew.end_runs(PoolClosed(f"pool {self._settings.name!r} is closed: the run was not at its end"), of_others=False)
        self._crew.close()
        left = self._crew.join(self._settings.clock.now() + patience)
        if self._crew.faults:
            raise self._crew.faults.popleft()
        return left

    def __repr__(self) -> str:
        return f"<Pool {self._settings.name!r}, {self._crew.started} of {self._settings.workers} workers started>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        # After an interrupt, whose run has had its grace, a thread that is still busy is not waited for again.
        self._close(_INTERRUPTED_PATIENCE if isinstance(error, KeyboardInterrupt) else self._settings.grace)

    def _merged(self, options: Options) -> Settings:
        """Return the settings of a run on this pool."""
        for name in _OF_THE_POOL:
            if name in options:
                raise InvalidOption(f"{name} belongs to the pool: give it to Pool(...), not to one of its runs")
        merged: Options = {**self._options, **options}
        return settings_of(merged)
