"""A real process that is killed again and again comes to the same bytes; the long form is in torture/."""

import pytest
from torture import frame, kills


@pytest.mark.slow
def test_a_run_that_is_killed_comes_to_the_bytes_of_the_unbroken_one():
    run, _ = kills.jobs("reference", samples=200, epochs=8)
    counts, failures = frame.outcomes(kills.cases(run, 1, seed=2), limit=120.0)
    assert not failures, failures[0]["fault"]
    assert counts.total() == 1
