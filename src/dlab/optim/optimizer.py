"""What an optimizer is.

An optimizer names a scalar rule of `kernels.update`, says what its state arrays start from, and works out the few
numbers (`coefficients`) that hold for one step.  Its defaults are the papers' or the frameworks'; where a lecture
prints something else, an option gives that form.
"""

from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt, Lt

Rate = Annotated[float, Gt(0)]
Decay = Annotated[float, Ge(0), Lt(1)]
Place = Literal["outside", "inside"]


def roots(eps: float, place: Place) -> tuple[float, float]:
    """(eps inside the root, eps beside it): papers add it to the root, L0 and L3 under it (erratum E11)."""
    return (eps, 0.0) if place == "inside" else (0.0, eps)


class Optimizer:
    """What all have: a rule, state arrays, the coefficients of a step, and maybe an ear for the loss."""

    type_name: ClassVar[str]
    states: ClassVar[int] = 0
    memory: ClassVar[tuple[float, ...]] = ()  # where the numbers that `feedback` keeps start from

    @property
    def rule(self) -> str:
        """The name of its function in `kernels.update.rules`."""
        return self.type_name

    def start(self) -> tuple[float, ...]:
        """What each state array starts from."""
        return (0.0,) * self.states

    def coefficients(self, step: int) -> tuple[float, ...]:
        """The numbers of step 1, 2, ...; the first is proportional to lr and the others do not depend on it."""
        raise NotImplementedError

    def feedback(self, loss: float, memory: np.ndarray, coefficients: np.ndarray) -> None:
        """Change memory and coefficients between the backward pass and the update; loss is the batch's mean."""
