"""How much of this machine a polite program may use."""

import os
import platform
import resource
from collections.abc import Iterator
from math import ceil
from pathlib import Path

PROCESS = Path("/proc/self")
GROUPS = Path("/sys/fs/cgroup")  # where the limits of control groups are told
NO_LIMIT = 1 << 60
DEVICES = ("auto", "cpu", "cuda", *(f"cuda:{number}" for number in range(8)), "reference")
POLITE = 4  # threads taken unless more are asked for: dlab lives on shared servers


def cores() -> int:
    """Processor cores this process may run on: its affinity, or what its control groups grant."""
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(own, NO_LIMIT, *map(_share, groups("cpu"))))


def free_memory() -> int:
    """Bytes this process may still take: the least that the machine, its limits and its control groups have left."""
    return min(_available(Path("/proc/meminfo")), addresses(), *map(_granted, groups("memory")))


def addresses() -> int:
    """Bytes of addresses that `ulimit -v` leaves."""
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return NO_LIMIT if limit == resource.RLIM_INFINITY else max(0, limit - _pages(0))


def resident() -> int:
    """Bytes of memory that this process has now, 0 where the system does not tell."""
    return _pages(1)


def groups(controller: str) -> Iterator[Path]:
    """Folders of the control groups that this process is in, its own first; "cpu" and "memory" are controllers.

    A line of /proc/self/cgroup is "0::/user.slice" (version 2) or "4:cpu,cpuacct:/user.slice" (version 1).
    """
    try:
        lines = [line.split(":", 2) for line in (PROCESS / "cgroup").read_text().splitlines()]
    except OSError:
        return
    for _, controllers, path in (line for line in lines if len(line) == 3):
        if controllers == "" or controller in controllers.split(","):
            home = GROUPS / controller if controllers else GROUPS
            own = home / path.strip("/")
            yield from (folder for folder in (own, *own.parents) if folder.is_relative_to(home))


def _share(group: Path) -> int:
    """Cores that a control group grants, e.g. 2 for "150000 100000"; a large number where it sets no limit."""
    try:
        if (group / "cpu.max").exists():
            quota, period = (group / "cpu.max").read_text().split()
        else:
            quota, period = ((group / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        return ceil(int(quota) / int(period)) if int(quota) > 0 else NO_LIMIT  # version 1 says -1 for none
    except (OSError, ValueError, ZeroDivisionError):  # no such file, or "max"
        return NO_LIMIT


def _granted(group: Path) -> int:
    """Bytes that a control group has left; the files it keeps in memory and does not use make room."""
    if (group / "memory.max").exists():
        names, idle = ("max", "current"), "inactive_file"
    else:
        names, idle = ("limit_in_bytes", "usage_in_bytes"), "total_inactive_file"
    try:
        limit, taken = (int((group / f"memory.{name}").read_text()) for name in names)
        facts = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        return max(0, limit - taken + int(facts[idle]))
    except (OSError, ValueError, KeyError):  # no such file, or "max"
        return NO_LIMIT


def processor() -> str:
    """The model of the processor, as the system calls it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _available(table: Path) -> int:
    """Bytes in the line "MemAvailable: 23917916 kB"; a large number where the system does not tell."""
    try:
        found = [line.split() for line in table.read_text().splitlines()]
        return next(1024 * int(words[1]) for words in found if words[:1] == ["MemAvailable:"])
    except (OSError, ValueError, StopIteration):
        return NO_LIMIT


def _pages(number: int) -> int:
    """Bytes in a column of /proc/self/statm: 0 for all addresses, 1 for what is in memory."""
    try:
        return int((PROCESS / "statm").read_text().split()[number]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
