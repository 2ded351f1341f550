"""A GPU, through numba-cuda."""


def missing() -> str:
    """Why there is no GPU to use, "" if there is one."""
    from numba import cuda

    return "" if cuda.is_available() else "no CUDA device was found"


class Hardware:
    """To come."""
