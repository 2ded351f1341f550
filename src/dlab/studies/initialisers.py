"""`dlab compare-init`."""

from typing import Any, ClassVar

from dlab.registry import STUDIES
from dlab.studies.comparison import Comparison


@STUDIES.register("compare-init")
class CompareInit(Comparison):
    """How the weights start: the lecture's initialisers; source: L3 (X1, X2)."""

    spec: ClassVar[str] = "init"

    @staticmethod
    def compare() -> dict[str, Any]:
        """What is compared where the spec does not say it."""
        gauss = {f"gauss{std}": {"name": "gauss", "std": std} for std in (1, 0.01)}
        others = {name: name for name in ("xavier", "xavier_glorot", "he", "zero")}
        return {"variants": {name: {"model.init": init} for name, init in {**gauss, **others}.items()}}
