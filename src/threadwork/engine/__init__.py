"""The engine: runs one task over many inputs on named threads. Standard library alone; everything enters here."""

from .api import for_each, map, starmap  # noqa: A004 - `map` is what it is called everywhere
from .clock import Clock as Clock
from .clock import Lock as Lock
from .cpus import default_workers, usable_cpus
from .events import (
    Event,
    ItemFinished,
    ItemRetried,
    ItemStarted,
    ItemThrottled,
    RunFinished,
    RunStarted,
    WorkerExited,
    WorkersChanged,
    WorkerStarted,
)
from .executor import Executor
from .group import Task, TaskGroup
from .halt import Halt
from .options import SHORTHANDS as SHORTHANDS
from .options import Options, PoolOptions
from .options import default_clock as default_clock
from .outcome import Outcome, RunStatus, Status, Summary
from .pool import Pool
from .protocols import Identity as Identity
from .protocols import Listener
from .protocols import Recalled as Recalled
from .protocols import Sample as Sample
from .run import Run
from .short_lock import ShortLock as ShortLock
from .task import TaskContext, current
from .task import current_or_none as current_or_none
from .threads import EngineThread as EngineThread
from .threads import frames_of_threads as frames_of_threads
from .threads import start_thread as start_thread

__all__ = [
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
]
