import os

import pytest

import threadwork
from threadwork.engine import cpus


@pytest.fixture
def control_group(tmp_path, monkeypatch):
    """Give a function that writes the files of a control group, which the machine then seems to have; 8 CPUs are allowed."""
    monkeypatch.setattr(cpus, "_CGROUP", str(tmp_path))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)

    def write(**files):
        for name, text in files.items():
            path = tmp_path / name.replace("_", ".")
            path.write_text(text)

    return write


@pytest.mark.parametrize(
    ("quota", "usable"),
    [("max 100000", 8), ("200000 100000", 2), ("150000 100000", 2), ("50000 100000", 1), ("9900000 100000", 8)],
)
def test_the_quota_of_version_2_is_respected(control_group, quota, usable):
    control_group(cpu_max=quota + "\n")
    assert threadwork.usable_cpus() == usable


@pytest.mark.parametrize(("quota", "usable"), [("-1", 8), ("200000", 2), ("10000", 1)])
def test_the_quota_of_version_1_is_respected(tmp_path, control_group, quota, usable):
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(quota + "\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert threadwork.usable_cpus() == usable


@pytest.mark.parametrize("text", ["", "nonsense", "1 2 3", "100000 0", "0 100000", "max"])
def test_a_quota_that_makes_no_sense_is_none(control_group, text):
    control_group(cpu_max=text)
    assert threadwork.usable_cpus() == 8


def test_without_a_control_group_affinity_counts(control_group):
    assert threadwork.usable_cpus() == 8


def test_without_affinity_the_machine_counts(control_group, monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert threadwork.usable_cpus() == 3
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert threadwork.usable_cpus() == 1


@pytest.mark.parametrize(("usable", "workers"), [(1, 5), (8, 12), (28, 32), (100, 32)])
def test_the_default_number_of_workers(control_group, monkeypatch, usable, workers):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(usable)), raising=False)
    assert threadwork.default_workers() == workers
