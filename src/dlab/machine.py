"""How much of this machine a polite program may use."""

import os
from math import ceil
from pathlib import Path

POLITE = 4  # threads taken unless more are asked for: dlab lives on shared servers


def cores() -> int:
    """Processor cores this process may run on: its affinity, or the control group's share if that is less."""
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(own, _share(Path("/sys/fs/cgroup/cpu.max"))))


def _share(limits: Path) -> int:
    """Cores that the control group grants, e.g. 2 for "150000 100000"; a large number where it sets no limit."""
    try:
        quota, period = limits.read_text().split()
        return ceil(int(quota) / int(period))
    except (OSError, ValueError):  # no such file, or "max"
        return 1 << 16
