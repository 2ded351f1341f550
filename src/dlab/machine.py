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


def memory() -> int:
    """Bytes of memory that this process may still take: what the system has left, or the control group's rest of it."""
    return min(_left(), _rest(Path("/sys/fs/cgroup")))


def _left() -> int:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):  # not Linux: half of what there is
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def _rest(group: Path) -> int:
    try:
        limit, used = ((group / name).read_text() for name in ("memory.max", "memory.current"))
        return max(0, int(limit) - int(used))
    except (OSError, ValueError):  # no such file, or "max"
        return 1 << 62
