"""Runs small pieces of code of several threads in interleavings that a seed decides."""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, Protocol, TypeVar

from .bytecodes import bytecodes_told, told_here
from .turns import Ended, Turns, here, turn_locks

R = TypeVar("R")

_LOOK = 0.1  # real seconds between two looks whether a thread waits for something from outside


class Interleave(Protocol):
    """What a scenario of `explore` is given: runs functions in the interleaving whose turn it is."""

    def __call__(self, *functions: Callable[[], R]) -> list[R]:
        """Run the functions, each on a thread of its own; return what they return."""


def explore(scenario: Callable[[Interleave], object], *, seeds: Iterable[int] = range(100)) -> None:
    """Call `scenario` once for each seed, with a function that runs functions in the interleaving of that seed.

    For example::

        def scenario(interleave):
            account = Account(100)
            interleave(lambda: account.take(60), lambda: account.take(60))
            assert account.balance >= 0

        explore(scenario)

    The first error of the scenario is raised, with a note that tells its seed; ``explore(scenario, seeds=[17])`` replays
    that. What `interleave` says about locks holds for all that the scenario makes. Costs 1 to 10 us a bytecode.
    """
    for seed in seeds:
        with turn_locks():
            try:
                scenario(lambda *functions, seed=seed: _run(functions, seed))
            except BaseException as error:
                error.add_note(f"in the interleaving of seed {seed}: explore(..., seeds=[{seed}]) replays it")
                raise


def interleave(functions: Sequence[Callable[[], R]], *, seed: int) -> list[R]:
    """Run `functions`, each on a thread of its own, one at a time; return what they return, in their order.

    The threads may switch between any two bytecodes of code that is not the standard library's, so also within
    ``n += 1``; `seed` decides where. The same seed gives the same interleaving of the same code on the same Python, on
    builds with and without the GIL, as long as threads wait for nothing but locks (conditions, events, queues) which were made
    through the module `threading` meanwhile or in `explore`. A thread that waits for something else (a lock made
    before, a socket) is passed over after 0.1 s. A wait for a limited time is over when nobody can go on otherwise.

    Blocks until all have ended. Raises what a function raised (an ``ExceptionGroup`` where several did) with a note that
    tells the seed, and ``AssertionError``, with all stacks, where for five seconds nobody can go on. On Python 3.11 it uses
    the threads' trace function, so that debuggers and coverage do not see what they run.
    """
    with turn_locks():
        try:
            return _run(functions, seed)
        except BaseException as error:
            error.add_note(f"in the interleaving of seed {seed}: interleave(..., seed={seed}) replays it")
            raise


class _Part(Generic[R]):
    """One of the functions, and its thread."""

    def __init__(self, function: Callable[[], R], turns: Turns, number: int) -> None:
        self._function = function
        self._turns = turns
        self._number = number
        self.results: list[R] = []
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._main, name=f"interleaved-{number}", daemon=True)

    def _main(self) -> None:
        here.turns, here.number = self._turns, self._number
        try:
            self._turns.wait(self._number)
            with told_here():
                self.results.append(self._function())
        except Ended:
            pass
        except BaseException as error:  # noqa: BLE001 - raised by whoever runs the interleaving
            self.error = error
        finally:
            here.turns = None
            self._turns.leave(self._number)


def _run(functions: Sequence[Callable[[], R]], seed: int) -> list[R]:
    turns = Turns(len(functions), seed)
    parts = [_Part(function, turns, number) for number, function in enumerate(functions)]
    threads = [part.thread for part in parts]
    with bytecodes_told():
        _run_to_end(turns, threads)
    errors = [part.error for part in parts if part.error is not None]
    if turns.failure is not None:
        raise turns.failure
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise BaseExceptionGroup(f"{len(errors)} of {len(parts)} functions failed", errors)
    return [result for part in parts for result in part.results]


def _run_to_end(turns: Turns, threads: list[threading.Thread]) -> None:
    """Run the threads until all have ended, or some never will."""
    for thread in threads:
        thread.start()
    if threads:
        turns.begin()
    for thread in threads:
        while thread.is_alive() and turns.failure is None:
            thread.join(_LOOK)
            if thread.is_alive():
                turns.look(threads)
