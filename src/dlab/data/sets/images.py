"""The user's own images: `images`, a folder with one subfolder a class, or train/ and test/ of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le

from dlab import machine
from dlab.data.dataset import Data, classified
from dlab.data.decoders import Decoders
from dlab.data.pictures import Pictures, measure
from dlab.data.samples import Samples
from dlab.data.sets.own import Streamed
from dlab.data.stream import Stream
from dlab.errors import DataError
from dlab.layout import Shape
from dlab.registry import DATASETS

KINDS = {".png", ".jpg", ".jpeg", ".bmp", ".gif"}


@DATASETS.register("images")
@dataclass(frozen=True, kw_only=True)
class Images(Streamed):
    """PNG or JPEG files of one size, grey or colour; shapes: (1, H, W) or (3, H, W).

    workers: processes that decode the batches to come where the set is streamed; by default one a core, at most 4
    """

    workers: Annotated[int, Ge(1), Le(256)] | None = None

    def peek(self) -> tuple[Shape, int]:
        base, classes = self._classes()
        return measure(listed(base / classes[0])[0], self.size), len(classes)

    def load(self, seed: int = 0) -> Data:
        folder, (base, classes) = self.place(), self._classes()
        decoders = Decoders(self.workers or min(machine.POLITE, machine.cores()))
        train = self._split(base, classes, decoders)
        held = base != folder and (folder / "test").is_dir()
        test = self._split(folder / "test", classes, decoders) if held else None
        if test and test.x.shape[1:] != train.x.shape[1:]:
            raise DataError(f"{folder}: training images are {train.x.shape[1:]}, test images {test.x.shape[1:]}")
        return self.finish(train, test, classes, seed)

    def _classes(self) -> tuple[Path, tuple[str, ...]]:
        """The folder with the training images, and its subfolders."""
        folder = self.place()
        if not folder.is_dir():
            raise DataError(f"{folder}: wanted a folder of images, found a file")
        base = folder / "train" if (folder / "train").is_dir() else folder
        classes = tuple(sorted(place.name for place in base.iterdir() if place.is_dir() and place.name[0] != "."))
        if len(classes) < 2:
            raise DataError(f"{base}: wanted a subfolder for each of two or more classes, found {len(classes)}")
        return base, classes

    def _split(self, folder: Path, classes: tuple[str, ...], decoders: Decoders) -> Samples:
        """All images below a folder, in the order of their names."""
        found = [listed(folder / name) for name in classes]
        labels = np.repeat(np.arange(len(classes)), [len(paths) for paths in found])
        source = Pictures([path for paths in found for path in paths], self.size, decoders)
        return classified(Stream(source), labels, len(classes), str(folder))


def listed(folder: Path) -> list[Path]:
    """The images of one class, in the order of their names."""
    paths = sorted(p for p in folder.glob("*") if p.name[0] != "." and p.suffix.lower() in KINDS)
    if not paths:
        raise DataError(f"{folder}: no images ({', '.join(sorted(KINDS))}) for class {folder.name}")
    odd = next((path for path in paths if not path.is_file()), None)  # opening a pipe waits for a writer
    if odd:
        raise DataError(f"{odd}: is not a file")
    return paths
