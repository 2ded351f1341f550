"""How many threads a step uses, found by trying.

On a busy machine a thread that waits at a barrier may wait for its partner's next turn on a core: a step of 0.5 ms
then takes tens of milliseconds, a hundred times slower than on one thread.  Results do not depend on the number of
threads, so the trainer may change it at any moment: it uses what was fastest lately, and tries the others now and then.
"""

from time import perf_counter

from dlab import kernels

WINDOW = 0.05  # seconds a trial of the present choice lasts
PROBE = 6  # steps that another choice is given
PAUSE = 0.5  # seconds of work from one probe to the next
WARM_UP = 3  # steps after a change or a rest that do not count: sleeping threads take a while to wake
REST = 0.002  # seconds without a step after which threads have gone to sleep


class Threads:
    """Call `step(run)` for every step; `now` is the number in use."""

    def __init__(self, most: int):
        self.choices = sorted({most, (most + 1) // 2, 1}, reverse=True)
        self.cost = dict.fromkeys(self.choices, 0.0)  # seconds a step, 0 for never tried
        self.now = self.best = most
        self._steps, self._spent, self._next_probe = 0, 0.0, 0.0
        self._warming, self._last, self._worked = WARM_UP, 0.0, 0.0
        kernels.set_threads(most)

    def step(self, run) -> None:
        """Run one step, and learn from how long it took."""
        begin = perf_counter()
        run()
        end = perf_counter()
        if begin - self._last > REST:
            self._warming = WARM_UP
        self._last, self._worked = end, self._worked + end - begin
        self._warming -= 1
        if len(self.choices) > 1 and self._warming < 0:
            self._learn(end - begin)

    def _learn(self, seconds: float) -> None:
        self._steps, self._spent = self._steps + 1, self._spent + seconds
        probing = self.now != self.best
        if self._steps < PROBE and not (probing and self._hopeless()):
            return
        if not probing and self._spent < WINDOW:
            return
        self.cost[self.now] = self._spent / self._steps
        tried = [n for n in self.choices if self.cost[n]]
        self.best = min(tried, key=lambda n: self.cost[n])
        self._use(self._stalest() if self._worked >= self._next_probe and not probing else self.best)
        if self.now != self.best:
            self._next_probe = self._worked + PAUSE

    def _hopeless(self) -> bool:
        """Whether a probe has already taken longer than all its steps would on the best choice."""
        return self._spent > 2 * PROBE * self.cost[self.best]

    def _stalest(self) -> int:
        """The choice to try next: never tried first, then in turn."""
        others = [n for n in self.choices if n != self.best]
        untried = [n for n in others if not self.cost[n]]
        return (untried or others[int(self._next_probe) % len(others) :] or others)[0]

    def _use(self, threads: int) -> None:
        self._steps, self._spent = 0, 0.0
        if threads != self.now:
            self.now, self._warming = threads, WARM_UP
            kernels.set_threads(threads)
