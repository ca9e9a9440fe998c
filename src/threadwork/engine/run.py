"""`Run`: the user's handle on one run."""

import threading
import warnings
import weakref
from collections.abc import Callable, Generator, Iterable, Iterator, Sized
from itertools import chain
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from ..errors import InvalidOption, RunClosed
from .crew import Crew
from .execution import Execution
from .options import Settings, check_task, count_of
from .outcome import Outcome, Summary
from .results import Results
from .threads import frames_of_threads

R = TypeVar("R")


class Run(Generic[R]):
    """One task over one input, consumed once: iterate its values, or its `outcomes`, or `collect` them.

    It starts when it is first asked for a result. Leaving the loop early (``break``, an error) or the ``with`` ends it:
    no more items are admitted, running tasks are asked to stop and joined for up to ``grace`` seconds; after that
    nothing of it runs, except threads that are named in ``stats().abandoned``. One thread consumes; `cancel`, `stats`
    and `dump` may be called from any.
    """

    _taken = True  # until it is made, so that one that cannot be made is not complained about

    def __init__(
        self, task: Callable[[Any], R], source: Iterable[Any], total: int | None, settings: Settings, crew: Crew | None = None
    ) -> None:
        self._execution = Execution(settings)
        self._execution.use_crew(crew)
        self._results = Results(self._execution, task, iter(source), total)
        self._taking = threading.Lock()  # Guards: _taken turning true, and making _values
        self._taken = False
        self._turn = threading.Lock()  # held by the thread that is in next()
        self._values: Iterator[R] | None = None
        self._consumer: weakref.ref[Generator[Any]] | None = None

    def __iter__(self) -> Iterator[R]:
        """Iterate over the values, in the order asked for. Raises at the first failed item it comes to."""
        if self._values is not None:
            return self._rest(self._values)
        return self._consume(self._results.values)

    def __next__(self) -> R:
        """Return the next value, waiting for it."""
        if not self._turn.acquire(blocking=False):
            raise RunClosed(f"run {self._execution.settings.name!r} is being consumed by another thread: one consumes a run")
        try:
            if self._values is None:
                self._values = self._consume(self._results.values)
            return next(self._values)
        finally:
            self._turn.release()

    def outcomes(self) -> Iterator[Outcome[R]]:
        """Iterate over an `Outcome` for each admitted item. An item's error is in its outcome and never raised.

        Raises only what concerns the whole run: an error of the input, `DeadlineExceeded`, ``KeyboardInterrupt``.
        """
        return self._consume(self._results.outcomes)

    def collect(self) -> list[R]:
        """Return all values as a list, or raise. Blocks until the end of the run."""
        return list(self)

    def drain(self) -> list[BaseException]:
        """Run to the end, keep no value, and return the first hundred errors of items. Blocks until the end."""
        self._take()
        return self._results.nothing()

    def cancel(self, reason: str = "") -> None:
        """Stop the run: nothing more is begun, running tasks are asked to stop. Does not wait; from any thread.

        Whoever consumes values gets `RunCancelled`; whoever consumes outcomes gets those of the cancelled items too.
        """
        self._execution.cancel(reason)

    def close(self) -> None:
        """End the run and wait for its threads, at most ``grace`` seconds. A second call does nothing.

        On another thread, as long as the consumer's lives, it cancels the run and does not wait.
        """
        self._taken = True
        consumer = self._consumer() if self._consumer else None
        if consumer is None:
            return
        self._execution.adopt()
        if self._execution.consumed_here():
            try:
                consumer.close()
            except ValueError:  # it is at work right now: just begun by another thread, or below this very call
                self.cancel("the run was closed")
        else:
            self.cancel("the run was closed")

    def pause(self) -> None:
        """Begin no more items until `resume`; what runs goes on. Does not wait; from any thread, before the beginning too.

        Tiny items are taken in batches, so some more may begin. On a `Pool`, all its runs pause.
        """
        self._execution.pause(paused=True)

    def resume(self) -> None:
        """Go on after `pause`."""
        self._execution.pause(paused=False)

    @property
    def paused(self) -> bool:
        """Whether it is paused."""
        return self._execution.paused

    def resize(self, workers: int) -> None:
        """Have at most so many workers at work from now on, also more than at first; with adaptive ones, end the adapting.

        Surplus workers end what they do and are idle then. Does not wait; from any thread, before the beginning too. On a
        `Pool`, all its runs have them together. Raises `InvalidOption` for what is no number of workers.
        """
        self._execution.resize(count_of("workers", workers))

    def stats(self) -> Summary:
        """Return the counts as they are now. Cheap; from any thread."""
        return self._execution.stats()

    def dump(self) -> str:
        """Return what every worker does now: item, age and stack. For people; from any thread."""
        import traceback  # noqa: PLC0415 - a tenth of the time it takes to import the engine

        flow = self._execution.flow
        frames = frames_of_threads()
        at_work = flow.at_work() if flow else []
        shown = [(worker, f"item {index} {item!r:.80}, for {age:.3f} s") for worker, index, item, age in at_work]
        shown += [(worker, "left behind, still busy") for worker in flow.left_behind() if worker.alive] if flow else []
        lines = [str(self.stats())]
        for worker, what in shown:
            frame = frames.get(worker.thread.ident or 0) if worker.thread else None
            lines.append(f"{worker.name}: {what}")
            lines += [line.rstrip() for line in traceback.format_stack(frame)] if frame else []
        return "\n".join(lines)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Run {self.stats()}>"

    def __del__(self) -> None:
        if not self._taken and self._execution.cancelled is None:
            name = self._execution.settings.name
            warnings.warn(
                f"run {name!r} was never consumed, so nothing ran: iterate it, or call collect() or outcomes()",
                ResourceWarning,
                source=self,
                stacklevel=2,
            )

    def _rest(self, values: Iterator[R]) -> Generator[R]:
        """Yield the remaining values; leaving the loop ends the run, as it does at its first value."""
        try:
            yield from values
        finally:
            self.close()

    def _consume(self, portions: Callable[[], Generator[Iterable[Any]]]) -> Iterator[Any]:
        self._take()
        generator = portions()
        self._consumer = weakref.ref(generator)
        return chain.from_iterable(generator)

    def _take(self) -> None:
        with self._taking:
            if not self._taken:
                self._taken = True
                return
        raise RunClosed(
            f"run {self._execution.settings.name!r} is {self._execution.status} and can be consumed only once: "
            "make a new one, or keep the results, as in results = list(run)"
        )


