"""What an image is: numbers [C, H, W]."""

from typing import ClassVar

import numpy as np


class Image:
    """The contract of all images; an image is a frozen dataclass of its YAML options."""

    type_name: ClassVar[str]

    def pixels(self) -> np.ndarray:
        """The numbers, [C, H, W]; OptionError where there are none."""
        raise NotImplementedError

    def contrast(self) -> np.ndarray:
        """In grey around its mean, [1, H, W]: even Gabor filters also answer a little to plain brightness."""
        grey = self.pixels().mean(axis=0, keepdims=True)
        return grey - grey.mean()

    def label(self) -> str:
        """A name for tables and figures."""
        return self.type_name
