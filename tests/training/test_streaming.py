"""Sets that are read from disk train as sets in memory do, bit for bit."""

import os
import signal
import subprocess
import sys
from contextlib import closing

import numpy as np
import pytest
from PIL import Image

from dlab.assemble import build
from dlab.data import decoders, idx
from dlab.data.files import PARTS
from dlab.errors import DataError, EnvironmentFault
from dlab.registry import DATASETS
from dlab.results.records import Evaluation
from dlab.spec import load

RANDOM = np.random.default_rng(0)
IMAGES, LABELS = RANDOM.integers(0, 256, (60, 6, 7), np.uint8), np.arange(60, dtype=np.uint8) % 3
FLOATS = (IMAGES * RANDOM.normal(1, 3, (6, 7))).astype(">f4")
SPEC = """
data: {{name: {kind}, path: {path}, {options}}}
model: {{layers: [flatten, {{type: dense, units: 5}}, relu, {{type: dense, units: 3}}]}}
optimizer: {{name: momentum, lr: 0.01}}
train: {{epochs: 3, batch_size: 16, eval_batch: 32}}
threads: 1
"""


def four(folder, images=IMAGES):
    """A folder of plain IDX files: 40 images to train, 20 to test."""
    folder.mkdir()
    for part, array in zip(PARTS, (images[:40], LABELS[:40], images[40:], LABELS[40:]), strict=True):
        idx.write(folder / part.removesuffix(".gz"), array)
    return folder


def npz(path, x, y=LABELS, save=np.savez):
    save(path, x_train=x[:40], y_train=y[:40], x_test=x[40:], y_test=y[40:])
    return path


def folder_of_images(folder, images=IMAGES):
    """train/ and test/ with three classes; lossless, so that pixels are known."""
    for n, (image, label) in enumerate(zip(images, LABELS, strict=True)):
        place = folder / ("train" if n < 40 else "test") / f"class {label}"
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place / f"{n:02}.png")
    return folder


SETS = {
    "idx": lambda tmp: ("idx", four(tmp / "x")),
    "npz of bytes": lambda tmp: ("npz", npz(tmp / "x.npz", IMAGES)),
    "npz of floats": lambda tmp: ("npz", npz(tmp / "x.npz", FLOATS)),
    "npz of vectors": lambda tmp: ("npz", npz(tmp / "x.npz", FLOATS.reshape(60, -1))),
    "npz of whole numbers": lambda tmp: ("npz", npz(tmp / "x.npz", IMAGES.astype(np.int64))),
    "compressed npz": lambda tmp: ("npz", npz(tmp / "x.npz", FLOATS, save=np.savez_compressed)),
    "images": lambda tmp: ("images", folder_of_images(tmp / "x")),
}
OPTIONS = {
    "plain": (),
    "standard": ("data.normalize=standard",),
    "split": ("data.validation=0.2", "data.train_limit=30", "data.test_limit=11", "data.normalize=standard"),
    "replacement": ("train.sampling=replacement", "train.measure=all", "train.watch=[activations, gradients]"),
    "one batch": ("train.batch_size=all",),
}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def experiment(kind, path, stream, *settings):
    file = path.parent / "spec.yaml"
    file.write_text(SPEC.format(kind=kind, path=path, options=f"stream: {stream}"))
    return build(load(str(file), settings), "cpu", 1)


def trained(made):
    """Evaluations, weights, and the data's hash of a whole run."""
    rows = [record for record in made.trainer.run() if isinstance(record, Evaluation)]
    return rows, made.trainer.parameters.tobytes(), made.data.sha256


@pytest.mark.parametrize("kind", SETS)
@pytest.mark.parametrize("options", OPTIONS)
def test_streamed_is_resident_bit_for_bit(tmp_path, kind, options):
    name, path = SETS[kind](tmp_path)
    made = {stream: experiment(name, path, stream, *OPTIONS[options]) for stream in ("always", "never")}
    splits = {how: [s for s in (e.data.train, e.data.test, e.data.validation) if s] for how, e in made.items()}
    assert all(split.memory == 0 for split in splits["always"])
    assert all(isinstance(split.x, np.ndarray) for split in splits["never"])
    for streamed, resident in zip(splits["always"], splits["never"], strict=True):
        np.testing.assert_array_equal(np.asarray(streamed.x), resident.x)
    assert (made["always"].data.scale, made["always"].data.shift) == (
        made["never"].data.scale,
        made["never"].data.shift,
    )
    assert trained(made["always"]) == trained(made["never"])


@pytest.mark.parametrize("kind", SETS)
def test_a_glance_tells_what_loading_does(tmp_path, kind):
    name, path = SETS[kind](tmp_path)
    entry = DATASETS[name](path=str(path), stream="always")
    data = entry.load()
    assert entry.peek() == (data.shape, data.outputs)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_any_number_of_workers(tmp_path, workers):
    path = folder_of_images(tmp_path / "x")
    resident = trained(experiment("images", path, "never"))
    assert trained(experiment("images", path, "always", f"data.workers={workers}")) == resident


