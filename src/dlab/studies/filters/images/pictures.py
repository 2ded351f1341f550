"""Photographs and digits that come with scikit-learn, and the user's own image; values from 0 to 1."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le

from dlab.data.pictures import decode
from dlab.data.sets.digits import enlarge
from dlab.errors import DataError, OptionError
from dlab.registry import IMAGES
from dlab.studies.filters.images.image import Image
from dlab.studies.filters.plane import Side


@dataclass(frozen=True, kw_only=True)
class Photograph(Image):
    """A picture; `grey` takes the mean of its colours."""

    grey: bool = True

    def pixels(self) -> np.ndarray:
        return self.toned(self.colours() / 255)

    def colours(self) -> np.ndarray:
        """0 to 255, [C, H, W]."""
        from sklearn.datasets import load_sample_image

        return np.moveaxis(load_sample_image(f"{self.type_name}.jpg"), -1, 0)

    def toned(self, colours: np.ndarray) -> np.ndarray:
        """In grey where it is asked for."""
        return colours.mean(axis=0, keepdims=True) if self.grey else colours


@IMAGES.register("china")
@dataclass(frozen=True, kw_only=True)
class China(Photograph):
    """A temple, 427 x 640: many straight edges."""


@IMAGES.register("flower")
@dataclass(frozen=True, kw_only=True)
class Flower(Photograph):
    """A dahlia, 427 x 640: curves and a smooth background."""


@IMAGES.register("file")
@dataclass(frozen=True, kw_only=True)
class File(Photograph):
    """The user's own PNG or JPEG; a longer side than `longest` pixels is scaled down."""

    path: str
    longest: Side = 640

    def colours(self) -> np.ndarray:
        if not Path(self.path).is_file():
            raise OptionError(f"{self.path}: there is no such file", "path")
        try:
            return decode(Path(self.path), None, self.longest)
        except DataError as fault:
            raise OptionError(str(fault), "path") from None


@IMAGES.register("digit")
@dataclass(frozen=True, kw_only=True)
class Digit(Image):
    """One of scikit-learn's 1,797 handwritten digits, enlarged from 8 x 8 to size x size."""

    index: Annotated[int, Ge(0), Le(1796)] = 0
    size: Side = 28

    def pixels(self) -> np.ndarray:
        from sklearn.datasets import load_digits

        return enlarge(load_digits().images[self.index][None] * (255 / 16), self.size) / 255

    def label(self) -> str:
        return f"digit {self.index}"
