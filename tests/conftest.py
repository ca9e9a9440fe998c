"""What holds for every test: how long it may take, and that the report tells what it ran on."""

import os
import platform
import sys
import sysconfig

import pytest
from hypothesis import HealthCheck, Phase, settings

# A shared machine may take its time; in CI the examples are the same on every run. Without `explain`, which traces every
# thread: a failure would take so long then that the hang limit hides it.
settings.register_profile(
    "people",
    deadline=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[phase for phase in Phase if phase is not Phase.explain],
)
settings.register_profile("ci", settings.get_profile("people"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "people")

FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def pytest_report_header() -> str:
    """Tell the interpreter, its build, and whether the GIL is on."""
    build = "free-threaded" if FREE_THREADED else "default"
    gil = "on" if getattr(sys, "_is_gil_enabled", lambda: True)() else "off"
    return f"{platform.python_implementation()} {platform.python_version()}, {build} build, GIL {gil}, {os.cpu_count()} CPUs"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in tests/stress, and give it a minute."""
    for item in items:
        if "stress" in item.path.parts:
            item.add_marker(pytest.mark.stress)
        if item.get_closest_marker("stress") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(60))
