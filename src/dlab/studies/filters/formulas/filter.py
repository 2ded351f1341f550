"""What a filter is: a window of weights made from a formula, and how it moves."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dlab.errors import OptionError
from dlab.nn.layer import Count, Pad, same_padding
from dlab.studies.filters.engine import Slide


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Options of every filter; stride and pad are the demonstration's unless they are given here."""

    type_name: ClassVar[str]

    stride: Count | None = None
    pad: Pad | None = None

    def weights(self) -> np.ndarray:
        """The window: [FH, FW], the same for every channel, or [C, FH, FW]."""
        raise NotImplementedError

    def label(self) -> str:
        """A name for tables and figures."""
        return self.type_name.replace("_", " ")

    def slide(self, image: np.ndarray, stride: int = 1, pad: Pad = 0) -> Slide:
        """The filter over an image [C, H, W]; OptionError where it does not fit."""
        w, channels = self.weights(), len(image)
        if w.ndim == 2:
            w = np.broadcast_to(w, (channels, *w.shape))
        if len(w) != channels:
            raise OptionError(f"{self.label()} has {len(w)} channels, the image has {channels}", "channels")
        stride = self.stride or stride
        pad = pad if self.pad is None else self.pad
        slide = Slide(w, stride, self._margin(w, stride) if pad == "same" else pad)
        if min(slide.size(image.shape)) < 1:
            window, size = ("x".join(map(str, shape[-2:])) for shape in (w.shape, image.shape))
            raise OptionError(f"{self.label()}, a window of {window}, does not fit the {size} image (pad {slide.pad})")
        return slide

    def _margin(self, w: np.ndarray, stride: int) -> int:
        if w.shape[1] != w.shape[2]:
            raise OptionError('pad "same" needs a square window; give the padding as a number', "pad")
        return same_padding(w.shape[1], stride)
