"""Every error threadwork raises of its own; a task's own exceptions are raised as they are.

ThreadworkError (Exception)
 ├── InvalidOption (also ValueError, TypeError)  an option or argument that cannot be used; says which and what to give
 ├── RunClosed (also RuntimeError)       a run that is over, or is being consumed already, was used again
 ├── RunCancelled (also RuntimeError)    values were asked of a run that somebody cancelled
 ├── PoolClosed (also RuntimeError)      work was given to a pool, group or executor that is shut down
 ├── NotInTask (also RuntimeError)       current() was called where no task is running
 ├── DeadlineExceeded (also TimeoutError)  the whole run took longer than its ``timeout``
 ├── TaskTimeout (also TimeoutError)     one attempt at one item took longer than its ``task_timeout``
 ├── RetryAfter                          a task says when to try again: see ``current().retry_after``
 ├── BadResult                           a task returned what a ``Retry`` calls a bad result, once too often
 ├── CircuitOpen                         an attempt was refused: what it would call has failed too often of late
 ├── JournalError                        a journal cannot be used: another task's, damaged, in use, no room on the disk
 │    ├── DuplicateKey                   two items of one run have the same key in a journal
 │    ├── InDoubt                        an item had begun in an earlier run, and nobody knows how it ended
 │    └── NotJournaled                   a value that a journal cannot keep as it is
 └── MissingExtra (also ImportError)     a feature needs an optional dependency; names the extra to install

Cancelled (BaseException)                raised inside a task that was asked to stop; ``except Exception`` lets it pass
"""

__all__ = [
    "BadResult",
    "Cancelled",
    "CircuitOpen",
    "DeadlineExceeded",
    "DuplicateKey",
    "InDoubt",
    "InvalidOption",
    "JournalError",
    "MissingExtra",
    "NotInTask",
    "NotJournaled",
    "PoolClosed",
    "RetryAfter",
    "RunCancelled",
    "RunClosed",
    "TaskTimeout",
    "ThreadworkError",
]


class ThreadworkError(Exception):
    """The root of all errors that threadwork raises of its own."""


class InvalidOption(ThreadworkError, ValueError, TypeError):
    """An option or argument cannot be used, by its value or its type. Raised before anything is started or changed."""


class RunClosed(ThreadworkError, RuntimeError):
    """A run was used after its end, or by two consumers. A run is consumed once, like a generator."""


class RunCancelled(ThreadworkError, RuntimeError):
    """Values were asked of a run that `Run.cancel` stopped: the rest of them will never come.

    `Cancelled`, by contrast, is raised inside a task; `Run.outcomes` raises neither and reports items as cancelled.
    """


class PoolClosed(ThreadworkError, RuntimeError):
    """Work was given to a pool, group or executor after its shutdown. See `RunClosed` for a single run."""


class NotInTask(ThreadworkError, RuntimeError):
    """`current()` was called on a thread that is not running a task."""


class DeadlineExceeded(ThreadworkError, TimeoutError):
    """The whole run took longer than its ``timeout``; a task's own ``TimeoutError`` is never turned into this."""


class TaskTimeout(ThreadworkError, TimeoutError):
    """One attempt at one item took longer than ``task_timeout``; a task's own ``TimeoutError`` is never turned into this."""


class RetryAfter(ThreadworkError):
    """Raised by a task to be tried again in `retry_after` seconds; until then nothing begins that shares its limits' keys."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"to be tried again in {retry_after:g} s")
        self.retry_after = retry_after


class BadResult(ThreadworkError):
    """A task returned what its ``Retry`` calls a bad result, and there is no attempt left. Has the `value`."""

    def __init__(self, value: object) -> None:
        super().__init__(f"the task returned a bad result: {value!r:.80}")
        self.value = value


class CircuitOpen(ThreadworkError):
    """An attempt was refused by a `Breaker`. Has the `key` taken to be down, and the `seconds` until it is tried again."""

    def __init__(self, key: object, seconds: float) -> None:
        name = "what is called" if key is None else f"{key!r:.80}"
        super().__init__(f"{name} has failed too often; it is tried again in {seconds:.3g} s")
        self.key = key
        self.seconds = seconds

    def __reduce__(self) -> tuple[type["CircuitOpen"], tuple[object, float]]:
        return type(self), (self.key, self.seconds)


class JournalError(ThreadworkError):
    """A journal cannot be used: another task's, in use, damaged, or one that cannot be written. What was durable stays so."""


class DuplicateKey(JournalError):
    """Two items of one run have the same key, so that a journal cannot tell them apart. It ends the run."""


class InDoubt(JournalError):
    """An item had begun in an earlier run, and nobody knows how it ended; with ``in_doubt="hold"`` it is not run again."""


class NotJournaled(JournalError):
    """What a task returned cannot be kept in the journal as it is: the item fails, and is not retried, for the task was done."""


class MissingExtra(ThreadworkError, ImportError):
    """A feature needs a package that is not installed; the message names the extra that brings it."""


class Cancelled(BaseException):
    """Raised inside a task, at a checkpoint, when the task was asked to stop.

    A ``BaseException``, so that ``except Exception`` does not stop it by accident. Let it pass.
    """
