"""What a demonstration is: options, what they lead to, and the computation."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from dlab.errors import OptionError
from dlab.nn.layer import Count, Pad
from dlab.registry import FILTERS, IMAGES
from dlab.results.findings import Findings
from dlab.studies.filters.engine import Engine, Slide

OneImage = Annotated[Any, IMAGES]
OneFilter = Annotated[Any, FILTERS]


class Demonstration:
    """The contract of all demonstrations; one is a frozen dataclass of its YAML options."""

    type_name: ClassVar[str]

    def outline(self) -> list[str]:
        """What it will compute, in words; OptionError where the options do not fit each other."""
        raise NotImplementedError

    def run(self, engine: Engine) -> Findings:
        """Compute it."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Filtering(Demonstration):
    """One image under several filters."""

    image: OneImage
    filters: tuple[OneFilter, ...]
    stride: Count = 1
    pad: Pad = 0

    def __post_init__(self) -> None:
        if not self.filters:
            raise OptionError("must hold at least one filter", "filters")

    def slides(self) -> tuple[np.ndarray, list[Slide]]:
        """The image [C, H, W] and the filters as they move over it."""
        image, slides = pixels(self.image), []
        for index, one in enumerate(self.filters):
            with within("filters", index):
                slides.append(one.slide(image, self.stride, self.pad))
        return image, slides

    def outline(self) -> list[str]:
        image, slides = self.slides()
        sizes = [f"{size(image)} -> {size(slide.size(image.shape))}" for slide in slides]
        return [f"{one.label()}: {text}" for one, text in zip(self.filters, sizes, strict=True)]


def pixels(image: Any, field: str = "image") -> np.ndarray:
    """The numbers of an image that stands in an option, [C, H, W]."""
    with within(*field.split(".")):
        return image.pixels()


def size(shape: Any) -> str:
    """'4x6', of an array or of a shape."""
    return "x".join(map(str, tuple(getattr(shape, "shape", shape))[-2:]))


@contextmanager
def within(*steps: str | int) -> Iterator[None]:
    """Blame what is wrong inside an option on its place there."""
    try:
        yield
    except OptionError as error:
        field = ".".join([*map(str, steps), *([error.field] if error.field else [])])
        raise OptionError(str(error), field) from None
