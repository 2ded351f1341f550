"""How many cores and how much memory are ours: affinity, the system, and the control group."""

import mmap
import os

import pytest

from dlab import machine


@pytest.mark.parametrize(
    ("text", "cores"), [("150000 100000", 2), ("100000 100000", 1), ("max 100000", 1 << 16), ("rubbish", 1 << 16)]
)
def test_the_control_groups_share(tmp_path, text, cores):
    path = tmp_path / "cpu.max"
    path.write_text(text)
    assert machine._share(path) == cores


def test_without_a_control_group_there_is_no_limit(tmp_path):
    assert machine._share(tmp_path / "none") == 1 << 16


def test_affinity_counts():
    assert 1 <= machine.cores() <= len(os.sched_getaffinity(0))


def test_free_memory_is_what_the_system_tells(tmp_path):
    table = tmp_path / "meminfo"
    table.write_text("MemTotal:       24689700 kB\nMemAvailable:    1000 kB\n")
    assert machine._available(table) == 1_024_000
    table.write_text("rubbish\n")
    assert machine._available(table) == machine._available(tmp_path / "none") == machine.NO_LIMIT


def test_the_control_groups_memory(tmp_path):
    def group(limit):
        for name, text in (("max", limit), ("current", "700"), ("stat", "file 90\ninactive_file 50")):
            (tmp_path / f"memory.{name}").write_text(text + "\n")
        return machine._granted(tmp_path)

    assert group("1000") == 350
    assert group("600") == 0
    assert group("max") == machine._granted(tmp_path / "none") == machine.NO_LIMIT


def test_a_process_knows_its_size():
    before = machine.resident()
    with mmap.mmap(-1, 64 << 20) as pages:  # fresh ones, not what the process has freed
        pages.write(bytes(len(pages)))
        grown = machine.resident() - before
    assert grown >= 63 << 20
    assert machine.free_memory() < machine.NO_LIMIT
