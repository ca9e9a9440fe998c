"""Run one task over many inputs on a bounded pool of named threads: fast, safely, to the end.

The doors: `map`, `starmap` and `for_each` run a function over items; `Pool` keeps the threads; `current` is for code
inside a task. Errors are in `threadwork.errors`.
"""

from .errors import *  # noqa: F403
from .errors import __all__ as _error_names

TYPE_CHECKING = False  # what type checkers take for true, without the cost of importing typing
if TYPE_CHECKING:
    from .clients import closing_on_cancel as closing_on_cancel
    from .clients import run_process as run_process
    from .engine import *  # noqa: F403
    from .journal import Journal as Journal
    from .observe import Dashboard as Dashboard
    from .observe import LogEvents as LogEvents
    from .observe import Report as Report
    from .observe import Statistics as Statistics
    from .observe import Trace as Trace
    from .policies import Adaptive as Adaptive
    from .policies import Breaker as Breaker
    from .policies import Limit as Limit
    from .policies import Retry as Retry
del TYPE_CHECKING

# The engine is imported when the first of its names is used: until then, importing this costs a script next to nothing.
_engine_names = (
    "Event",
    "Executor",
    "Halt",
    "ItemFinished",
    "ItemRetried",
    "ItemStarted",
    "ItemThrottled",
    "Listener",
    "Options",
    "Outcome",
    "Pool",
    "PoolOptions",
    "Run",
    "RunFinished",
    "RunStarted",
    "RunStatus",
    "Status",
    "Summary",
    "Task",
    "TaskContext",
    "TaskGroup",
    "WorkerExited",
    "WorkerStarted",
    "WorkersChanged",
    "current",
    "default_workers",
    "for_each",
    "map",
    "starmap",
    "usable_cpus",
)

_policy_names = ("Adaptive", "Breaker", "Limit", "Retry")

# The rest is imported when one of its own names is.
_shorthands = {"journal": (".journal", "Journal"), "progress": (".observe", "Progress"), "trace": (".observe", "Trace")}
_later_rooms = {
    "clients": ("closing_on_cancel", "run_process"),
    "journal": ("Journal",),
    "observe": ("Dashboard", "LogEvents", "Report", "Statistics", "Trace"),
}

__all__ = sorted([*_engine_names, *_policy_names, *(name for names in _later_rooms.values() for name in names), *_error_names])  # noqa: PLE0605


def __getattr__(name: str) -> object:
    rooms = {"engine": _engine_names, "policies": _policy_names}
    later = {room: names for room, names in _later_rooms.items() if name == room or name in names}
    if not later and name not in rooms and not any(name in names for names in rooms.values()):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - see above

    for room, names in (later or rooms).items():
        module = import_module(f".{room}", __name__)
        globals().update({each: getattr(module, each) for each in names})
        if room == "engine":  # `journal="run.db"` imports SQLite, and nothing else does; and so on
            for option, (there, maker) in _shorthands.items():
                module.SHORTHANDS.setdefault(
                    option, lambda value, there=there, maker=maker: getattr(import_module(there, __name__), maker)(value)
                )
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
