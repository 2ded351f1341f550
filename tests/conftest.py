"""Shared set-up: sixteen threads may be asked for on any machine, and kernels are cached in one place for all tests."""

import os

os.environ.setdefault("NUMBA_NUM_THREADS", "16")

# Whoever runs the tests side by side may set a width, which would fold the lines that the tests look for.
os.environ.pop("COLUMNS", None)
