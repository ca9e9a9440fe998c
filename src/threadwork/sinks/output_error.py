"""The errors of the sinks."""

from ..errors import ThreadworkError


class OutputError(ThreadworkError):
    """An output cannot be opened or written, or a record does not fit it; nothing more can be written to it."""


class UnwritableValue(ThreadworkError, TypeError):
    """One value cannot be written in the format; others can. Raised in the task that returned it, so that task failed."""
