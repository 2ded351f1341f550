"""The convolutions that are measured: their sizes, their work and their least traffic."""

import re
from dataclasses import dataclass

from dlab.layout import Shape, volume, window_count

PATTERN = re.compile(r"(\d+)x(\d+)x(\d+):(\d+)x(\d+)x(\d+)(?::(\d+))?(?::(\d+))?")
BYTES = 4  # of a float32
BATCH = 64


@dataclass(frozen=True)
class Problem:
    """A convolution of a batch of images [N, C, H, W] with filters [K, C, FH, FW]."""

    name: str
    input: tuple[int, int, int]
    filters: tuple[int, int, int]  # K, FH, FW
    stride: int = 1
    pad: int = 0
    batch: int = BATCH

    @property
    def weights(self) -> tuple[int, int, int, int]:
        """[K, C, FH, FW]"""
        return self.filters[0], self.input[0], *self.filters[1:]

    @property
    def output(self) -> tuple[int, int, int]:
        """[K, OH, OW]"""
        sides = zip(self.input[1:], self.filters[1:], strict=True)
        height, width = (window_count(size, kernel, self.stride, self.pad) for size, kernel in sides)
        return self.filters[0], height, width

    @property
    def flops(self) -> int:
        """Two for each multiply-add N K OH OW C FH FW: the same number in all three directions."""
        return 2 * self.batch * volume(self.output) * volume(self.weights[1:])

    @property
    def bytes(self) -> int:
        """Input, weights and output, each number once: the same in all three directions."""
        return BYTES * (self.batch * (volume(self.input) + volume(self.output)) + volume(self.weights))

    @property
    def memory(self) -> int:
        """Bytes that measuring takes: the arrays of three directions, and the windows that im2col writes out."""
        return 3 * self.bytes + BYTES * self.batch * volume(self.output[1:]) * volume(self.weights[1:])

    @property
    def intensity(self) -> float:
        """flop / byte"""
        return self.flops / self.bytes

    @property
    def sizes(self) -> str:
        """As `parse` reads them."""
        return f"{_crossed(self.input)}:{_crossed(self.filters)}:{self.stride}:{self.pad}"

    def __str__(self) -> str:
        told = self.sizes if self.sizes.startswith(self.name) else f"{self.name} ({self.sizes})"
        return f"{told}, batch {self.batch}"


def parse(text: str) -> Problem:
    """CxHxW:KxFxF[:stride[:pad]] as a problem; ValueError if it is none."""
    found = PATTERN.fullmatch(text)
    if not found:
        raise ValueError(f"{text} is not CxHxW:KxFxF[:stride[:pad]], such as 6x14x14:16x5x5 or 96x27x27:256x5x5:1:2")
    c, h, w, k, fh, fw = map(int, found.groups()[:6])
    stride, pad = int(found[7] or 1), int(found[8] or 0)
    problem = Problem(text, (c, h, w), (k, fh, fw), stride, pad)
    if min(c, h, w, k, fh, fw, stride) < 1:
        raise ValueError(f"{text}: all sizes and the stride are at least 1")
    if fh > h + 2 * pad or fw > w + 2 * pad:
        raise ValueError(f"{text}: the {fh}x{fw} filter does not fit the {h}x{w} image with padding {pad}")
    return problem


def _crossed(shape: Shape) -> str:
    return "x".join(map(str, shape))


LECTURES = (
    Problem("LeNet conv1", (1, 28, 28), (6, 5, 5), pad=2),
    Problem("LeNet conv2", (6, 14, 14), (16, 5, 5)),
    Problem("SimpleConvNet", (1, 28, 28), (30, 5, 5), batch=100),
    Problem("DeepConvNet conv4", (32, 14, 14), (32, 3, 3), pad=2, batch=100),
    Problem("AlexNet conv2", (96, 27, 27), (256, 5, 5), pad=2, batch=16),
    Problem("AlexNet conv3", (256, 13, 13), (384, 3, 3), pad=1, batch=16),
)
