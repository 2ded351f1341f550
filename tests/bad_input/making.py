"""Data sets and how to spoil them."""

import gzip
import io
import struct
import zipfile
from pathlib import Path

import numpy as np
from numpy.lib.format import write_array
from PIL import Image

from dlab.data import files, idx

X, Y = np.arange(48, dtype=np.uint8).reshape(8, 3, 2), np.arange(8) % 3


def idx_of(array: np.ndarray, kind: int = 8) -> bytes:
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, kind, array.ndim, *array.shape) + array.tobytes()


def four(**changed: bytes) -> None:
    """The four files of an IDX set in `own`, some of them changed: images, labels, test_images, test_labels."""
    Path("own").mkdir()
    sound = {"images": idx_of(X), "labels": idx_of(Y.astype(np.uint8)), "test_images": idx_of(X[:4]),
             "test_labels": idx_of(Y[:4].astype(np.uint8))}  # fmt: skip
    for part, (name, content) in zip(files.PARTS, sound.items(), strict=True):
        new = changed.get(name, gzip.compress(content, mtime=0))
        (Path("own") / (part if new[:2] == idx.GZIP or not new else part.removesuffix(".gz"))).write_bytes(new)


def npz(**arrays) -> None:
    np.savez("own", **arrays)


def raw_npz(*members: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile("own.npz", "w", method) as packed:
        for name, content in members:
            packed.writestr(name, content)


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    write_array(file, array)
    return file.getvalue()


def encrypted() -> None:
    """An archive whose members say that they are encrypted."""
    npz(x=X, y=Y)
    content = bytearray(Path("own.npz").read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := content.find(mark, at + 1)) >= 0:
            content[at + offset] |= 1
    Path("own.npz").write_bytes(content)


def claim(shape: str, name: str = "x") -> None:
    """An array whose header promises another shape."""
    head = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    lie = b"\x93NUMPY\x01\x00" + bytes([118, 0]) + head.encode() + X.tobytes()
    other = {"x": ("y", npy(Y)), "y": ("x", npy(X))}[name]
    raw_npz((f"{name}.npy", lie), (f"{other[0]}.npy", other[1]))


def table(content: str | bytes) -> None:
    Path("own.csv").write_bytes(content if isinstance(content, bytes) else content.encode())


def paint(path: str, size: tuple[int, int] = (4, 4), mode: str = "L", kind: str = "PNG") -> Path:
    place = Path("own") / path
    place.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(len(path)).integers(0, 256, (*size[::-1], len(mode)), np.uint8)
    Image.fromarray(random.squeeze()).save(place, kind)
    return place


def pets(make=lambda: None) -> None:
    """A sound folder of images, then something more."""
    for name in ("cat/a.png", "dog/a.png", "dog/b.png"):
        paint(name)
    make()


def change(path: Path, edit) -> None:
    path.write_bytes(edit(bytearray(path.read_bytes())))


def flipped(at: int):
    def edit(content: bytearray) -> bytearray:
        content[at] ^= 1
        return content

    return edit


def large(content: bytearray) -> bytearray:
    """A PNG whose header promises 40,000 x 40,000 pixels, with the right checksum."""
    import zlib

    content[16:24] = struct.pack(">2I", 40_000, 40_000)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    return content
