"""`python -m dlab`."""

import sys

# Python looks for modules in the current folder first; what lies there is none of ours.
if not sys.flags.safe_path:
    del sys.path[0]

from dlab.cli import run

run()
