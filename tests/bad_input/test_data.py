"""Data that are wrong, trap by trap, as `dlab train` tells of them; all end with exit code 3 and name the file."""

import gzip
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.bad_input.making import (
    X,
    Y,
    change,
    claim,
    encrypted,
    flipped,
    four,
    idx_of,
    large,
    npy,
    npz,
    paint,
    pets,
    table,
)

BIG = 10**12


SOUND_GZ = gzip.compress(idx_of(X), mtime=0)

# kind of set, what is wrong: how it is made, what is said
ROWS = {
    ("idx", "bad magic"): (
        lambda: four(images=b"\1\2\3\4" + idx_of(X)[4:]),
        "train-images-idx3-ubyte: not an IDX file",
    ),
    ("idx", "fewer than it says"): (lambda: four(images=idx_of(X)[:-1]), "its header promises 8x3x2 values (64 bytes)"),
    ("idx", "trailing bytes"): (lambda: four(images=idx_of(X) + b"x"), "promises 8x3x2 values (64 bytes), it has more"),
    ("idx", "10^12 items"): (
        lambda: four(images=struct.pack(">BBBB3I", 0, 0, 8, 3, 10**4, 10**4, 10**4)),
        "promises 10000x10000x10000 values",
    ),
    ("idx", "10^12 labels"): (lambda: four(labels=struct.pack(">BBBBI", 0, 0, 8, 1, 4 * 10**9)), "train-labels"),
    ("idx", "cut .gz"): (lambda: four(images=SOUND_GZ[:-9]), "train-images-idx3-ubyte.gz: damaged or unreadable"),
    ("idx", "flipped bit in .gz"): (lambda: four(images=bytes(flipped(-5)(bytearray(SOUND_GZ)))), "Fetch it again"),
    ("idx", "junk behind .gz"): (lambda: four(images=SOUND_GZ + b"junk"), "something behind the compressed data"),
    ("idx", "a web page"): (lambda: four(images=b"<!DOCTYPE html><html>404</html>"), "not an IDX file (a web page?)"),
    ("idx", "0 bytes"): (lambda: four(images=b""), "train-images-idx3-ubyte.gz: not an IDX file"),
    ("idx", "a bomb"): (lambda: four(images=gzip.compress(idx_of(X) + bytes(200_000_000), 1)), "it has more"),
    ("idx", "fewer labels than images"): (lambda: four(labels=idx_of(Y[:7].astype(np.uint8))), "has 8 images, own/tr"),
    ("idx", "train and test mixed up"): (
        lambda: four(images=idx_of(X[:4])),
        "has 4 images, own/train-labels-idx1-ubyte.gz has",
    ),
    ("idx", "float labels"): (lambda: four(labels=idx_of(Y.astype(">f4"), 13)), "wanted labels [N] of whole numbers"),
    ("idx", "NaN pixel"): (lambda: four(images=idx_of(np.full((8, 3, 2), np.nan, ">f4"), 13)), "row 0 holds a number"),
    ("npz", "label -1"): (lambda: npz(x=X, y=Y - 1), "own.npz: label -1 in row 0. Allowed: 0 to"),
    ("npz", "label 10^12"): (lambda: npz(x=X, y=Y + BIG), "own.npz: label 1000000000002 is too large"),
    ("npz", "NaN label"): (
        lambda: npz(x=X, y=np.where(Y[:, None] == 1, np.nan, np.eye(3)[Y])),
        "own.npz: row 1 holds a number that is not",
    ),
    ("npz", "object array"): (lambda: npz(x=X, y=np.array([None] * 8)), "own.npz: y holds Python objects"),
    ("npz", "cut"): (
        lambda: (npz(x=X, y=Y), change(Path("own.npz"), lambda c: c[:200])),
        "own.npz: not a sound .npz file",
    ),
    ("npz", "encrypted"): (encrypted, "own.npz: not a sound .npz file"),
    ("npz", "flipped bit"): (
        lambda: (npz(x=X, y=Y), change(Path("own.npz"), lambda c: flipped(c.index(X.tobytes()))(c))),
        "own.npz: not a sound .npz file (Bad CRC-32",
    ),
    ("npz", "odd compression"): (
        lambda: (
            npz(x=X, y=Y),
            change(
                Path("own.npz"),
                lambda c: c.replace(b"PK\x01\x02\x14\x03\x14\0\0\0\0\0", b"PK\x01\x02\x14\x03\x14\0\0\0\x63\0").replace(
                    b"PK\x01\x02\x2d\x03\x2d\0\0\0\0\0", b"PK\x01\x02\x2d\x03\x2d\0\0\0\x63\0"
                ),
            ),
        ),
        "own.npz: not a sound .npz file",
    ),
    ("npz", "missing key"): (lambda: npz(x=X), "own.npz: has x. Wanted: x_train and y_train"),
    ("npz", "other keys"): (lambda: npz(a=X, b=Y), "own.npz: has a, b. Wanted: x_train and y_train"),
    ("npz", "a lone .npy"): (lambda: Path("own.npz").write_bytes(npy(X)), "own.npz: not a sound .npz file"),
    ("npz", "a bomb of samples"): (
        lambda: claim(f"({BIG}, 3, 2)"),
        f"own.npz: x promises {6 * BIG + 128:,} bytes, it has",
    ),
    ("npz", "a bomb of labels"): (lambda: claim(f"({BIG},)", "y"), f"own.npz: y promises {BIG + 128:,} bytes, it has"),
    ("npz", "complex"): (lambda: npz(x=X + 1j, y=Y), "own.npz: x is complex128 with 3 axes. Wanted: numbers"),
    ("npz", "structured"): (lambda: npz(x=np.zeros((8, 2), [("a", "u1")]), y=Y), "Wanted: numbers [N, F]"),
    ("npz", "words"): (lambda: npz(x=np.array([["a"]] * 8), y=Y), "own.npz: x is <U1 with 2 axes"),
    ("npz", "0 rows"): (lambda: npz(x=X[:0], y=Y[:0]), "own.npz: 0 samples in x, 0 in y"),
    ("npz", "fewer labels"): (lambda: npz(x=X, y=Y[:7]), "own.npz: 8 samples in x, 7 in y"),
    ("csv", "ragged row"): (lambda: table("a,b,label\n1,2,x\n1,2\n"), "own.csv: line 3 has 2 cells, the header 3"),
    ("csv", "open quote"): (lambda: table('a,label\n1,x\n"2,y\n'), "own.csv: line 3 cannot be read as cells"),
    ("csv", "NUL"): (lambda: table("a,label\n1,x\n2,y\0\n"), "own.csv: line 3 has characters that cannot be printed"),
    ("csv", "semicolons"): (lambda: table("a;label\n1;x\n"), 'comma, not ";", between'),
    ("csv", "tabs"): (lambda: table("a\tlabel\n1\tx\n"), "own.csv: line 1 has characters that cannot be printed"),
    ("csv", "no header"): (lambda: table("1,x\n2,y\n"), 'own.csv: no column "label". There are: 1, x'),
    ("csv", "latin-1"): (
        lambda: table("a,label\n1,caf\xe9\n".encode("latin-1")),
        "own.csv: line 2 cannot be read: it is not",
    ),
    ("csv", "a cell of 200 KiB"): (
        lambda: table(f"a,label\n1,x\n{'9' * 200_000},y\n"),
        "own.csv: line 3 cannot be read as",
    ),
    ("csv", "no label"): (lambda: table("a,label\n1,x\n2,\n"), 'own.csv: line 3, column "label": there is no label'),
    **{
        ("csv", f"cell {cell!r}"): (
            lambda cell=cell: table(f'a,b,label\n1,2,x\n3,"{cell}",y\n'),
            f'own.csv: line 3, column "b": "{cell}" is not a number',
        )
        for cell in (" 1 ", "1_000", "１", "infinity", "nan", "1,5", "0x10", "", "1e", "--1", "٣", "1e5 ", "True")
    },
    ("csv", "1e39"): (lambda: table("a,label\n1,x\n1e39,y\n"), 'own.csv: line 3, column "a": 1e39 is too large'),
    ("images", "empty class"): (lambda: pets(lambda: Path("own/emu").mkdir()), "own/emu: no images (.bmp, .gif"),
    ("images", "one class"): (
        lambda: paint("cat/a.png"),
        "own: wanted a subfolder for each of two or more classes, found 1",
    ),
    ("images", "text called .png"): (
        lambda: pets(lambda: Path("own/dog/c.png").write_text("hello")),
        "own/dog/c.png: not a so",
    ),
    ("images", "a broken link"): (
        lambda: pets(lambda: os.symlink("no.png", "own/dog/c.png")),
        "own/dog/c.png: is not a file",
    ),
    ("images", "a pipe"): (lambda: pets(lambda: os.mkfifo("own/dog/c.png")), "own/dog/c.png: is not a file"),
    ("images", "last bytes cut"): (
        lambda: pets(lambda: change(Path("own/dog/a.png"), lambda c: c[:-4])),
        "own/dog/a.png: not",
    ),
    ("images", "last chunk cut"): (
        lambda: pets(lambda: change(Path("own/dog/a.png"), lambda c: c[:-12])),
        "own/dog/a.png: not",
    ),
    ("images", "half is cut"): (
        lambda: pets(lambda: change(Path("own/dog/a.png"), lambda c: c[:60])),
        "own/dog/a.png: not a so",
    ),
    ("images", "flipped bit"): (
        lambda: pets(lambda: change(Path("own/cat/a.png"), flipped(50))),
        "own/cat/a.png: not a sound",
    ),
    ("images", "cut JPEG"): (
        lambda: pets(lambda: change(paint("dog/c.jpg", kind="JPEG"), lambda c: c[:-40])),
        "own/dog/c.jpg",
    ),
    ("images", "10^9 pixels"): (lambda: pets(lambda: change(Path("own/dog/a.png"), large)), "own/dog/a.png: "),
    ("images", "other size"): (
        lambda: pets(lambda: paint("dog/z.png", (5, 4))),
        "own/dog/z.png: is (1, 4, 5), images before",
    ),
    ("images", "other mode"): (
        lambda: pets(lambda: paint("dog/z.png", mode="RGB")),
        "own/dog/z.png: is (3, 4, 4), images be",
    ),
    ("images", "16 bits"): (
        lambda: pets(lambda: Image.new("I;16", (4, 4), 999).save("own/dog/z.png")),
        "more than 8 bits",
    ),
    ("images", "a file, not a folder"): (
        lambda: Path("own").write_text(""),
        "own: wanted a folder of images, found a file",
    ),
    **{
        (kind, "a pipe as the set"): (lambda name=name: os.mkfifo(name), f"{name} is neither a file nor a folder")
        for kind, name in (("csv", "own.csv"), ("npz", "own.npz"), ("idx", "own"), ("images", "own"))
    },
    **{
        (kind, "an endless device"): (lambda name=name: os.symlink("/dev/zero", name), f"{name} is neither a file nor")
        for kind, name in (("csv", "own.csv"), ("npz", "own.npz"))
    },
    **{
        (kind, "missing"): (lambda: None, f"data.path: there is no {name}")
        for kind, name in (("csv", "own.csv"), ("npz", "own.npz"), ("idx", "own"), ("images", "own"))
    },
    ("csv", "a folder"): (lambda: Path("own.csv").mkdir(), "own.csv: cannot be read as a table (Is a directory)"),
    ("npz", "a folder"): (lambda: Path("own.npz").mkdir(), "own.npz: not a sound .npz file"),
    ("idx", "a file"): (lambda: Path("own").write_text(""), "own: train-images-idx3-ubyte"),
}


