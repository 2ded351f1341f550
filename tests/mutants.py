"""Damaged specs and files, each made from a seed alone, for the tests and for `torture/`."""

import io
import random
from collections.abc import Callable

import numpy as np
from PIL import Image

from dlab.data import files, idx

PIECES = (
    *("!!int ", "!!timestamp ", "!!float ", "!!binary ", "!foo ", "&a ", "*a", "<<: ", "? ", "- ", ": ", "\t", "\r"),
    *(
        "{",
        "}",
        "[",
        "]",
        "|",
        ">",
        "'",
        '"',
        "%",
        "@",
        "`",
        "#",
        "---\n",
        "...\n",
        "\ufeff",
        "\x00",
        "\xe9",
        "\\ud800",
    ),
    *("9" * 5000, "1e999", ".inf", ".nan", "null", "no", "012", "1:30", "2024-99-99", "~", "\n", " ", "\x85", "\u2028"),
    *("model", "layers", "type", "preset", "name", "optimizer", "compare", "variants", "-1", "true", "relu", "=", "<"),
    *("[" * 100, "{a: " * 50, "image", "filters", "rows", "1000000000000", "1e-400", "${HOME}", "../../x", "\\x1b[31m"),
)


def spec(text: str, seed: int) -> bytes:
    """A spec with a few pieces put in, taken out, or doubled."""
    rng = random.Random(seed)
    for _ in range(rng.randint(1, 4)):
        a, b = sorted(rng.choices(range(len(text) + 1), k=2))
        b = min(b, a + 40)
        text = rng.choice((
            text[:a] + rng.choice(PIECES) + text[a:],
            text[:a] + text[b:],
            text[:a] + rng.choice(PIECES) + text[b:],
            text[:b] + text[a:],
        ))  # fmt: skip
    data = text.encode("utf-8")
    return data if rng.random() < 0.9 else data.replace(b"\xc3", b"")


def file(raw: bytes, seed: int) -> bytes:
    """One to three of: flip, overwrite, cut out, cut off, insert, repeat, swap two parts."""
    chance, raw = random.Random(seed), bytearray(raw)
    for _ in range(chance.randint(1, 3)):
        at, byte = chance.randrange(len(raw) or 1), chance.randrange(256)
        kind = chance.randrange(7)
        if kind == 0 and raw:
            raw[at] ^= 1 << byte % 8
        elif kind == 1 and raw:
            raw[at] = byte
        elif kind == 2:
            del raw[at : at + chance.randint(1, 9)]
        elif kind == 3:
            del raw[at:]
        elif kind == 4:
            raw[at:at] = bytes([byte])
        elif kind == 5:
            raw[at:at] = raw[at : at + 20]
        else:
            raw = raw[at:] + raw[:at]
    return bytes(raw)


X = np.random.default_rng(0).integers(0, 256, (5, 3, 2), np.uint8)
LABELS = np.arange(5, dtype=np.uint8) % 3


def _four(folder, packed: bool) -> tuple[str, str]:
    """An IDX set and its training images."""
    home = folder / "four"
    home.mkdir()
    names = [part if packed else part.removesuffix(".gz") for part in files.PARTS]
    for name, array in zip(names, (X, LABELS, X, LABELS), strict=True):
        idx.write(home / name, array)
    return home, home / names[0]


def _npz(folder, save: Callable) -> tuple[str, str]:
    save(folder / "x.npz", x=X, y=LABELS)
    return folder / "x.npz", folder / "x.npz"


def _csv(folder) -> tuple[str, str]:
    rows = [f"{i}.5,{i * i},{'ab'[i % 2]}" for i in range(9)]
    (folder / "x.csv").write_text("\n".join(["one,two,label", *rows, ""]))
    return folder / "x.csv", folder / "x.csv"


def _images(folder, kind: str) -> tuple[str, str]:
    """Four images in two classes, and the one to damage."""
    for number in range(4):
        home = folder / "pets" / "ab"[number % 2]
        home.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (6, 5, 3), np.uint8)
        content = io.BytesIO()
        Image.fromarray(pixels).save(content, kind)
        (home / f"{number}.{kind.lower()}").write_bytes(content.getvalue())
    return folder / "pets", folder / "pets" / "a" / f"0.{kind.lower()}"


# format: how a sound set is made in a folder (its path, the file to damage), the data set, whether there is a checksum
FORMATS: dict[str, tuple[Callable, str, bool]] = {
    "idx": (lambda folder: _four(folder, False), "idx", False),
    "idx.gz": (lambda folder: _four(folder, True), "idx", True),
    "npz": (lambda folder: _npz(folder, np.savez_compressed), "npz", True),
    "stored npz": (lambda folder: _npz(folder, np.savez), "npz", True),
    "csv": (_csv, "csv", False),
    "png": (lambda folder: _images(folder, "PNG"), "images", True),
    "jpeg": (lambda folder: _images(folder, "JPEG"), "images", False),
    "bmp": (lambda folder: _images(folder, "BMP"), "images", False),
}
