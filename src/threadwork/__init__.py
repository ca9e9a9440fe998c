"""Run one task over many inputs on a bounded pool of named threads: fast, safely, to the end.

The doors: `map`, `starmap` and `for_each` run a function over items; `Pool` keeps the threads; `current` is for code
inside a task. Errors are in `threadwork.errors`.
"""

from .engine import *  # noqa: F403 - the engine's front door is ours
from .engine import __all__ as _engine_names
from .errors import *  # noqa: F403
from .errors import __all__ as _error_names

__all__ = sorted([*_engine_names, *_error_names])  # noqa: PLE0605