def test_a_batch_may_be_larger_than_what_is_decoded_ahead(tmp_path, monkeypatch):
    monkeypatch.setattr(decoders, "MOST_IN_A_PIECE", (3, 1 << 20))
    monkeypatch.setattr(decoders, "MOST_AHEAD", (1, 1 << 20))
    path, settings = folder_of_images(tmp_path / "x"), ("train.measure=all", "data.validation=0.2")
    resident = trained(experiment("images", path, "never", *settings))
    assert trained(experiment("images", path, "always", "data.workers=1", *settings)) == resident


def test_a_run_goes_on_where_it_was(tmp_path):
    path = folder_of_images(tmp_path / "x")
    whole, first, second = (experiment("images", path, "always").trainer for _ in range(3))
    list(whole.run())
    with closing(first.run()) as records:
        for _ in range(2):
            next(record for record in records if isinstance(record, Evaluation))
        second.restore(first.state())
    assert second.step == 6
    list(second.run())
    assert second.parameters.tobytes() == whole.parameters.tobytes()


def children():
    """Processes this one has started."""
    listed = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())], stdout=subprocess.PIPE, text=True)
    return [int(line.split()[0]) for line in listed.stdout.splitlines() if "dlab.data.decoder" in line]


def test_workers_end_with_the_run_however_it_ends(tmp_path):
    path = folder_of_images(tmp_path / "x")
    made = experiment("images", path, "always", "data.workers=3").trainer
    records = made.run()
    next(records)
    assert len(children()) == 3
    made.stop()
    list(records)
    assert children() == []
    left = experiment("images", path, "always").trainer.run()
    next(left)
    left.close()
    assert children() == []


def test_a_broken_image_stops_the_run_and_is_named(tmp_path):
    path = folder_of_images(tmp_path / "x")
    made = experiment("images", path, "always")
    broken = path / "train" / "class 1" / "13.png"
    broken.write_bytes(broken.read_bytes()[:60])  # the header is sound
    with pytest.raises(DataError, match=r"class 1/13.png: not a sound image"):
        list(made.trainer.run())
    assert children() == []
    Image.fromarray(IMAGES[0, :5]).save(broken)
    with pytest.raises(DataError, match=r"class 1/13.png: is \(1, 5, 7\), images before it are \(1, 6, 7\)"):
        list(made.trainer.run())
    broken.unlink()
    with pytest.raises(DataError, match=r"class 1/13.png"):
        list(made.trainer.run())


def test_a_worker_that_is_killed_is_told(tmp_path):
    made = experiment("images", folder_of_images(tmp_path / "x"), "always", "train.epochs=100", "data.workers=1")
    records = made.trainer.run()
    next(record for record in records if isinstance(record, Evaluation))
    for child in children():
        os.kill(child, signal.SIGKILL)
    with pytest.raises(EnvironmentFault, match="decodes images has died"):
        list(records)


MEMORY = """
import sys
from itertools import islice
from dlab.assemble import build
from dlab.spec import load

def anonymous():
    lines = open("/proc/self/status").read().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))

build(load("mlp", ("data.name=xor", "data.size=null", "loss=mse", "model.hidden=[2]")), "reference", 1)
before = anonymous()
made = build(load(sys.argv[1], (f"data.stream={sys.argv[2]}",)), "reference", 1)
for _ in range(20):
    made.trainer.train_step()
print(anonymous() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks Linux for the memory of a process")
@pytest.mark.parametrize(
    ("kind", "stream", "least", "most"),
    [("idx", "always", 0, 60e6), ("npz", "always", 0, 60e6), ("idx", "never", 200e6, 400e6)],
)
def test_a_mapped_set_takes_no_memory_of_its_size(tmp_path, kind, stream, least, most):
    """200 MB in files with holes: statistics, a split and training take some pieces; in memory it would be seen."""
    path = {"idx": sparse_idx, "npz": sparse_npz}[kind](tmp_path, 200_000_000)
    spec = tmp_path / "spec.yaml"
    options = "normalize: standard, validation: 0.1"
    spec.write_text(SPEC.format(kind=kind, path=path, options=options))
    command = [sys.executable, "-c", MEMORY, str(spec), stream]
    taken = int(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)
    assert least <= taken < most


def sparse_idx(folder, size):
    """A training split of black images in a file that takes no room."""
    count = size // (50 * 50)
    for part, array in zip(PARTS, (IMAGES[:1], LABELS[:1], np.zeros((9, 50, 50), np.uint8), LABELS[:9]), strict=True):
        idx.write(folder / part.removesuffix(".gz"), array)
    with (folder / PARTS[0].removesuffix(".gz")).open("wb") as file:
        file.write(bytes([0, 0, 8, 3]) + np.array([count, 50, 50], ">u4").tobytes())
        file.truncate(16 + count * 2500)
    idx.write(folder / PARTS[1].removesuffix(".gz"), np.arange(count, dtype=np.uint8) % 3)
    return folder


def sparse_npz(folder, size):
    """An archive of floats whose zeros take no room."""
    x = np.lib.format.open_memmap(folder / "x.npy", "w+", ">f4", (size // 10_000, 1, 50, 50))
    x[:2] = 1
    x.flush()
    np.savez(folder / "x.npz", x=x, y=np.arange(len(x)) % 3)
    return folder / "x.npz"
