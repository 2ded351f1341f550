"""Real handwritten digits that ship with scikit-learn: the set that needs no download."""

from dataclasses import dataclass

import numpy as np

from dlab.data.dataset import Data, DataSet, classified, hold_out
from dlab.data.room import afford
from dlab.data.samples import Samples
from dlab.layout import Shape
from dlab.registry import DATASETS

TEST_SHARE, FIXED = 0.2, 0  # the split is the same for every run, as if the set came with one
COUNTS = (1438, 359)


@DATASETS.register("digits")
@dataclass(frozen=True, kw_only=True)
class Digits(DataSet):
    """1,797 digits of 8 x 8 pixels, 1,438 to train and 359 to test; `size` enlarges them; shapes: (1, size, size)."""

    def peek(self) -> tuple[Shape, int]:
        return (1, self.size or 8, self.size or 8), 10

    def counts(self) -> tuple[int, int]:
        return COUNTS

    def load(self, seed: int = 0) -> Data:
        from sklearn.datasets import load_digits

        afford(self, sum(COUNTS))
        bunch = load_digits()
        images = enlarge(bunch.images * (255 / 16), self.size or 8)
        whole = classified(images[:, None], bunch.target, 10, "digits")
        train, test = hold_out(whole, TEST_SHARE, FIXED)
        return self.finish(train, _unless(test, self.holdout), tuple("0123456789"), seed)


def _unless(test: Samples, holdout: float | None) -> Samples | None:
    """The set's own test split, unless the spec wants another."""
    return None if holdout else test


def enlarge(images: np.ndarray, size: int) -> np.ndarray:
    """Images [N, H, W] in 0..255 as bytes of size x size, by linear interpolation."""
    from scipy.ndimage import zoom

    factor = size / images.shape[1]
    wide = images if factor == 1 else zoom(images, (1, factor, factor), order=1, grid_mode=True, mode="nearest")
    return np.clip(np.rint(wide), 0, 255).astype(np.uint8)
