"""What the environment says of threads and of compilation, looked at before Numba does."""

import os
from collections.abc import Mapping

from dlab.errors import SpecError

NUMBERS = "NUMBA_NUM_THREADS", "OMP_NUM_THREADS"
LAYERS = "default", "safe", "forksafe", "threadsafe", "omp", "tbb", "workqueue"


def check(given: Mapping[str, str] = os.environ) -> None:
    """SpecError if a variable says what no library could follow."""
    most = max(256, os.cpu_count() or 1)
    for name in NUMBERS:
        value = given.get(name, "1")
        words = value.split(",") if name.startswith("OMP") else [value]  # OpenMP takes one for each level of nesting
        if not all(_counts(word.strip(), most) for word in words):
            raise SpecError(f"{name}={value} is not a number of threads. Allowed: 1 to {most}; or unset it")
    layer = given.get("NUMBA_THREADING_LAYER", "default")
    if layer not in LAYERS:
        raise SpecError(f"NUMBA_THREADING_LAYER={layer} is unknown. Allowed: {', '.join(LAYERS)}; or unset it")
    if given.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        raise SpecError("NUMBA_DISABLE_JIT is set, and dlab's kernels do not run uncompiled: unset it")


def _counts(word: str, most: int) -> bool:
    return word.isdecimal() and len(word) < 9 and 1 <= int(word) <= most
