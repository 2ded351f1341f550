"""Every operation on the disk, failing in every way, once and stacked: a run that goes on comes to the same bytes."""

from collections import Counter

import pytest
from torture import frame, operations

from dlab.results import saver
from tests.results import networks
from tests.results.fakes import FakeTrainer
from tests.results.fakes import experiment as fake


class Short(FakeTrainer):
    """Two evaluations, the first of them the best."""

    steps, best = 4, 2


def watched():
    """An experiment that computes nothing, with all tables there are."""
    return fake(Short(watched=True))


def tried(make, every, stacked) -> Counter[str]:
    """How often each outcome came; no case may fail."""
    counts, failures = frame.outcomes(operations.cases(make, every, 1, stacked, seed=1))
    assert not failures, "\n".join(failure["case"] + "\n" + failure["fault"] for failure in failures[:3])
    return counts


@pytest.mark.slow
@pytest.mark.parametrize("share", [1e9, 0], ids=["saving always", "saving once"])
def test_no_operation_may_fail_badly(monkeypatch, share):
    monkeypatch.setattr(saver, "SHARE", share)
    counts = tried(watched, 1 if share else 5, 0)
    assert counts["killed"] > (400 if share else 60)
    assert counts["failed"] > (200 if share else 40)


def test_nor_of_a_network_that_learns_nor_while_another_fault_is_mended(monkeypatch):
    monkeypatch.setattr(saver, "SHARE", 1e9)
    counts = tried(networks.experiment, 37, 40)
    assert counts["killed, killed"] > 1
