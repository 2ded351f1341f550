"""IDX files: read what was written, and name the file when it is damaged."""

import gzip
import struct
import tracemalloc

import numpy as np
import pytest

from dlab.data import files, idx
from dlab.errors import DataError
from dlab.registry import DATASETS


def head(*shape: int, kind: int = 8) -> bytes:
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, kind, len(shape), *shape)


GOOD = head(3, 2) + bytes(range(6))
PACKED = gzip.compress(GOOD, mtime=0)
FLIPPED = PACKED[:-8] + bytes([PACKED[-8] ^ 1]) + PACKED[-7:]
DAMAGE = {
    "bad magic": b"\1" + GOOD[1:],
    "unknown type": head(3, 2, kind=7) + bytes(6),
    "no axes": b"\0\0\x08\0",
    "too many axes": b"\0\0\x08\5" + bytes(30),
    "axes cut": GOOD[:9],
    "one too few": GOOD[:-1],
    "trailing byte": GOOD + b"x",
    "html": b"<!DOCTYPE html><html>not found</html>",
    "empty": b"",
    "huge": head(0xFFFFFFFF, 0xFFFFFFFF),
    "gz cut": PACKED[:-9],
    "gz header only": PACKED[:10],
    "gz crc": FLIPPED,
    "gz trailing": PACKED + b"x",
    "gz second member": PACKED + PACKED,
    "gz too few": gzip.compress(GOOD[:-1]),
    "gz too many": gzip.compress(GOOD + b"x"),
    "gz empty": gzip.compress(b""),
    "gz of html": gzip.compress(b"<html>"),
}


@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.parametrize("name", ["x", "x.gz"])
def test_damage_names_the_file(tmp_path, kind, name):
    path = tmp_path / name
    path.write_bytes(DAMAGE[kind])
    with pytest.raises(DataError, match=str(path)):
        idx.read(path)


@pytest.mark.parametrize("flip", range(0, 8 * len(PACKED), 3))
def test_a_flipped_bit_never_changes_the_content(tmp_path, flip):
    raw = bytearray(PACKED)
    raw[flip // 8] ^= 1 << flip % 8
    path = tmp_path / "x.gz"
    path.write_bytes(raw)
    try:
        found = idx.read(path).tobytes()
    except DataError as error:
        found = str(error)
    # The header of gzip has bits without meaning.
    assert found == GOOD[12:] or str(path) in str(found)


def test_html_is_recognised(tmp_path):
    (tmp_path / "x").write_bytes(DAMAGE["html"])
    with pytest.raises(DataError, match="web page"):
        idx.read(tmp_path / "x")


@pytest.mark.parametrize("code", idx.KINDS)
@pytest.mark.parametrize("packed", [False, True])
def test_every_number_type(tmp_path, code, packed):
    values = np.arange(6).reshape(3, 2).astype(idx.KINDS[code])
    raw = head(3, 2, kind=code) + values.tobytes()
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(raw) if packed else raw)
    np.testing.assert_array_equal(idx.read(path), values)
    assert idx.peek(path) == (3, 2)


@pytest.mark.parametrize("name", ["x", "x.gz"])
def test_write_then_read(tmp_path, name):
    values = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    idx.write(tmp_path / name, values)
    np.testing.assert_array_equal(idx.read(tmp_path / name), values)


def test_a_bomb_is_not_unpacked(tmp_path):
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(GOOD + bytes(50_000_000)))
    tracemalloc.start()
    with pytest.raises(DataError, match=r"x\.gz"):
        idx.read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


def test_missing_file(tmp_path):
    for act in (idx.read, idx.peek):
        with pytest.raises(DataError, match="nowhere"):
            act(tmp_path / "nowhere.gz")


def test_a_folder_of_four(four, arrays):
    data = DATASETS["idx"](path=str(four)).load()
    np.testing.assert_array_equal(data.train.x[:, 0], arrays[0])
    np.testing.assert_array_equal(data.test.labels, arrays[3])
    assert (data.shape, data.outputs, data.classes) == ((1, 5, 4), 3, ("0", "1", "2"))


def test_plain_files_will_do(four, arrays):
    for part, array in zip(files.PARTS, arrays, strict=True):
        (four / part).unlink()
        idx.write(four / part.removesuffix(".gz"), array)
    assert DATASETS["idx"](path=str(four)).load().train.x.shape == (12, 1, 5, 4)


@pytest.mark.parametrize(
    ("part", "array", "said"),
    [
        (1, np.zeros(11, np.uint8), "12 images.*11 labels"),
        (2, np.zeros((6, 5), np.uint8), r"t10k-images.*\(6, 5\)"),
        (3, np.zeros((6, 1), np.uint8), "t10k-labels.*axes"),
        (2, np.zeros((6, 5, 5), np.uint8), r"four: .*of test samples \(1, 5, 5\)"),
        (0, np.zeros((0, 5, 4), np.uint8), "train-images"),
    ],
    ids=["lengths", "image axes", "label axes", "sizes", "no images"],
)
def test_files_that_do_not_fit(four, part, array, said):
    idx.write(four / files.PARTS[part], array)
    with pytest.raises(DataError, match=said):
        DATASETS["idx"](path=str(four)).load()


def test_missing_part(four):
    (four / files.PARTS[3]).unlink()
    with pytest.raises(DataError, match="t10k-labels"):
        DATASETS["idx"](path=str(four)).load()


def test_missing_path(tmp_path):
    with pytest.raises(DataError, match=r"data\.path is missing"):
        DATASETS["idx"]().load()
    with pytest.raises(DataError, match="there is no"):
        DATASETS["idx"](path=str(tmp_path / "no")).load()
