"""How large things are, and how a batch lies in memory.

files, user, API   [N, C, H, W]
CPU lane blocks    [B, C, H, W, 16]   B = ceil(N / 16); lane l of block b is sample 16 b + l
"""

LANES = 16

Shape = tuple[int, ...]  # of one sample: (C, H, W) for images, (features,) for vectors


def blocks(samples: int) -> int:
    """Number of lane blocks that hold `samples` samples."""
    return -(-samples // LANES)


def window_count(size: int, kernel: int, stride: int, pad: int) -> int:
    """Positions of a window along one axis: floor((size + 2 pad - kernel) / stride) + 1 (L0, erratum E04)."""
    return (size + 2 * pad - kernel) // stride + 1


def volume(shape: Shape) -> int:
    """Numbers in one sample of this shape."""
    total = 1
    for size in shape:
        total *= size
    return total
