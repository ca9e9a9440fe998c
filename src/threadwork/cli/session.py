"""`Session`: one run of the command, from its first result to its exit status."""

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from ..engine import Event, ItemFinished, Options, Outcome, Run, RunStatus, Status, Summary
from ..engine import map as map_items
from ..errors import DeadlineExceeded, InvalidOption, ThreadworkError
from ..observe import Dashboard, Ticker
from ..sinks import Output, OutputError, UnwritableValue
from .call import Call
from .input import Input
from .interruption import Answers, Interruption
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
    journal: str | None = None
    live_page: Dashboard | None = None
    _hint: bool = False

    def run(self) -> int:
        """Run to the end and return the exit status. Blocks. What is finished is kept, whatever ends the run."""
        name, grace = self.options["name"], self.options["grace"]
        problem: BaseException | None = None
        shown = [self.live_page] if self.live_page else []
        self.options["listeners"] = [self._listen, *self.options.get("listeners", ()), *shown]
        run = map_items(self.call, self.source, **self.options)
        answers = Answers(lambda: self._stop(run), lambda: self._remind(run), self._leave, lambda: self.report.dump(run.dump()))
        interruption = Interruption(answers, grace + 1, name)
        with contextlib.redirect_stdout(sys.stderr), interruption, self._ticker(run), self._shown_live(run), run:
            outcomes = run.outcomes()  # named, so that it is not closed, which waits for the input, before that is stopped
            try:
                for outcome in outcomes:
                    self._take(outcome)
            except BrokenPipeError:
                self._stop(run)
                self._leave(_BROKEN_PIPE)
            except (ThreadworkError, SystemExit, KeyboardInterrupt) as error:  # the last two come from the function
                problem = error
            finally:
                self.source.stop()
            if self.source.stream:
                interruption.wait_for_late_one(self.source.stream.ended_at)
        self.report.display.close()
        return self._finish(run.stats(), problem, interruption)

    @contextlib.contextmanager
    def _shown_live(self, run: Run[Any]) -> Iterator[None]:
        """Serve the dashboard meanwhile, if there is to be one, and say where."""
        if self.live_page is None:
            yield
            return
        try:
            self.live_page.__enter__()
        except OSError as error:
            run.close()
            raise InvalidOption(f"cannot serve the dashboard: {error.strerror or error}") from error
        self.live_page.steer(run)
        self.report.serving("dashboard", self.live_page.url)
        try:
            yield
        finally:
            self.live_page.__exit__(None, None, None)

    def _listen(self, event: Event) -> None:
        """Tell of a failure when it happens, and not when its turn comes."""
        if isinstance(event, ItemFinished) and self.errors is None:
            outcome = event.outcome
            if not outcome.ok and outcome.status is not Status.CANCELLED:
                self.report.failure(outcome)

    def _take(self, outcome: Outcome[Any]) -> None:
        """Write a result or a failure."""
        if outcome.ok:
            try:
                self.results.write(outcome.value)
            except OutputError as error:
                raise OutputError(f"the result of item {outcome.index} {outcome.item!r:.80}: {error}") from error
            return
        if isinstance(outcome.error, TypeError) and not isinstance(outcome.error, UnwritableValue):
            self._hint = self._hint or (self.source.text and not self.call.convert)
        if self.errors:
            self.errors.write(self.errors.encode(failure_record(outcome)))

    def _finish(self, summary: Summary, problem: BaseException | None, interruption: Interruption) -> int:
        """Bring the outputs to their end, say how the run ended, and return the exit status."""
        # Who writes a live input gets the signal too: its end is not to be believed then.
        cut_off = interruption.signal and self.source.stream is not None and self.source.stream.live
        whole = problem is None and summary.status is RunStatus.COMPLETED and not cut_off
        failure = self._end_outputs(whole=whole)
        problem = problem or failure
        if self._hint:
            self.report.hint_at_text()
        if isinstance(problem, Exception):
            self.report.problem(problem)
        self.report.summary(summary)
        if self.journal and summary.admitted and not (whole and summary.ok):
            self.report.resumable(self.journal)
        if interruption.signal and not whole:
            return interruption.status
        if isinstance(problem, DeadlineExceeded):
            return _DEADLINE
        if isinstance(problem, Exception):
            return _CANNOT
        if isinstance(problem, SystemExit) and isinstance(problem.code, int) and problem.code:
            return problem.code  # the function knows what it wants to say with it
        return 0 if summary.ok and not problem else _SOME_FAILED

    def _end_outputs(self, *, whole: bool) -> OutputError | None:
        """Bring the outputs to their end; return what kept them from it."""
        try:
            for output in self._outputs():
                if whole:
                    output.commit()
                elif kept := output.keep():
                    self.report.kept(kept)
        except OutputError as error:
            return error
        return None

    def _stop(self, run: Run[Any]) -> None:
        run.cancel("interrupted")  # first: a run whose input has ended may be complete
        self.source.stop()

    def _remind(self, run: Run[Any]) -> None:
        self.report.stopping(run.stats().running, self.options["grace"])

    def _leave(self, status: int) -> NoReturn:
        """Leave at once, without waiting for any thread; keep what is written, and say where."""
        with contextlib.suppress(OutputError, BrokenPipeError):
            for output in self._outputs():
                if kept := output.keep():
                    self.report.kept_in_a_hurry(kept)
        os._exit(status)

    def _outputs(self) -> list[Output]:
        return [self.results, self.errors] if self.errors else [self.results]

    def _ticker(self, run: Run[Any]) -> Ticker:
        display = self.report.display
        return Ticker(lambda: display.show(run.stats()), display.seconds, f"{self.options['name']}-progress")
