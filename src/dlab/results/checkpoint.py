"""Weights on disk: safetensors, which is data and never code, with a checksum that safetensors itself lacks."""

import json
from hashlib import sha256
from pathlib import Path

import numpy as np

from dlab.errors import CheckpointError
from dlab.results import durable

State = dict[str, np.ndarray]


def save(path: Path, state: State, **facts: str) -> None:
    """Write arrays and a few facts; the same arrays and facts give the same bytes."""
    from safetensors.numpy import save as encode

    arrays = {name: np.ascontiguousarray(array).reshape(np.shape(array)) for name, array in state.items()}
    # One metadata entry only: the format does not fix the order of several.
    about = json.dumps({**facts, "sha256": _digest(arrays)}, sort_keys=True)
    durable.replace(path, encode(arrays, metadata={"dlab": about}))


def load(path: Path) -> tuple[State, dict[str, str]]:
    """Arrays and facts; CheckpointError unless every byte is as it was saved."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            facts = json.loads((file.metadata() or {})["dlab"])
            state = {name: file.get_tensor(name) for name in file.keys()}
    except FileNotFoundError as fault:
        raise CheckpointError(f"{path} does not exist") from fault
    except (SafetensorError, OSError, KeyError, ValueError) as fault:
        raise CheckpointError(f"{path} is not a dlab checkpoint, or it is damaged ({fault})") from fault
    if facts.pop("sha256", None) != _digest(state):
        raise CheckpointError(f"{path} is damaged: its checksum does not match")
    return state, facts


def _digest(state: State) -> str:
    digest = sha256()
    for name in sorted(state):
        digest.update(f"{name} {state[name].dtype} {state[name].shape}".encode())
        digest.update(np.ascontiguousarray(state[name]).data)
    return digest.hexdigest()
