"""The two devices, and demonstrations on them."""

from collections.abc import Callable

import pytest

from dlab import kernels
from dlab.registry import DEMONSTRATIONS
from dlab.results.findings import Findings
from dlab.studies.filters.engine import Engine


@pytest.fixture(scope="session", params=["reference", "cpu"])
def engine(request) -> Engine:
    """The project's kernels on one of its devices."""
    return Engine(kernels.backend(request.param))


@pytest.fixture
def show(engine) -> Callable[..., Findings]:
    """Runs a demonstration, given by name and options."""
    return lambda name, **options: DEMONSTRATIONS[name](**options).run(engine)
