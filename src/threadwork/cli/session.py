"""`Session`: one run of the command, from its first result to its exit status."""

import contextlib
import os
import sys
from dataclasses import dataclass
from typing import Any, NoReturn

from ..engine import Options, Outcome, Run, RunStatus, Status, Summary
from ..engine import map as map_items
from ..errors import DeadlineExceeded, ThreadworkError
from ..observe import Ticker
from ..sinks import Output, OutputError
from .call import Call
from .input import Input
from .interruption import Interruption
from .report import Report, failure_record

_SOME_FAILED = 1
_CANNOT = 2
_DEADLINE = 124
_BROKEN_PIPE = 141


@dataclass(slots=True)
class Session:
    """Runs `call` on every item of `source`, writes what comes of it, and says how it went."""

    call: Call
    source: Input
    results: Output
    errors: Output | None
    report: Report
    options: Options
    _hint: bool = False

    def run(self) -> int:
        """Run to the end and return the exit status. Blocks. What is finished is kept, whatever ends the run."""
        name, grace = self.options["name"], self.options["grace"]
        problem: ThreadworkError | None = None
        run = map_items(self.call, self.source, **self.options)
        interruption = Interruption(lambda: self._stop(run), self._leave, grace + 1, name)
        with contextlib.redirect_stdout(sys.stderr), interruption, self._ticker(run), run:
            outcomes = run.outcomes()  # named, so that it is not closed, which waits for the input, before that is stopped
            try:
                for outcome in outcomes:
                    self._take(outcome)
            except BrokenPipeError:
                self._stop(run)
                self._leave(_BROKEN_PIPE)
            except ThreadworkError as error:
                problem = error
            finally:
                self.source.stop()
        self.report.display.close()
        return self._finish(run.stats(), problem, interruption)

    def _take(self, outcome: Outcome[Any]) -> None:
        """Write a result or a failure."""
        if outcome.ok:
            try:
                self.results.write(outcome.value)
            except OutputError as error:
                raise OutputError(f"the result of item {outcome.index} {outcome.item!r:.80}: {error}") from error
            return
        if outcome.status is not Status.CANCELLED:
            if self.errors is None:
                self.report.failure(outcome)
            self._hint = self._hint or (self.source.text and not self.call.convert and isinstance(outcome.error, TypeError))
        if self.errors:
            self.errors.write(self.errors.encode(failure_record(outcome)))

    def _finish(self, summary: Summary, problem: ThreadworkError | None, interruption: Interruption) -> int:
        """Bring the outputs to their end, say how the run ended, and return the exit status."""
        whole = problem is None and summary.status is RunStatus.COMPLETED
        try:
            for output in self._outputs():
                if whole:
                    output.commit()
                elif kept := output.keep():
                    self.report.kept(kept)
        except OutputError as error:
            problem = problem or error
        if self._hint:
            self.report.hint_at_text()
        if problem:
            self.report.problem(problem)
        self.report.summary(summary)
        if interruption.signal and not whole:
            return interruption.status
        if isinstance(problem, DeadlineExceeded):
            return _DEADLINE
        if problem:
            return _CANNOT
        return 0 if summary.ok else _SOME_FAILED

    def _stop(self, run: Run[Any]) -> None:
        run.cancel("interrupted")  # first: a run whose input has ended may be complete
        self.source.stop()

    def _leave(self, status: int) -> NoReturn:
        """Leave at once, without waiting for any thread; keep what is finished."""
        with contextlib.suppress(OutputError, BrokenPipeError):
            for output in self._outputs():
                output.keep()
        os._exit(status)

    def _outputs(self) -> list[Output]:
        return [self.results, self.errors] if self.errors else [self.results]

    def _ticker(self, run: Run[Any]) -> Ticker:
        display = self.report.display
        return Ticker(lambda: display.show(run.stats()), display.seconds, f"{self.options['name']}-progress")
