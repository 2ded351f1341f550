"""How many steps are run in one go, where the host need not see each: about as many as take a tenth of a second."""

SECONDS = 0.1


class Stretch:
    """The number of steps to run next, at most `most`; results do not depend on it."""

    def __init__(self, most: int):
        self.most, self.steps = most, 1

    def took(self, seconds: float, steps: int) -> None:
        """Learn from how long the last steps took."""
        self.steps = max(1, min(self.most, int(SECONDS * steps / max(seconds, 1e-9))))
