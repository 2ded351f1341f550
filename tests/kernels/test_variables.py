"""Rubbish in the variables that libraries read is told before they read it."""

import pytest

from dlab.errors import SpecError
from dlab.kernels import variables


@pytest.mark.parametrize("name", variables.NUMBERS)
@pytest.mark.parametrize("value", ["abc", "0", "-1", "", "1.5", "1e3", "100000", "²", "9" * 5000])
def test_what_is_no_number_of_threads_is_refused(name, value):
    with pytest.raises(SpecError, match=f"{name}=.* is not a number of threads. Allowed: 1 to"):
        variables.check({name: value})


@pytest.mark.parametrize(
    ("name", "value"), [("NUMBA_THREADING_LAYER", "opm"), ("NUMBA_THREADING_LAYER", ""), ("NUMBA_DISABLE_JIT", "1")]
)
def test_what_no_kernel_could_run_with_is_refused(name, value):
    with pytest.raises(SpecError, match=name):
        variables.check({name: value})


def test_what_libraries_understand_is_left_to_them():
    variables.check({})
    variables.check({"NUMBA_NUM_THREADS": "8", "OMP_NUM_THREADS": "4, 2", "NUMBA_THREADING_LAYER": "workqueue"})
