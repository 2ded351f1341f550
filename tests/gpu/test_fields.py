"""Where the numbers of a batch lie."""

import numpy as np
import pytest

from dlab.kernels.gpu.fields import joined, steps_of

WHOLE = np.zeros((1, 3, 6, 7, 32), np.float32)
VIEWS = {
    "one row of numbers": ([WHOLE, WHOLE], (126, 1, 1)),
    "rows of channels": ([WHOLE[:, :, 1:5]], (3, 28, 1)),
    "margins": ([WHOLE[:, :, 1:5, 1:6]], (3, 4, 5)),
    "margins in one of two": ([WHOLE[:, :, :4, :5], np.zeros((1, 3, 4, 5, 32), np.float32)], (3, 4, 5)),
    "channels and rows exchanged": ([WHOLE.swapaxes(1, 2)], (6, 3, 7)),
    "vectors": ([np.zeros((1, 40, 32), np.float32)[:, :, None, None]], (40, 1, 1)),
}


def places(size, steps):
    """Of all numbers of a sample, in their order."""
    return np.tensordot(np.indices(size), steps, axes=(0, 0)).ravel().tolist()


@pytest.mark.parametrize(("arrays", "size"), VIEWS.values(), ids=VIEWS)
def test_axes_are_joined_where_all_arrays_allow_it_and_no_number_moves(arrays, size):
    before, apart = arrays[0].shape[1:4], steps_of(*arrays)
    found, *steps = joined(before, *apart)
    assert found == size
    assert [places(found, own) for own in steps] == [places(before, own) for own in apart]
