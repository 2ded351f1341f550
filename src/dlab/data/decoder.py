"""A process that decodes images into shared memory: a greeting and then orders as lines on stdin, all JSON.

    {"arena": 5, "slots": [64, 16, 3, 32, 32], "size": 32}     file descriptor, shape of the memory, data.size
    {"slot": 7, "paths": ["cat/1.png", "dog/9.png"]}

Each order is answered by a line on stdout: what is wrong, "" if nothing is.
"""

import json
import mmap
import sys
from pathlib import Path

import numpy as np

from dlab.data.pictures import fill
from dlab.errors import DataError


def main() -> None:
    """Serve until stdin ends."""
    greeting = json.loads(sys.stdin.readline())
    memory = mmap.mmap(greeting["arena"], 0)
    slots = np.frombuffer(memory, np.uint8).reshape(greeting["slots"])
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(_done(order["paths"], slots[order["slot"]], greeting["size"])), flush=True)


def _done(paths: list[str], places: np.ndarray, size: int | None) -> str:
    try:
        for path, place in zip(paths, places, strict=False):
            fill(place, Path(path), size)
    except DataError as fault:
        return str(fault)
    return ""


if __name__ == "__main__":
    main()
