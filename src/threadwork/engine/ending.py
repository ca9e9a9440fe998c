"""`Ending`: why a run was stopped before the end of its input, and until when it is waited for. Arithmetic alone."""

from dataclasses import dataclass


@dataclass(slots=True)
class Ending:
    """Changed only through its methods, by one caller at a time (`Flow` holds its lock)."""

    cause: BaseException | None = None
    """Why the run was stopped, if it was."""
    quiet: bool = False
    """Where outcomes are wanted, they tell the cause: it is not raised."""
    give_up_at: float | None = None
    """When what still runs after the stop is left behind, on the clock."""
    input_error: BaseException | None = None
    """What the input raised."""

    def stop(self, cause: BaseException, *, quiet: bool, give_up_at: float | None) -> None:
        """Take note of a cause to stop. One that is not quiet outranks one that is; else the first one counts."""
        if self.cause is None or (self.quiet and not quiet):
            self.cause, self.quiet = cause, quiet
        self.give_up(give_up_at)

    def give_up(self, at: float | None) -> None:
        """Leave behind what still runs `at` that time, if there is no earlier one."""
        if self.give_up_at is None:
            self.give_up_at = at

    def error(self, *, outcomes: bool) -> BaseException | None:
        """Return what the consumer, of `outcomes` or of values, gets raised at the end."""
        if self.cause is not None and not (self.quiet and outcomes):
            return self.cause
        return self.input_error
