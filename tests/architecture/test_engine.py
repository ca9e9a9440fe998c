"""The engine needs the standard library alone; time and threads each have one door."""

import ast
import re
import sys

import pytest

from tests.support.source_tree import Module, modules

ENGINE = modules("engine")
TIME = re.compile(r"time\.(sleep|monotonic|time|perf_counter)(_ns)?|datetime\.\w*\.?(now|utcnow|today)")
THREAD_STARTERS = {
    "threading.Thread",
    "threading.Timer",
    "Thread",
    "EngineThread",
    "_thread.start_new_thread",
    "start_new_thread",
}


def _names(module: Module) -> list[tuple[int, str]]:
    """Give the line and the text of every dotted name that the module uses."""
    return [(node.lineno, ast.unparse(node)) for node in ast.walk(module.tree) if isinstance(node, ast.Attribute | ast.Name)]


@pytest.mark.parametrize("module", [*ENGINE, *(m for m in modules() if m.name in {"errors", "__init__"})], ids=lambda m: m.name)
def test_imports_are_relative_or_of_the_standard_library(module: Module) -> None:
    foreign = [
        f"line {line}: {name}"
        for line, name in module.imports()
        if not name.startswith(".") and name.partition(".")[0] not in sys.stdlib_module_names
    ]
    assert not foreign, f"{module.path}: {foreign}"


@pytest.mark.parametrize("module", [m for m in ENGINE if m.name != "engine.clock"], ids=lambda m: m.name)
def test_time_is_read_and_waited_for_only_in_the_clock(module: Module) -> None:
    used = [f"line {line}: {name}" for line, name in _names(module) if TIME.fullmatch(name)]
    used += [f"line {line}: import {name}" for line, name in module.imports() if name in {"time", "datetime", "sched"}]
    assert not used, f"{module.path}: {used}; ask the Clock"


@pytest.mark.parametrize("module", [m for m in ENGINE if m.name != "engine.threads"], ids=lambda m: m.name)
def test_threads_are_started_only_in_threads(module: Module) -> None:
    calls = [node for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
    started = [f"line {call.lineno}" for call in calls if ast.unparse(call.func) in THREAD_STARTERS]
    assert not started, f"{module.path}: {started}; use start_thread"


@pytest.mark.parametrize("module", modules(), ids=lambda m: m.name)
def test_nobody_inside_imports_the_root(module: Module) -> None:
    own = [f"line {line}: {name}" for line, name in module.imports() if name.partition(".")[0] == "threadwork"]
    assert not own, f"{module.path}: {own}; import the neighbour or the floor below, relatively"