def run_of(
    fn: Callable[..., R],
    iterables: tuple[Iterable[Any], ...],
    settings: Settings,
    crew: Crew | None = None,
    *,
    spread: bool = False,
) -> Run[R]:
    """Return the run that calls `fn` with an item of each of `iterables` (with ``spread``, each item unpacked)."""
    check_task(fn)
    if not iterables:
        raise InvalidOption("there is no input: give at least one iterable after the function")
    for place, iterable in enumerate(iterables, 1):
        if not hasattr(iterable, "__iter__") and not hasattr(iterable, "__getitem__"):
            raise InvalidOption(f"input {place} must be iterable, not {type(iterable).__name__} {iterable!r:.60}")
    total = _total(iterables)
    if len(iterables) == 1 and not spread:
        return Run(fn, iterables[0], total, settings, crew)
    source = iterables[0] if spread else zip(*iterables, strict=False)
    return Run(_spread(fn), source, total, settings, crew)


def run_to_end(run: Run[Any], *, check: bool) -> Summary:
    """Run everything; return the summary, or, with `check`, raise the group of all errors if there is one."""
    errors = run.drain()
    summary = run.stats()
    if check and errors:
        shown = "" if summary.failed == len(errors) else f" (the first {len(errors)} are here)"
        raise BaseExceptionGroup(f"{summary.failed:,} of {summary.admitted:,} tasks failed{shown}", errors)
    return summary


def _total(iterables: tuple[Iterable[Any], ...]) -> int | None:
    """Return how many items there will be, as far as the inputs can tell."""
    try:
        return (
            min(len(each) for each in iterables if isinstance(each, Sized))
            if all(isinstance(each, Sized) for each in iterables)
            else None
        )
    except Exception:  # noqa: BLE001 - a length that cannot be told, or is too large for len(), is only missing in the progress
        return None


def _spread(fn: Callable[..., R]) -> Callable[[Iterable[Any]], R]:
    def call(arguments: Iterable[Any]) -> R:
        return fn(*arguments)

    call.__wrapped__ = fn  # type: ignore[attr-defined] # as functools.wraps leaves it, without the rest
    return call
