"""How much of this machine a polite program may use."""

import os
from math import ceil
from pathlib import Path

GROUP = Path("/sys/fs/cgroup")  # where a control group's limits are told
NO_LIMIT = 1 << 60
DEVICES = ("auto", "cpu", "cuda", *(f"cuda:{number}" for number in range(8)), "reference")
POLITE = 4  # threads taken unless more are asked for: dlab lives on shared servers


def cores() -> int:
    """Processor cores this process may run on: its affinity, or the control group's share if that is less."""
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(own, _share(GROUP / "cpu.max")))


def _share(limits: Path) -> int:
    """Cores that the control group grants, e.g. 2 for "150000 100000"; a large number where it sets no limit."""
    try:
        quota, period = limits.read_text().split()
        return ceil(int(quota) / int(period))
    except (OSError, ValueError):  # no such file, or "max"
        return 1 << 16


def free_memory() -> int:
    """Bytes this process may still take: what the machine has left, or the control group if that is less."""
    return min(_available(Path("/proc/meminfo")), _granted(GROUP))


def resident() -> int:
    """Bytes of memory that this process has now, 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _available(table: Path) -> int:
    """Bytes in the line "MemAvailable: 23917916 kB"; a large number where the system does not tell."""
    try:
        found = [line.split() for line in table.read_text().splitlines()]
        return next(1024 * int(words[1]) for words in found if words[:1] == ["MemAvailable:"])
    except (OSError, ValueError, StopIteration):
        return NO_LIMIT


def _granted(group: Path) -> int:
    """Bytes that the control group has left; the files it keeps in memory and does not use make room."""
    try:
        limit, taken = (int((group / name).read_text()) for name in ("memory.max", "memory.current"))
        facts = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        return max(0, limit - taken + int(facts["inactive_file"]))
    except (OSError, ValueError, KeyError):  # no such file, or "max"
        return NO_LIMIT
