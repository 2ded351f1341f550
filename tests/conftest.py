"""Shared set-up: seven threads may be asked for on any machine, and kernels are cached in one place for all tests."""

import os

os.environ.setdefault("NUMBA_NUM_THREADS", "8")
