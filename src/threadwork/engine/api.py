"""`map`, `starmap` and `for_each`: one call, one run, threads of its own."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar, Unpack

from .options import Options, settings_of
from .outcome import Summary
from .run import Run, run_of, run_to_end

R = TypeVar("R")


def map(fn: Callable[..., R], *iterables: Iterable[Any], **options: Unpack[Options]) -> Run[R]:  # noqa: A001 - what it is called everywhere
    """Call `fn` with each item of `iterables` on a bounded pool of named threads; return the `Run` to consume.

    With several iterables, `fn` gets one item of each, up to the end of the shortest. Nothing happens until the run is
    asked for its first result. The input is pulled lazily, on one thread of its own. Without a ``buffersize``, a busy
    consumer is at most ``max(64, 8 * workers)`` items behind (two batches a worker where tasks are tiny); while the
    consumer waits for a slow item, work goes on; never more than 10,000 items are admitted and not yielded.

    Raises `InvalidOption` at once for what cannot be used. Costs about 0.3 us an item where tasks are tiny.
    """
    return run_of(fn, iterables, settings_of(options))


def starmap(fn: Callable[..., R], iterable: Iterable[Iterable[Any]], **options: Unpack[Options]) -> Run[R]:
    """Call `fn` with the items of `iterable`, each unpacked into arguments; else like `map`."""
    return run_of(fn, (iterable,), settings_of(options), spread=True)


def for_each(fn: Callable[..., Any], *iterables: Iterable[Any], check: bool = True, **options: Unpack[Options]) -> Summary:
    """Call `fn` with each item like `map`, keep no value, and return the `Summary`. Blocks until the end of the run.

    All items are run, whatever fails. Then, if anything has failed, raises an ``ExceptionGroup`` of the items' own
    errors (the first hundred), unless ``check=False``.
    """
    return run_to_end(run_of(fn, iterables, settings_of(options)), check=check)
