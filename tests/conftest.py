"""Shared set-up: sixteen threads may be asked for on any machine, and kernels are cached in one place for all tests."""

import os
import signal

os.environ.setdefault("NUMBA_NUM_THREADS", "16")

# A shell that runs the tests in the background has them ignore Ctrl-C, and whatever they start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Whoever runs the tests side by side may set a width, which would fold the lines that the tests look for.
os.environ.pop("COLUMNS", None)
