"""Pooling: a window is replaced by one number, and how errors find their way back."""

from dataclasses import dataclass

import numpy as np

from dlab.errors import OptionError
from dlab.layout import window_count
from dlab.nn.layer import Count
from dlab.registry import DEMONSTRATIONS
from dlab.results.findings import Cell, Findings
from dlab.studies.filters.demonstration import Demonstration, OneImage, pixels, size
from dlab.studies.filters.demonstrations.im2col import FIRST
from dlab.studies.filters.engine import Engine
from dlab.studies.filters.images.patterns import Matrix

MOST = 12


@DEMONSTRATIONS.register("pooling")
@dataclass(frozen=True, kw_only=True)
class Pooling(Demonstration):
    """Maximum, mean, root of the sum of squares, and both over the whole image; errors 1, 2, 3, ... sent back.

    source: L0, L1, L3, L4; erratum E15: y[i,j] reads x[m i + p, m j + q], size floor((s - M) / m) + 1 (T16, T17)
    """

    image: OneImage = Matrix(rows=FIRST)
    window: Count = 2
    stride: Count | None = None

    def outline(self) -> list[str]:
        image, stride = self._parts()
        sizes = [window_count(axis, self.window, stride, 0) for axis in image.shape[1:]]
        return [f"windows of {self.window}x{self.window}, stride {stride}: {size(image)} -> {size(sizes)}"]

    def run(self, engine: Engine) -> Findings:
        image, stride = self._parts()
        x, sizes = image[None], ((self.window, self.window), (stride, stride))
        _, height, width = image.shape
        whole = (height, width)
        largest, code = engine.maximum(x, *sizes)
        found = {
            "max": largest,
            "average": engine.average(x, *sizes),
            "L2": engine.l2(x, *sizes),
            "global max": engine.maximum(x, whole)[0],
            "global average": engine.average(x, whole),
        }
        dy = np.arange(1.0, largest.size + 1).reshape(largest.shape)
        back = {
            "errors": dy,
            "max errors": engine.max_errors(dy, code, x.shape, sizes),
            "average errors": engine.average_errors(dy, x.shape, sizes),
        }
        arrays = {name: array[0, 0] for name, array in {"input": x, **found, **back}.items()}
        return Findings(_rows({name: arrays[name] for name in found}), arrays)

    def _parts(self) -> tuple[np.ndarray, int]:
        image, stride = pixels(self.image), self.stride or self.window
        if len(image) > 1 or max(image.shape) > MOST:
            raise OptionError(f"has to be one channel of at most {MOST}x{MOST}", "image")
        if self.window > min(image.shape[1:]):
            raise OptionError(f"a window of {self.window} does not fit the {size(image)} image", "window")
        return image, stride


def _rows(found: dict[str, np.ndarray]) -> list[dict[str, Cell]]:
    return [
        {"pooling": name, "i": int(i), "j": int(j), "value": float(y[i, j])}
        for name, y in found.items()
        for i, j in np.ndindex(y.shape)
    ]
