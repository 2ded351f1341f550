"""Arrays that stay on disk: lazy, unpacked once, checked as strictly as those in memory."""

import gzip
import shutil
from threading import Thread

import numpy as np
import pytest

from dlab import machine
from dlab.data import files, idx, stream, unpacked
from dlab.data.stream import Mapped, OneHot, Stream, pieces
from dlab.errors import DataError, EnvironmentFault
from dlab.registry import DATASETS

X = np.random.default_rng(0).integers(0, 256, (40, 3, 2), np.uint8)
Y = np.arange(40, dtype=np.uint8) % 4


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty folder for what is unpacked."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return files.cache_folder() / "unpacked"


def npz(path, save=np.savez, **arrays):
    save(path, **{"x": X, "y": Y, **arrays})
    return path


def load(path, kind="npz", how="always", **options):
    return DATASETS[kind](path=str(path), stream=how, **options).load()


def test_a_stream_is_a_lazy_array():
    data = np.arange(30.0).reshape(10, 3)
    lazy = Stream(Mapped(data, np.float32))[np.array([7, 2, 2, 9])][1:].scaled(np.array([1, 2, 3]), 0.5)
    wanted = data[[2, 2, 9]] * [1, 2, 3] + 0.5
    assert (len(lazy), lazy.shape, lazy.dtype, lazy.nbytes) == (3, (3, 3), np.float32, 36)
    np.testing.assert_array_equal(lazy, wanted.astype(np.float32))
    out = np.zeros((2, 3), np.float32)
    lazy.read(np.array([2, 0]), out)
    np.testing.assert_array_equal(out, wanted[[2, 0]])


@pytest.mark.parametrize("scaling", [None, (0.25, -3.0)])
def test_what_is_bound_are_the_samples_asked_for(scaling):
    data = np.arange(60, dtype=np.uint8).reshape(10, 2, 3) if scaling is None else np.arange(60.0).reshape(10, 2, 3)
    lazy = Stream(Mapped(data, np.uint8 if scaling is None else np.float32), np.arange(10)[::-1], scaling)
    rows = np.zeros(4, np.int64)
    bound, numbers, calls = lazy.bind(rows)
    for chosen in ([0, 3, 3, 9], [1, 2, 4, 5], [1, 2, 4, 5]):
        rows[:] = chosen
        for call in calls:
            call()
        np.testing.assert_array_equal(bound[numbers], np.asarray(lazy)[chosen].reshape(4, 6))
    assert np.shares_memory(bound, data) == (scaling is None)


def test_pieces_make_up_the_whole(monkeypatch):
    monkeypatch.setattr(stream, "PIECE", 12)
    for x in (X, Stream(Mapped(X, np.uint8))):
        assert [len(piece) for piece in pieces(x)] == [2] * 20
        np.testing.assert_array_equal(np.concatenate(list(pieces(x))), X)


@pytest.mark.parametrize("normalize", ["unit", "standard"])
def test_statistics_do_not_depend_on_the_pieces(monkeypatch, tmp_path, normalize):
    x = np.random.default_rng(1).normal(5, [1, 10, 100], (40, 3))
    whole = load(npz(tmp_path / "x.npz", x=x), normalize=normalize)
    monkeypatch.setattr(stream, "PIECE", 50)
    cut = load(tmp_path / "x.npz", normalize=normalize)
    np.testing.assert_allclose(cut.train.x, whole.train.x, rtol=1e-6, atol=1e-7)
    base, width = (x.min(0), np.ptp(x, 0)) if normalize == "unit" else (x.mean(0), x.std(0))
    np.testing.assert_allclose(cut.train.x, (x - base) / width, rtol=1e-5, atol=1e-6)


def test_one_hot():
    labels = np.array([2, 0, 1, 2], np.int32)
    lazy = OneHot(labels, 3)
    np.testing.assert_array_equal(lazy, np.eye(3)[labels])
    np.testing.assert_array_equal(lazy[1:][np.array([2, 0])], np.eye(3)[[2, 0]])
    assert lazy.nbytes == np.asarray(lazy).nbytes


@pytest.mark.parametrize(("free", "streamed"), [(4 * X.nbytes, False), (4 * X.nbytes - 1, True)])
def test_auto_compares_with_the_free_memory(tmp_path, monkeypatch, free, streamed):
    monkeypatch.setattr(machine, "free_memory", lambda: free)
    assert isinstance(load(npz(tmp_path / "x.npz"), how="auto").train.x, Stream) == streamed
    assert not isinstance(load(tmp_path / "x.npz", how="auto", train_limit=20).train.x, Stream)


@pytest.mark.parametrize("kind", [">i2", "<i8", ">f4", "<f8", "i1"])
@pytest.mark.parametrize("align", [0, 1, 2, 3])
def test_any_numbers_at_any_place_of_the_file(tmp_path, kind, align):
    values = (X.astype(float) / 2).astype(kind)
    path = npz(tmp_path / "x.npz", **{"a" * (align + 1): X[:1]}, x=values)
    np.testing.assert_array_equal(load(path, normalize="none").train.x[:], values[:, None].astype(np.float32))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_columns_are_refused_or_read(tmp_path, save):
    path = npz(tmp_path / "x.npz", save, x=np.asfortranarray(X))
    with pytest.raises(DataError, match=r"x.npz: x is stored column by column.*np.ascontiguousarray\(x\)"):
        load(path)
    np.testing.assert_array_equal(load(path, how="never").train.x[:, 0], X)


