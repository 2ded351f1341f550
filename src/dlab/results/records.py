"""What a run says about itself, as plain records; reports read these and the trainer knows no report."""

from dataclasses import dataclass
from math import inf, isfinite
from typing import Any


@dataclass(frozen=True)
class Progress:
    """Where training stands between two evaluations; `rate` in samples/s never counts compilation or evaluation."""

    epoch: int
    step: int
    steps: int
    loss: float
    accuracy: float | None
    rate: float
    threads: int


@dataclass(frozen=True)
class Evaluation:
    """One row of results.csv; train values are means over the batches since the last row, as they were differentiated.

    `train_loss` and `train_accuracy` are over the whole training split where the spec asks so (`train.measure: all`).
    Accuracies are None for regression, test values None without a test split.
    """

    epoch: int
    step: int
    lr: float
    train_loss: float
    train_accuracy: float | None
    test_loss: float | None
    test_accuracy: float | None


@dataclass(frozen=True)
class Validated(Evaluation):
    """A row of results.csv where the data have a validation split, which then chooses what is best and when to stop."""

    validation_loss: float
    validation_accuracy: float | None


@dataclass(frozen=True)
class Timing:
    """One row of timing.csv, belonging to the evaluation at the same step; seconds since the last one."""

    step: int
    train_seconds: float
    evaluate_seconds: float
    samples_per_second: float
    threads: int


@dataclass(frozen=True)
class Observation:
    """One row of layers.csv: a layer with weights, and the activation behind it, at one step.

    output_*    of the activation (of the layer itself where there is none), in inference mode, on a fixed choice of
                training samples: mean, standard deviation, share of exact zeros, and share that is saturated, which
                is closer than 0.05 to a limit of the sigmoid or tanh
    gradient_*  root mean square of dE/dW, without penalties, on the first batch of training
    signal_*    root mean square of the gradient that arrives at the layer's sums when noise from N(0, 1) is fed in at
                the output of the last hidden layer (X1); behind its pooling where a convolution is joined with one
    weight_*    standard deviation, sum |w|, root of sum w^2, share of |w| < 0.001, and how many of W's rows, one a
                unit, are different: 1 means that all units are the same (T31)

    None is what was not watched or does not exist; source: L3 (X1, X2, X6).
    """

    step: int
    layer: str
    activation: str
    output_mean: float | None = None
    output_std: float | None = None
    output_zeros: float | None = None
    output_saturated: float | None = None
    gradient_rms: float | None = None
    signal_rms: float | None = None
    weight_std: float | None = None
    weight_l1: float | None = None
    weight_l2: float | None = None
    weight_small: float | None = None
    weight_units: int | None = None


@dataclass(frozen=True)
class Bin:
    """One row of histograms.csv: how many outputs ("activations") or weights of a layer lie in [low, high)."""

    step: int
    layer: str
    kind: str
    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Snapshot:
    """What a watched run saw at one step; it has bins at the start and at the end."""

    layers: tuple[Observation, ...]
    bins: tuple[Bin, ...] = ()


@dataclass(frozen=True)
class Finished:
    """The end of training: why it ended ("done" or "early stop") and the step it reached."""

    reason: str
    step: int


@dataclass(frozen=True)
class Remark:
    """Something that whoever follows a run must know, such as a checkpoint that was damaged."""

    text: str


Record = Progress | Evaluation | Timing | Snapshot | Finished | Remark


def score(row: Evaluation) -> float:
    """What "best" means: the lowest validation loss, else test loss, else train loss."""
    losses = (getattr(row, f"{split}_loss", None) for split in ("validation", "test", "train"))
    loss = next(loss for loss in losses if loss is not None)
    return loss if isfinite(loss) else inf


@dataclass(frozen=True)
class CellProgress:
    """Where a cell of a study stands."""

    cell: str
    step: int
    steps: int


@dataclass(frozen=True)
class CellCompiled:
    """A cell has compiled a kernel, the `count`-th, in so many seconds."""

    cell: str
    kernel: str
    count: int
    seconds: float


@dataclass(frozen=True)
class CellRemark:
    """What whoever follows a cell must know."""

    cell: str
    text: str


@dataclass(frozen=True)
class CellEnded:
    """A cell has ended: its status, why it failed, its last row's values, and how many of all have ended."""

    cell: str
    status: str
    error: str
    final: dict[str, Any] | None
    ended: int
    cells: int


StudyRecord = CellProgress | CellCompiled | CellRemark | CellEnded
