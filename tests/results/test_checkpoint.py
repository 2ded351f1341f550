"""Checkpoints: the same bytes each time, and never a wrong number read back."""

import numpy as np
import pytest

from dlab.errors import CheckpointError
from dlab.results import checkpoint

STATE = {"dense1.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "step": np.array([7], np.int64)}


def test_arrays_and_facts_come_back(tmp_path):
    checkpoint.save(tmp_path / "a", STATE, data="abc")
    state, facts = checkpoint.load(tmp_path / "a")
    assert facts == {"data": "abc"}
    assert state.keys() == STATE.keys()
    assert all(np.array_equal(state[name], STATE[name]) for name in STATE)


def test_the_same_state_gives_the_same_bytes_and_layout_does_not_matter(tmp_path):
    checkpoint.save(tmp_path / "a", STATE, data="abc")
    checkpoint.save(tmp_path / "b", {name: np.asfortranarray(array) for name, array in STATE.items()}, data="abc")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_no_flipped_bit_and_no_cut_loads(tmp_path):
    path = tmp_path / "a"
    checkpoint.save(path, STATE)
    good = path.read_bytes()
    for place in range(len(good)):
        path.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        with pytest.raises(CheckpointError):
            checkpoint.load(path)
        path.write_bytes(good[:place])
        with pytest.raises(CheckpointError):
            checkpoint.load(path)


@pytest.mark.parametrize("content", [b"", b"\x80\x04.", b"PK\x03\x04" * 10, b"text"])
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(CheckpointError, match="not a dlab checkpoint"):
        checkpoint.load(tmp_path / "a")
