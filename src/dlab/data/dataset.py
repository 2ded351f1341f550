"""What a data set is, once loaded, and the options that all of them share."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt, Le, Lt

from dlab.data.samples import Samples
from dlab.data.stream import OneHot, Stream, pieces
from dlab.errors import DataError
from dlab.layout import Shape

Count = Annotated[int, Ge(1)]
Fraction = Annotated[float, Gt(0), Lt(1)]
Side = Annotated[int, Ge(1), Le(4096)]
MAX_CLASSES = 10_000
TEST, VALIDATION = 6, 7  # the purposes "held-out split" of a random stream


@dataclass(frozen=True)
class Data:
    """Everything a trainer needs: both splits, and the network's input as x * scale + shift."""

    name: str
    train: Samples
    test: Samples | None
    shape: Shape
    classes: tuple[str, ...] | None
    outputs: int
    scale: float
    shift: float
    sha256: str
    validation: Samples | None = None


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """Options of every data set.

    normalize: none = raw numbers; unit = into [0, 1]; standard = mean 0, variance 1 of the training split (L1, L4)
    size: images are enlarged to size x size; holdout: the share kept for testing where a set brings no test split
    validation: the share of the training split kept for choosing when to stop, and the best weights and variant
    """

    type_name: ClassVar[str]

    path: str | None = None
    train_limit: Count | None = None
    test_limit: Count | None = None
    normalize: Literal["none", "unit", "standard"] = "unit"
    size: Side | None = None
    holdout: Fraction | None = None
    validation: Fraction | None = None

    def peek(self) -> tuple[Shape, int]:
        """(shape of a sample, number of outputs), reading as little as possible."""
        data = self.load()
        return data.shape, data.outputs

    @property
    def seeded(self) -> bool:
        """Whether the seed decides what the data are."""
        return self.holdout is not None or self.validation is not None

    def where(self) -> str | None:
        """Where the set is, None if it is not here."""
        return "built in"

    def counts(self) -> tuple[int, int]:
        """How many samples are for training and for testing, reading as little as possible."""
        data = self.load()
        return len(data.train.x), len(data.test.x) if data.test else 0

    def load(self, seed: int = 0) -> Data:
        """The data, checked, limited and normalised; DataError where something is wrong."""
        raise NotImplementedError

    def finish(self, train: Samples, test: Samples | None, classes: tuple[str, ...] | None, seed: int = 0) -> Data:
        """Split, limit and normalise what a set has read."""
        self._check(train, test)
        if test is None and self.holdout is not None:
            train, test = hold_out(train, self.holdout, seed)
        train, chosen = train.first(self.train_limit), None
        test = test.first(self.test_limit) if test else None
        if self.validation is not None:
            train, chosen = hold_out(train, self.validation, seed, VALIDATION)
        (train, test, chosen), scale, shift = self._normalised(train, test, chosen)
        digest = fingerprint(train, test, chosen)
        shape, outputs = train.x.shape[1:], train.targets.shape[1]
        return Data(self.type_name, train, test, shape, classes, outputs, scale, shift, digest, chosen)

    def _check(self, train: Samples, test: Samples | None) -> None:
        where = self.path or self.type_name
        if train.x.size == 0 or (test and test.x.size == 0):
            raise DataError(f"{where}: a split without samples, or samples without numbers")
        for of in ("x", "targets") if test else ():
            shapes = [getattr(split, of).shape[1:] for split in (train, test)]
            if shapes[0] != shapes[1]:
                raise DataError(f"{where}: {of} of training samples is {shapes[0]}, of test samples {shapes[1]}")

    def _normalised(self, *splits: Samples | None) -> tuple[list[Any], Any, Any]:
        """The splits, scale and shift; bytes are scaled when a batch is gathered, floats here."""
        train = splits[0]
        assert train is not None
        if train.x.dtype == np.uint8:
            return list(splits), *self._byte_scaling(train.x)
        scale, shift = self._float_scaling(train.x)
        return [split and replace(split, x=_scaled(split.x, scale, shift)) for split in splits], 1.0, 0.0

    def _byte_scaling(self, x: Any) -> tuple[float, float]:
        if self.normalize == "standard":
            counts = sum(np.bincount(piece.reshape(-1), minlength=256) for piece in pieces(x))
            mean, square = (float((counts * np.arange(256.0) ** power).sum() / x.size) for power in (1, 2))
            return _standard(mean, float(np.sqrt(max(0.0, square - mean**2))), np.count_nonzero(counts) == 1)
        return (1 / 255, 0.0) if self.normalize == "unit" else (1.0, 0.0)

    def _float_scaling(self, x: Any) -> tuple[Any, Any]:
        axes = 0 if x.ndim == 2 else None  # by feature for vectors, over all pixels for images
        if self.normalize == "none":
            return 1.0, 0.0
        low, high = (np.asarray(end, np.float64) for end in _ends(x, axes))
        if self.normalize == "standard":
            return tuple(np.vectorize(_standard)(*_moments(x, axes), low == high))
        width = np.where(high > low, high - low, 1.0)
        return 1 / width, -low / width


