"""Tools to test threaded code without sleeping: time that jumps, steps in order, events kept, leaks found, interleavings tried.

Needs the standard library alone; `threadwork.testing.plugin` makes fixtures of them for pytest.
"""

TYPE_CHECKING = False  # what type checkers take for true, without the cost of importing typing
if TYPE_CHECKING:
    from .interleaving import Interleave, explore, interleave
    from .leaks import no_leaked_threads
    from .manual_clock import ManualClock, using
    from .recorder import Recorder
    from .sequencer import Sequencer
del TYPE_CHECKING

__all__ = ["Interleave", "ManualClock", "Recorder", "Sequencer", "explore", "interleave", "no_leaked_threads", "using"]

# Each tool is imported when it is first used: pytest loads the plug-in in every session, and some of them need the engine.
_homes = {
    "Interleave": "interleaving",
    "ManualClock": "manual_clock",
    "Recorder": "recorder",
    "Sequencer": "sequencer",
    "explore": "interleaving",
    "interleave": "interleaving",
    "no_leaked_threads": "leaks",
    "using": "manual_clock",
}


def __getattr__(name: str) -> object:
    if name not in _homes:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - see above

    value: object = getattr(import_module(f".{_homes[name]}", __name__), name)
    globals()[name] = value
    return value
