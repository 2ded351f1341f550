"""How many cores and how much memory are ours: affinity, the system, its limits, and the control groups."""

import mmap
import os
import resource

import pytest

from dlab import machine


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """Control groups of our own: `groups(lines, {file: text})`."""

    def make(lines, files):
        (tmp_path / "self").mkdir(exist_ok=True)
        (tmp_path / "self" / "cgroup").write_text("\n".join(lines) + "\n")
        for name, text in files.items():
            path = tmp_path / "groups" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n")

    monkeypatch.setattr(machine, "PROCESS", tmp_path / "self")
    monkeypatch.setattr(machine, "GROUPS", tmp_path / "groups")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)))
    return make


@pytest.mark.parametrize(
    ("text", "cores"), [("150000 100000", 2), ("100000 100000", 1), ("1000 100000", 1), ("max 100000", 64), ("no", 64)]
)
def test_the_share_of_a_control_group(groups, text, cores):
    groups(["0::/"], {"cpu.max": text})
    assert machine.cores() == cores


def test_the_least_share_counts_of_all_groups_above(groups):
    limits = {"user.slice/cpu.max": "300000 100000", "user.slice/me/cpu.max": "max 100000", "cpu.max": "800000 100000"}
    groups(["0::/user.slice/me/session-1.scope"], limits)
    assert machine.cores() == 3


@pytest.mark.parametrize(("quota", "cores"), [("250000", 3), ("-1", 64)])
def test_the_share_in_version_1(groups, quota, cores):
    files = {"cpu/docker/1f/cpu.cfs_quota_us": quota, "cpu/docker/1f/cpu.cfs_period_us": "100000"}
    groups(["4:memory:/docker/1f", "2:cpu,cpuacct:/docker/1f", "0::/"], files)
    assert machine.cores() == cores


def test_a_container_sees_its_own_group_at_the_top(groups):
    groups(["2:cpu,cpuacct:/docker/of-the-host"], {"cpu/cpu.cfs_quota_us": "200000", "cpu/cpu.cfs_period_us": "100000"})
    assert machine.cores() == 2


def test_without_control_groups_the_affinity_counts(groups, monkeypatch):
    assert machine.cores() == 64
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3})
    assert machine.cores() == 1


def memory(limit, version):
    if version == 2:
        files = {"max": limit, "current": "700", "stat": "file 90\ninactive_file 50"}
        return {f"memory.{name}": text for name, text in files.items()}
    files = {"limit_in_bytes": limit, "usage_in_bytes": "700", "stat": "inactive_file 1\ntotal_inactive_file 50"}
    return {f"memory/memory.{name}": text for name, text in files.items()}


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(("limit", "free"), [("1000", 350), ("600", 0)])
def test_the_memory_a_control_group_has_left(groups, version, limit, free):
    groups(["4:memory:/" if version == 1 else "0::/"], memory(limit, version))
    assert machine.free_memory() == free


def test_a_control_group_without_a_limit_changes_nothing(groups, monkeypatch):
    monkeypatch.setattr(machine, "_available", lambda table: 12345)
    groups(["0::/"], memory("max", 2))
    assert machine.free_memory() == 12345


def test_free_memory_is_what_the_system_tells(tmp_path):
    table = tmp_path / "meminfo"
    table.write_text("MemTotal:       24689700 kB\nMemAvailable:    1000 kB\n")
    assert machine._available(table) == 1_024_000
    table.write_text("rubbish\n")
    assert machine._available(table) == machine._available(tmp_path / "none") == machine.NO_LIMIT


def test_a_limit_of_addresses_counts(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (machine._pages(0) + (1 << 20), -1))
    assert 0 < machine.free_memory() <= 1 << 20


def test_a_process_knows_its_size():
    before = machine.resident()
    with mmap.mmap(-1, 64 << 20) as pages:  # fresh ones, not what the process has freed
        pages.write(bytes(len(pages)))
        grown = machine.resident() - before
    assert grown >= 63 << 20
    assert machine.free_memory() < machine.NO_LIMIT
