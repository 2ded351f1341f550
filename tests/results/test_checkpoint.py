"""States on disk: the same bytes each time, files that other tools read, and nothing else is taken for one."""

import numpy as np
import pytest
from safetensors.numpy import load_file

from dlab.errors import CheckpointError
from dlab.results import checkpoint

STATE = {
    "dense1.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
    "step": np.array([7], np.int64),
    "sums": np.array(1 / 3),
    "none": np.zeros((0, 4), np.float32),
}


def written(state) -> bytes:
    return b"".join(checkpoint.encode(state))


def test_arrays_come_back_and_other_tools_read_them(tmp_path):
    (tmp_path / "a").write_bytes(written(STATE))
    for found in (checkpoint.load(tmp_path / "a"), load_file(tmp_path / "a")):
        assert checkpoint.forms(found) == checkpoint.forms(STATE)
        assert all(np.array_equal(found[name], STATE[name]) for name in STATE)


def test_the_same_state_gives_the_same_bytes_and_neither_layout_nor_order_matters():
    turned = {name: np.asfortranarray(STATE[name]) if STATE[name].ndim else STATE[name] for name in reversed(STATE)}
    assert written(turned) == written(STATE)


def test_arrays_are_written_without_a_copy():
    pieces = checkpoint.encode(STATE)
    assert any(np.shares_memory(np.frombuffer(piece, np.uint8), STATE["dense1.weight"]) for piece in pieces[2:])


def test_no_cut_loads(tmp_path):
    path, good = tmp_path / "a", written(STATE)
    for place in range(len(good)):
        path.write_bytes(good[:place])
        with pytest.raises(CheckpointError):
            checkpoint.load(path)


OTHERS = {
    "empty": b"",
    "pickle": b"\x80\x04\x95.",
    "zip": b"PK\x03\x04" * 10,
    "text": b"weights",
    "safetensors": (8).to_bytes(8, "little") + b"{}      ",
    "header beyond the end": (1 << 40).to_bytes(8, "little") + b'{"__metadata__": {}}',
    "array beyond the end": written(STATE).replace(b'"data_offsets": [0, 24]', b'"data_offsets": [0, 99]'),
    "shape and length": written(STATE).replace(b"[2, 3]", b"[2, 9]"),
    "overflow": written(STATE).replace(b'"shape": [2, 3], ', b'"shape": [9999999999999999999, 3], '),
}


@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(CheckpointError, match="not a dlab checkpoint"):
        checkpoint.load(tmp_path / "a")


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path):
    with pytest.raises(CheckpointError, match="does not exist"):
        checkpoint.load(tmp_path / "nothing")