@pytest.mark.parametrize("row", [0, 39])
def test_a_number_that_is_not_finite_is_found_in_its_piece(tmp_path, monkeypatch, row):
    monkeypatch.setattr(stream, "PIECE", 100)
    x = X.astype(np.float32)
    x[row, 1, 1] = np.nan
    with pytest.raises(DataError, match=rf"x.npz: row {row} holds a number that is not finite"):
        load(npz(tmp_path / "x.npz", x=x))


def test_a_flipped_bit_in_a_mapped_array_is_found(tmp_path):
    path = npz(tmp_path / "x.npz")
    raw = bytearray(path.read_bytes())
    raw[raw.index(X.tobytes()[:20]) + 100] ^= 1
    path.write_bytes(raw)
    with pytest.raises(DataError, match=r"x\.npz"):
        load(path)


def plain(folder, images=X, labels=Y):
    folder.mkdir(exist_ok=True)
    for part, array in zip(files.PARTS, (images, labels, images, labels), strict=True):
        idx.write(folder / part.removesuffix(".gz"), array)
    return folder


@pytest.mark.parametrize("change", [lambda raw: raw[:-1], lambda raw: raw + b"x", lambda raw: raw[:9], lambda raw: b""])
def test_a_mapped_file_is_as_long_as_it_says(tmp_path, change):
    first = plain(tmp_path / "four") / "train-images-idx3-ubyte"
    first.write_bytes(change(first.read_bytes()))
    with pytest.raises(DataError, match=str(first)):
        load(tmp_path / "four", "idx")


def test_labels_of_mapped_images_are_checked(tmp_path):
    with pytest.raises(DataError, match=r"40 images.*39 labels"):
        load(plain(tmp_path / "four", labels=Y[:39]), "idx")


def test_compressed_files_are_unpacked_once(four, arrays, cache):
    first = load(four, "idx")
    np.testing.assert_array_equal(first.train.x, arrays[0][:, None])
    made = {path: path.stat().st_mtime_ns for path in cache.glob("*-*")}
    assert len(made) == 2
    assert load(four, "idx").sha256 == first.sha256 == load(four, "idx", how="never").sha256
    assert {path: path.stat().st_mtime_ns for path in cache.glob("*-*")} == made
    other = 255 - arrays[0]
    idx.write(four / files.PARTS[0], other)
    np.testing.assert_array_equal(load(four, "idx").train.x, other[:, None])
    assert len(list(cache.glob("*-*"))) == 2


def test_what_was_left_half_unpacked_is_made_anew(tmp_path, cache):
    path = npz(tmp_path / "x.npz", np.savez_compressed)
    good = load(path).sha256
    (whole,) = cache.glob("*-*")
    whole.rename(whole.with_name(whole.name + ".part"))
    assert load(path).sha256 == good
    whole.write_bytes(b"short")
    assert load(path).sha256 == good
    assert [file.name for file in cache.glob("*-*")] == [whole.name]


def test_many_at_once_unpack_one_file(tmp_path, cache):
    path, found = npz(tmp_path / "x.npz", np.savez_compressed), []
    threads = [Thread(target=lambda: found.append(load(path).sha256)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [load(path, how="never").sha256] * 6
    assert len(list(cache.glob("*-*"))) == 1


DAMAGE = {
    "cut": lambda raw: raw[:-9],
    "checksum": lambda raw: raw[:-8] + bytes([raw[-8] ^ 1]) + raw[-7:],
    "behind": lambda raw: raw + b"x",
    "second member": lambda raw: raw + raw,
    "too few": lambda raw: gzip.compress(gzip.decompress(raw)[:-1]),
    "too many": lambda raw: gzip.compress(gzip.decompress(raw) + b"x"),
    "a bomb": lambda raw: gzip.compress(gzip.decompress(raw) + bytes(10_000_000)),
    "a lie": lambda raw: gzip.compress(bytes([0, 0, 8, 3, *[255] * 12])),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_found_when_unpacking(four, cache, damage):
    file = four / files.PARTS[0]
    file.write_bytes(DAMAGE[damage](file.read_bytes()))
    with pytest.raises(DataError, match=str(file)):
        load(four, "idx")
    assert list(cache.glob("*-*")) == []


def test_no_room_to_unpack(four, cache, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(100, 99, 1))
    with pytest.raises(EnvironmentFault, match="no room to unpack"):
        load(four, "idx")
    monkeypatch.undo()
    monkeypatch.setattr(unpacked, "cache_folder", lambda: four / files.PARTS[1])
    with pytest.raises(EnvironmentFault, match="cannot be unpacked here"):
        load(four, "idx")
