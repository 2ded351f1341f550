"""Steps that are played one at a time and many without the host leave the same scores."""

import numpy as np
import pytest

from dlab.kernels.gpu import Launch, pages
from dlab.kernels.gpu.language import cuda
from dlab.kernels.script import Script

BATCH, KEYS, COEFFICIENTS = 5, 2, 3


@cuda.jit
def _step(rows, keys, coefficients, state, score):
    """state <- 2 state + sum rows + key + coefficient, which is the loss; correct and penalty are two other numbers."""
    total = state[0] * np.float32(2)
    for row in rows:
        total += np.float32(row)
    total += np.float32(keys[1]) + coefficients[2]
    state[0] = total
    score[0] += total
    score[1] += np.float32(keys[0])
    score[2] += coefficients[0]


class Step:
    """A plan of one launch, on `batch` rows."""

    def __init__(self, ops, script, state, batch):
        line = script.line
        launch = Launch(_step, (1,), (1,), line.rows[:batch], line.keys, line.coefficients, state, script.score)
        self.calls = ops.bracket([launch, *script.turned])

    def run(self):
        for call in self.calls:
            call()


def play(ops, stretches, alone=False):
    """The scores of eleven steps, the last of them on fewer rows, in stretches of these lengths."""
    script = ops.script(BATCH, KEYS, COEFFICIENTS, alone)
    state, random, found = np.zeros(1, np.float32), np.random.default_rng(3), []
    whole, rest = Step(ops, script, state, BATCH), Step(ops, script, state, 2)
    for count in stretches:
        for line in script.lines[:count]:
            line.rows[:] = random.integers(0, 9, BATCH)
            line.keys[:], line.coefficients[:] = random.integers(0, 99, KEYS), random.integers(0, 9, COEFFICIENTS)
        found.append(script.play([whole] * (count - 1) + [whole if sum(map(len, found)) + count < 11 else rest]))
    return np.concatenate(found)


@pytest.mark.parametrize("order", ["ascending", "descending", "by chance"])
def test_stretches_of_any_length_leave_the_same_scores(emulate, order):
    ops = emulate(order)
    alone = play(ops, [1] * 11, alone=True)
    assert alone[0].any()
    for stretches in ([1] * 11, [11], [2, 6, 3]):
        assert np.array_equal(play(ops, stretches), alone)


def test_what_the_host_sees_alone_needs_no_pages(emulate):
    ops = emulate()
    assert type(ops.script(BATCH, alone=True)) is Script
    assert len(ops.script(BATCH).lines) == pages.MOST


def test_large_batches_get_fewer_lines(emulate):
    script = emulate().script(100_000)
    assert len(script.lines) == pages.ROOM // script.present.size == 5


def test_launches_that_follow_one_another_become_one_call(emulate):
    ops, state, told = emulate(), np.zeros(1, np.float32), []
    script = ops.script(BATCH, KEYS, COEFFICIENTS, alone=True)
    launch = Launch(
        _step, (1,), (1,), script.line.rows, script.line.keys, script.line.coefficients, state, script.score
    )
    calls = ops.bracket([launch, launch, lambda: told.append(ops.fetch(state).copy()), launch])
    assert len(calls) == 3
    script.play([Step(ops, script, state, BATCH)])
    for call in calls:
        call()
    assert told[0] == 0
    assert ops.fetch(script.score)[1] == 0
