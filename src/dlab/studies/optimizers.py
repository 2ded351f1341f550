"""`dlab compare-optimizers`."""

from typing import Any, ClassVar

from dlab.registry import OPTIMIZERS, STUDIES
from dlab.results import illustrations
from dlab.results.study import StudyFolder
from dlab.spec import Spec
from dlab.studies import descents
from dlab.studies.cells import cells
from dlab.studies.comparison import Comparison


@STUDIES.register("compare-optimizers")
class CompareOptimizers(Comparison):
    """The eleven optimizers, each with its own default rate; source: L3 (X4, X5)."""

    spec: ClassVar[str] = "optimizers"

    @staticmethod
    def compare() -> dict[str, Any]:
        """What is compared where the spec does not say it."""
        return {"variants": {name: {"optimizer": name} for name in OPTIMIZERS}}

    @staticmethod
    def illustrate(folder: StudyFolder, spec: Spec) -> None:
        """The ways of these optimizers over two surfaces, and the rates that come of AdaGrad, RMSProp and Adam."""
        compared = (cell.optimizer.type_name for cell in cells(spec).values())
        illustrations.paths(folder).write(descents.paths(dict.fromkeys(["sgd", *compared])))
        illustrations.rates(folder).write(descents.rates())
