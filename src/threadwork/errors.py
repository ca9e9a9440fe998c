"""Every error threadwork raises of its own; a task's own exceptions are raised as they are.

ThreadworkError (Exception)
 ├── InvalidOption (also ValueError)     an option or argument that cannot be used; says which and what to give
 ├── RunClosed (also RuntimeError)       a run that is over, or is being consumed already, was used again
 ├── PoolClosed (also RuntimeError)      work was given to a pool, group or executor that is shut down
 ├── NotInTask (also RuntimeError)       current() was called where no task is running
 ├── DeadlineExceeded (also TimeoutError)  the whole run took longer than its ``timeout``
 └── MissingExtra (also ImportError)     a feature needs an optional dependency; names the extra to install

Cancelled (BaseException)                raised inside a task that was asked to stop; ``except Exception`` lets it pass
"""

__all__ = [
    "Cancelled",
    "DeadlineExceeded",
    "InvalidOption",
    "MissingExtra",
    "NotInTask",
    "PoolClosed",
    "RunClosed",
    "ThreadworkError",
]


class ThreadworkError(Exception):
    """The root of all errors that threadwork raises of its own."""


class InvalidOption(ThreadworkError, ValueError):
    """An option or argument cannot be used. Raised before anything is started or changed."""


class RunClosed(ThreadworkError, RuntimeError):
    """A run was used after its end, or by two consumers. A run is consumed once, like a generator."""


class PoolClosed(ThreadworkError, RuntimeError):
    """Work was given to a pool, group or executor after its shutdown. See `RunClosed` for a single run."""


class NotInTask(ThreadworkError, RuntimeError):
    """`current()` was called on a thread that is not running a task."""


class DeadlineExceeded(ThreadworkError, TimeoutError):
    """The whole run took longer than its ``timeout``; a task's own ``TimeoutError`` is never turned into this."""


class MissingExtra(ThreadworkError, ImportError):
    """A feature needs a package that is not installed; the message names the extra that brings it."""


class Cancelled(BaseException):
    """Raised inside a task, at a checkpoint, when the task was asked to stop.

    A ``BaseException``, so that ``except Exception`` does not stop it by accident. Let it pass.
    """
