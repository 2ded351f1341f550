"""How many cores are ours: affinity and control group."""

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
