"""The user's own images: `images`, a folder with one subfolder a class, or train/ and test/ of them."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dlab.data.dataset import Data, Samples, classified
from dlab.data.sets.own import Own
from dlab.errors import DataError
from dlab.registry import DATASETS

KINDS = {".png", ".jpg", ".jpeg", ".bmp", ".gif"}
MAX_PIXELS = 50_000_000


@DATASETS.register("images")
@dataclass(frozen=True, kw_only=True)
class Images(Own):
    """PNG or JPEG files of one size, grey or colour; shapes: (1, H, W) or (3, H, W)."""

    def load(self, seed: int = 0) -> Data:
        folder = self.place()
        if not folder.is_dir():
            raise DataError(f"{folder}: wanted a folder of images, found a file")
        split = (folder / "train").is_dir()
        base = folder / "train" if split else folder
        classes = tuple(sorted(place.name for place in base.iterdir() if place.is_dir() and place.name[0] != "."))
        if len(classes) < 2:
            raise DataError(f"{base}: wanted a subfolder for each of two or more classes, found {len(classes)}")
        train = read(base, classes, self.size)
        test = read(folder / "test", classes, self.size) if split and (folder / "test").is_dir() else None
        if test and test.x.shape[1:] != train.x.shape[1:]:
            raise DataError(f"{folder}: training images are {train.x.shape[1:]}, test images {test.x.shape[1:]}")
        return self.finish(train, test, classes, seed)


def read(folder: Path, classes: tuple[str, ...], size: int | None) -> Samples:
    """All images below a folder, in the order of their names."""
    images, labels, first = [], [], None
    for label, name in enumerate(classes):
        paths = sorted(p for p in (folder / name).glob("*") if p.name[0] != "." and p.suffix.lower() in KINDS)
        if not paths:
            raise DataError(f"{folder / name}: no images ({', '.join(sorted(KINDS))}) for class {name}")
        for path in paths:
            image = decode(path, size)
            first = first or (path, image.shape)
            if image.shape != first[1]:
                raise DataError(
                    f"{path}: is {image.shape}, {first[0]} is {first[1]}. Give data.size, or images of one size"
                )
            images.append(image)
            labels.append(label)
    return classified(np.stack(images), np.array(labels), len(classes), str(folder))


def decode(path: Path, size: int | None, longest: int | None = None) -> np.ndarray:
    """One image as bytes [C, H, W], of size x size or with no side above `longest`; DataError names the file."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as file:
                if file.width * file.height > MAX_PIXELS:
                    raise DataError(f"{path}: {file.width}x{file.height} pixels are too many")
                grey = file.mode in ("1", "L", "LA", "I;16", "I")
                image = file.convert("L" if grey else "RGB")
                image = image.resize((size, size)) if size else image
                image.thumbnail((longest or image.width, longest or image.height))
                pixels = np.asarray(image)
    except DataError:
        raise
    except Exception as error:  # image decoders raise many kinds
        raise DataError(f"{path}: not a sound image ({str(error)[:80]})") from None
    return pixels[None] if pixels.ndim == 2 else np.ascontiguousarray(np.moveaxis(pixels, -1, 0))
