"""How many threads a step uses, found by trying.

On a busy machine a thread that waits at a barrier may wait for its partner's next turn on a core: a step of 0.5 ms
then takes tens of milliseconds, a hundred times slower than on one thread.  Results do not depend on the number of
threads, so the trainer may change it at any moment.  It starts with the most, gives each other number one trial, and
tries one again only where that may pay: fewer threads when the present number has become slower than they were, more
threads now and then.
"""

from time import perf_counter

from dlab import kernels

WINDOW = 0.05  # seconds of work after which the present number is judged again
ENOUGH = 6, 0.02  # a trial ends after so many steps, or after so many seconds and a second step
PAUSES = 0.06, 2.0  # seconds of work until the next trial: at first, and at most; each that fails doubles it
MARGIN = 0.9  # fewer threads must be this much faster: chance decides between equals, and more threads recover better
ALARM = 1.5  # so much slower than another number was: try that one at once


class Threads:
    """Call `step(run)` for every step; `best` is the number of threads it uses, but for trials."""

    def __init__(self, most: int):
        self.choices = sorted({most, (most + 1) // 2, 1}, reverse=True)
        self.cost: dict[int, float] = {}  # seconds a step, as last seen
        self.now = self.best = most
        self._pause, self._worked, self._next_trial = PAUSES[0], 0.0, 0.0
        self._fresh, self._steps, self._spent = True, 0, 0.0
        self._use(most)

    def step(self, run):
        """Run one step, and learn from how long it took; returns what it returns."""
        begin = perf_counter()
        found = run()
        seconds = perf_counter() - begin
        self._worked += seconds
        if self._fresh:  # threads that slept take a while to wake
            self._fresh = False
        elif len(self.choices) > 1:
            self._learn(seconds)
        return found

    def _learn(self, seconds: float) -> None:
        self._steps, self._spent = self._steps + 1, self._spent + seconds
        steps, least = ENOUGH
        if self.now != self.best:
            if self._steps >= steps or (self._steps > 1 and self._spent >= least) or self._hopeless():
                self._judge()
        elif self._steps >= steps and self._spent >= WINDOW:
            self.cost[self.now] = self._spent / self._steps
            self._use(self._candidate())

    def _judge(self) -> None:
        """End a trial: take the number that was tried, or go back to the best."""
        cost = self.cost[self.now] = self._spent / self._steps
        if cost < self.cost[self.best] * (MARGIN if self.now < self.best else 1.0):
            self.best, self._pause = self.now, PAUSES[0]
        else:
            self._pause = min(2 * self._pause, PAUSES[1])
        self._next_trial = self._worked + self._pause
        self._use(self.best)

    def _hopeless(self) -> bool:
        """Whether a trial has already taken longer than all its steps would with the best number."""
        return self._spent > 2 * ENOUGH[0] * self.cost[self.best]

    def _candidate(self) -> int:
        """The number to try next, or the best if no other is worth a trial now."""
        own, due = self.cost[self.best], self._worked >= self._next_trial
        untried = [n for n in self.choices if n not in self.cost]
        if untried:
            return untried[0]
        faster = [n for n in self.choices if own > self.cost[n] * (1.0 if due else ALARM)]
        more = [n for n in self.choices if n > self.best and due]
        return min(faster + more, key=lambda n: self.cost[n], default=self.best)

    def _use(self, threads: int) -> None:
        self.now, self._fresh, self._steps, self._spent = threads, True, 0, 0.0
        kernels.set_threads(threads)
