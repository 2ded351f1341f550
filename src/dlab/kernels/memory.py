"""Arrays that start on a cache line: a 64-byte vector that straddles two lines costs two loads."""

import numpy as np

LINE = 64


def aligned(shape: tuple[int, ...], kind: type | np.dtype = np.float32) -> np.ndarray:
    """A zeroed C-ordered array whose first byte lies on a cache line."""
    size = int(np.prod(shape)) * np.dtype(kind).itemsize
    raw = np.zeros(size + LINE, np.uint8)
    start = -raw.ctypes.data % LINE
    return raw[start : start + size].view(kind).reshape(shape)


def as_images(x: np.ndarray) -> np.ndarray:
    """Lane blocks of vectors [B, I, 16] seen as one-pixel images [B, I, 1, 1, 16]; images as they are."""
    return x if x.ndim == 5 else x[:, :, None, None, :]