SPEC = "data: {{name: {kind}, path: own{end}, normalize: none}}\nmodel: {{preset: mlp, hidden: [2]}}\n"
ENDS = {"npz": ".npz", "csv": ".csv", "idx": "", "images": ""}


@pytest.mark.parametrize(("case", "row"), ROWS.items(), ids=map(" ".join, ROWS))
def test_refused_with_its_place(refused, case, row):
    make, wanted = row
    make()
    Path("d.yaml").write_text(SPEC.format(kind=case[0], end=ENDS[case[0]]))
    assert wanted in refused(3, "train", "d.yaml", "--device", "reference")


def test_every_bad_image_is_named(refused):
    pets(lambda: [paint(f"cat/{n}.png") for n in range(20)])
    for n in range(15):
        change(Path(f"own/cat/{n}.png"), lambda content: content[:-3])
    Path("d.yaml").write_text(SPEC.format(kind="images", end=""))
    told = refused(3, "train", "d.yaml", "--device", "reference")
    assert told.count("not a sound image") == 10
    assert told.endswith("and 5 more\n")


def test_arrays_larger_than_memory_are_refused(refused, monkeypatch):
    monkeypatch.setattr("dlab.machine.free_memory", lambda: 40)
    for kind, make, wanted in (
        ("npz", lambda: npz(x=X, y=Y), "y promises 64 bytes, more than the 40 that are free"),
        ("csv", lambda: table("a,label\n1,x\n2,y\n"), "16 bytes are too many for a table in 40 of memory"),
        ("idx", four, "more than dlab unpacks in memory"),
    ):
        make()
        Path("d.yaml").write_text(SPEC.format(kind=kind, end=ENDS[kind]))
        options = [] if kind == "csv" else ["-s", "data.stream=never"]
        assert wanted in refused(3, "train", "d.yaml", "--device", "reference", *options)