def _scaled(x: Any, scale: Any, shift: Any) -> Any:
    return x.scaled(scale, shift) if isinstance(x, Stream) else np.ascontiguousarray(x * scale + shift, np.float32)


def _ends(x: Any, axes: int | None) -> tuple[np.ndarray, np.ndarray]:
    """The smallest and the largest numbers."""
    ends = [(piece.min(axis=axes), piece.max(axis=axes)) for piece in pieces(x)]
    return np.min([low for low, _ in ends], axis=0), np.max([high for _, high in ends], axis=0)


def _moments(x: Any, axes: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation in float64, the sums taken piece by piece in order."""
    count = len(x) if axes == 0 else x.size
    mean = sum(piece.sum(axis=axes, dtype=np.float64) for piece in pieces(x)) / count
    squares = sum(np.square(piece - mean).sum(axis=axes) for piece in pieces(x))
    return mean, np.sqrt(squares / count)


def _standard(mean: float, deviation: float, constant: bool) -> tuple[float, float]:
    """Scale and shift to mean 0 and variance 1; a constant column becomes 0."""
    width = 1.0 if constant else deviation
    return 1 / width, -mean / width


def classified(x: Any, labels: np.ndarray, classes: int, source: str) -> Samples:
    """Samples with one-hot targets; DataError names the first label out of range."""
    if classes > MAX_CLASSES:
        raise DataError(f"{source}: label {labels.max()} is too large. Allowed: 0 to {MAX_CLASSES - 1}")
    wrong = np.flatnonzero((labels < 0) | (labels >= classes))
    if wrong.size:
        row = int(wrong[0])
        raise DataError(f"{source}: label {labels[row]} in row {row}. Allowed: 0 to {classes - 1}")
    labels = labels.astype(np.int32)
    x = x if isinstance(x, Stream) else np.ascontiguousarray(x)
    return Samples(x, labels, OneHot(labels, classes))


def hold_out(samples: Samples, share: float, seed: int, purpose: int = TEST) -> tuple[Samples, Samples]:
    """Keep a share for testing, the same share of every class, chosen by the seed."""
    random = np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, purpose))))
    groups = samples.labels if samples.labels is not None else np.zeros(len(samples.x), int)
    chosen = np.zeros(len(samples.x), bool)
    for group in np.unique(groups):
        members = random.permutation(np.flatnonzero(groups == group))
        chosen[members[: max(1, round(share * len(members)))]] = True
    if chosen.all():
        key = "holdout" if purpose == TEST else "validation"
        raise DataError(f"data.{key}: {share} leaves no sample to train with")
    return samples.take(np.flatnonzero(~chosen)), samples.take(np.flatnonzero(chosen))


def fingerprint(*splits: Samples | None) -> str:
    """SHA-256 over the samples in use, so that a resumed run knows its data again, in memory or not."""
    digest = sha256()
    for split in splits:
        for array in (split.x, split.targets) if split else ():
            digest.update(str((array.dtype, array.shape)).encode())
            for content in _contents(array):
                digest.update(content)
    return digest.hexdigest()


def _contents(array: Any) -> Iterator[Any]:
    """What identifies the samples: their bytes, or what their source says."""
    own = array.contents() if isinstance(array, Stream) else None
    return (np.ascontiguousarray(piece).data for piece in pieces(array)) if own is None else own


def finite(x: Any, source: str) -> Any:
    """x as float32; DataError names the first row with a number that is not finite."""
    x, start = x if isinstance(x, Stream) else np.ascontiguousarray(x, np.float32), 0
    for piece in pieces(x):
        wrong = np.flatnonzero(~np.isfinite(piece).reshape(len(piece), -1).all(axis=1))
        if wrong.size:
            raise DataError(f"{source}: row {start + int(wrong[0])} holds a number that is not finite")
        start += len(piece)
    return x
