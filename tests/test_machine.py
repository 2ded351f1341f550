"""How many cores and how much memory are ours: affinity, the system, and the control group."""

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


@pytest.mark.parametrize(
    ("limit", "used", "rest"),
    [("1000", "400", 600), ("1000", "1400", 0), ("max", "400", 1 << 62), (None, None, 1 << 62)],
)
def test_the_control_groups_memory(tmp_path, limit, used, rest):
    for name, text in (("memory.max", limit), ("memory.current", used)):
        if text:
            (tmp_path / name).write_text(f"{text}\n")
    assert machine._rest(tmp_path) == rest


def test_free_memory_is_part_of_the_machines():
    assert 0 < machine.memory() <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
