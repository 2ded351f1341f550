"""The state of a run as one safetensors file, which is data and never code; its manifest has the checksum."""

import json
import os
from pathlib import Path

import numpy as np

from dlab.errors import CheckpointError

State = dict[str, np.ndarray]

MARK = "dlab"  # the metadata entry that tells a file of dlab's; one only: the format does not fix the order of several
TYPES = {"float32": "F32", "float64": "F64", "int64": "I64"}


def encode(state: State) -> list[bytes | memoryview]:
    """A safetensors file in pieces: header, then every array without a copy; the same state gives the same bytes."""
    arrays = {name: np.ascontiguousarray(state[name]) for name in sorted(state)}
    header, end = {"__metadata__": {MARK: "checkpoint"}}, 0
    for name, array in arrays.items():
        begin, end = end, end + array.nbytes
        shape = list(np.shape(state[name]))
        header[name] = {"dtype": TYPES[array.dtype.name], "shape": shape, "data_offsets": [begin, end]}  # type: ignore[dict-item]
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return [len(text).to_bytes(8, "little"), text, *(_raw(array) for array in arrays.values())]


def _raw(array: np.ndarray) -> memoryview:
    return array.reshape(-1).view(np.uint8).data


def load(path: Path) -> State:
    """The arrays of a file; CheckpointError unless it is one that `encode` could have made."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            if MARK not in (file.metadata() or {}):
                raise CheckpointError(f"{path} is not a dlab checkpoint")
            return {name: file.get_tensor(name) for name in file.keys()}
    except FileNotFoundError as fault:
        raise CheckpointError(f"{path} does not exist") from fault
    except (SafetensorError, OSError, TypeError, ValueError) as fault:
        raise CheckpointError(f"{path} is not a dlab checkpoint, or it is damaged ({fault})") from fault


def forms(state: State) -> dict[str, str]:
    """Type and shape of every array, in words."""
    return {name: f"{array.dtype} {list(array.shape)}" for name, array in state.items()}


def looks_right(path: Path) -> bool:
    """Whether a file begins as `encode` begins one: a length that it has room for, and a header in JSON."""
    with path.open("rb") as file:
        size, begin = int.from_bytes(file.read(8), "little"), file.read(16)
    return begin == b'{"__metadata__":' and 8 + size <= os.path.getsize(path)
