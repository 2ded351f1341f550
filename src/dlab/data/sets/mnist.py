"""MNIST and Fashion-MNIST, from their four original files."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from dlab.data import files, idx
from dlab.data.dataset import Data, DataSet, classified, finite
from dlab.data.files import Collection
from dlab.data.samples import Samples
from dlab.data.stream import Mapped, Stream
from dlab.errors import DataError
from dlab.layout import Shape
from dlab.registry import DATASETS

MNIST = Collection(
    "mnist",
    (
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    ),
    (9_912_422, 28_881, 1_648_877, 4_542),
    ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"),
)
FASHION = Collection(
    "fashion-mnist",
    (
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    ),
    (26_421_880, 29_515, 4_422_102, 5_148),
    (
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    ),
)
DIGITS = tuple("0123456789")
CLOTHES = ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")


@dataclass(frozen=True, kw_only=True)
class FourFiles(DataSet):
    """60,000 training and 10,000 test images of 28 x 28 grey pixels, ten classes; shapes: (1, 28, 28)."""

    collection: ClassVar[Collection]
    classes: ClassVar[tuple[str, ...]]

    def peek(self) -> tuple[Shape, int]:
        folder = files.locate(self.collection, self.path)
        return (1, *idx.peek(folder / files.PARTS[0])[1:]), len(self.classes)

    def where(self) -> str | None:
        try:
            return str(files.locate(self.collection, self.path))
        except DataError:
            return None

    def counts(self) -> tuple[int, int]:
        folder = files.locate(self.collection, self.path)
        train, test = (idx.peek(folder / files.PARTS[part])[0] for part in (0, 2))
        return train, test

    def load(self, seed: int = 0) -> Data:
        folder = files.locate(self.collection, self.path)
        files.verify(self.collection, folder)
        return self.finish(*read_pairs(folder, len(self.classes)), self.classes, seed)


COLLECTIONS = {collection.name: collection for collection in (MNIST, FASHION)}


@DATASETS.register("mnist")
@dataclass(frozen=True, kw_only=True)
class Mnist(FourFiles):
    """Handwritten digits; source: LeCun, Cortes, Burges; L3, L4."""

    collection, classes = MNIST, DIGITS


@DATASETS.register("fashion-mnist")
@dataclass(frozen=True, kw_only=True)
class FashionMnist(FourFiles):
    """Clothes, as a harder set of the same form; source: Zalando Research."""

    collection, classes = FASHION, CLOTHES


def read_pairs(
    folder: Path, classes: int, parts: tuple[str, ...] = files.PARTS, large: Callable[[int], bool] = lambda size: False
) -> tuple[Samples, Samples]:
    """Training and test split of four IDX files; images that are `large` stay on disk."""
    train, test = (read_pair(folder / parts[i], folder / parts[i + 1], classes, large) for i in (0, 2))
    return train, test


def read_pair(images: Path, labels: Path, classes: int, large: Callable[[int], bool]) -> Samples:
    """Images with their labels; DataError if they do not belong together."""
    x, t = idx.lay(images, large), read_labels(labels)
    if x.ndim != 3 or x.size == 0:
        raise DataError(f"{images}: wanted images [N, H, W], found {x.shape}")
    if len(x) != len(t):
        raise DataError(f"{images} has {len(x):,} images, {labels} has {len(t):,} labels")
    return classified(numbers(x[:, None], images, x.dtype == np.uint8), t, classes, str(labels))


def numbers(x: np.ndarray, path: Path, as_bytes: bool) -> Any:
    """Samples as bytes or as finite float32: in memory, or a stream of what is mapped."""
    dtype = np.uint8 if as_bytes else np.float32
    lazy = Stream(Mapped(x, dtype)) if isinstance(x, np.memmap) else x
    return lazy if as_bytes else finite(lazy, str(path))


def read_labels(path: Path) -> np.ndarray:
    """The whole numbers of a label file."""
    labels = idx.read(path)
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise DataError(f"{path}: wanted labels [N] of whole numbers, found {labels.dtype} with {labels.ndim} axes")
    return labels.astype(np.int64)
