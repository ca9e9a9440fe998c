"""How many CPUs this process may really use: affinity and the control group's quota respected."""

import math
import os

_CGROUP = "/sys/fs/cgroup"
_MOST_DEFAULT_WORKERS = 32  # as ThreadPoolExecutor: more threads rarely help and cost memory
_EXTRA_FOR_WAITING = 4


def usable_cpus() -> int:
    """Return the number of CPUs this process may use, at least 1.

    The smallest of what the machine has, what the affinity mask allows, and the CPU quota of the control group
    (cgroup v2 ``cpu.max``, v1 ``cpu.cfs_quota_us``), rounded up.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _cgroup_quota(_CGROUP)
    return max(1, allowed if quota is None else min(allowed, math.ceil(quota)))


def default_workers() -> int:
    """Return the worker count used where none is given: ``min(32, usable_cpus() + 4)``."""
    return min(_MOST_DEFAULT_WORKERS, usable_cpus() + _EXTRA_FOR_WAITING)


def _cgroup_quota(root: str) -> float | None:
    """Return the CPUs that the control group at `root` may use, or ``None`` where there is no quota."""
    for files in (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        try:
            quota, period = " ".join(_read(f"{root}/{name}") for name in files).split()
            return int(quota) / int(period) if int(quota) > 0 and int(period) > 0 else None
        except (OSError, ValueError):  # no such control group, or "max": no quota
            continue
    return None


def _read(path: str) -> str:
    with open(path, encoding="ascii") as file:  # noqa: PTH123 - pathlib would make up a third of the import time of the engine
        return file.read()
