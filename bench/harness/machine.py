"""The machine and the build that a figure was measured on, and how busy everybody else kept it meanwhile."""

import importlib.metadata
import os
import platform
import sys
import sysconfig
import time
from pathlib import Path

PACKAGES = ("threadwork", "joblib", "mpire", "pebble", "streamable", "hypertile")


def gil_enabled() -> bool:
    """Whether this process runs with the GIL now (an extension module may have switched it back on)."""
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


def describe() -> dict[str, object]:
    """Everything needed to judge whether two results files may be compared."""
    return {
        "python": platform.python_version(),
        "build": " ".join(platform.python_build()),
        "compiler": platform.python_compiler(),
        "optimised": "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or ""),
        "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "gil_enabled": gil_enabled(),
        "system": platform.platform(),
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "switch_interval": sys.getswitchinterval(),
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


class OtherLoad:
    """How many cores everybody else used since it was made: a case above about 0.4 was measured on a busy machine."""

    def __init__(self) -> None:
        """Start to watch."""
        self._began = time.perf_counter()
        self._all, self._mine = _busy_seconds(), _own_seconds()

    def cores(self) -> float | None:
        """Cores used by others, or None where the system does not tell."""
        if self._all is None or (now := _busy_seconds()) is None:
            return None
        others = (now - self._all) - (_own_seconds() - self._mine)
        return max(0.0, others / (time.perf_counter() - self._began))


def _busy_seconds() -> float | None:
    try:
        first = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0]
    except OSError:
        return None
    user, nice, system, _idle, _iowait, irq, softirq, stolen, *_ = map(int, first.split()[1:])
    return (user + nice + system + irq + softirq + stolen) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
