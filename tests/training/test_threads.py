"""The choice of threads, on a clock that the test moves."""

import pytest

from dlab import kernels
from dlab.training import threads


class Machine:
    """Steps that take `cost[n]` seconds on n threads."""

    def __init__(self, monkeypatch, cost):
        self.cost, self.now, self.used = cost, 0.0, []
        monkeypatch.setattr(threads, "perf_counter", lambda: self.now)
        monkeypatch.setattr(kernels, "set_threads", lambda n: setattr(self, "threads", n))

    def run(self):
        self.now += self.cost[self.threads]
        self.used.append(self.threads)

    def share(self, n, last):
        """Of the last so many steps, the share on n threads."""
        return self.used[-last:].count(n) / last


def go(choice, machine, seconds):
    end = machine.now + seconds
    while machine.now < end:
        choice.step(machine.run)


def test_a_quiet_machine_uses_all_threads_and_tries_one_only_once(monkeypatch):
    machine = Machine(monkeypatch, {4: 0.001, 2: 0.002, 1: 0.004})
    choice = threads.Threads(4)
    go(choice, machine, 5)
    assert choice.best == 4
    assert machine.used.count(2) <= 8
    assert machine.used.count(1) <= 8


def test_a_machine_that_becomes_busy_is_noticed_within_a_tenth_of_a_second_of_stalls(monkeypatch):
    machine = Machine(monkeypatch, {2: 0.001, 1: 0.0017})
    choice = threads.Threads(2)
    go(choice, machine, 3)
    machine.cost = {2: 0.03, 1: 0.002}
    go(choice, machine, 0.5)
    assert choice.best == 1
    begin = len(machine.used)
    go(choice, machine, 10)
    assert len(machine.used) - begin > 0.9 * 10 / 0.002, "trials of the slow number must cost little"


def test_it_goes_back_to_all_threads_when_the_neighbours_leave(monkeypatch):
    machine = Machine(monkeypatch, {2: 0.05, 1: 0.002})
    choice = threads.Threads(2)
    go(choice, machine, 5)
    assert choice.best == 1
    machine.cost = {2: 0.001, 1: 0.002}
    go(choice, machine, 3)
    assert choice.best == 2
    assert machine.share(2, 200) == 1


def test_equal_costs_keep_all_threads(monkeypatch):
    machine = Machine(monkeypatch, {2: 0.001, 1: 0.00095})
    choice = threads.Threads(2)
    go(choice, machine, 3)
    assert choice.best == 2


@pytest.mark.parametrize("most", [1, 2, 3, 8])
def test_only_numbers_up_to_the_most_are_used(monkeypatch, most):
    machine = Machine(monkeypatch, {n: 0.001 for n in range(1, 9)})
    go(threads.Threads(most), machine, 1)
    assert set(machine.used) == {most, (most + 1) // 2, 1}


def test_long_steps_are_tried_only_a_few_times(monkeypatch):
    machine = Machine(monkeypatch, {2: 0.025, 1: 0.045})
    go(threads.Threads(2), machine, 5)
    assert machine.used.count(1) <= 3
