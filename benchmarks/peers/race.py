"""Training until a share of the test samples is right, under conditions that are the same for everybody."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from peers import samples
from peers.networks import NETWORKS, Network
from peers.samples import Samples
from peers.work import Work

EVALUATED = 2000  # samples at a time
TRIES = 5  # trainings that may miss the share, one after another


class RaceError(Exception):
    """There is nothing to race on, or the share was not reached."""


@dataclass(frozen=True)
class Race:
    """A network, the size of its batches, the samples of each split at most, the share to reach, the epochs at most."""

    network: Network
    batch: int
    most: int
    share: float
    epochs: int
    optimizer: str = "adam"
    lr: float = 0.003
    schedule: str = "cosine"

    @classmethod
    def parse(cls, name: str, batch: str, most: str, share: str, epochs: str) -> "Race":
        """The words of an order."""
        return cls(NETWORKS[name], int(batch), int(most), float(share), int(epochs))

    def splits(self) -> tuple[Samples, Samples]:
        """Training and test samples; RaceError without MNIST, since an imitation says nothing."""
        if samples.source() != "mnist":
            raise RaceError("MNIST is not in $DLAB_DATA")
        train, test = (samples.load(self.network.input, split=split) for split in ("train", "t10k"))
        return train.first(self.most), test.first(self.most)

    def work(self, prepare: Callable[[int], Callable[[], tuple[int, float]]]) -> Work:
        """Trainings with seeds 0, 1, ...; `prepare(seed)` makes all that is warm, and returns what is timed.

        That returns (steps, share) at the first evaluation that is good enough, or at the last.  A training that does
        not get there counts, and the next one goes on.
        """
        told: dict[str, list] = {"steps": [], "shares": []}

        def once() -> float:
            seconds = 0.0
            for _ in range(TRIES):
                run = prepare(len(told["steps"]))
                begin = perf_counter()
                steps, share = run()
                seconds += perf_counter() - begin
                told["steps"].append(steps)
                told["shares"].append(share)
                if share >= self.share:
                    return seconds
            raise RaceError(f"{TRIES} trainings end with at most {max(told['shares'][-TRIES:]):.2%}")

        return Work(lambda count: sum(once() for _ in range(count)), told)
