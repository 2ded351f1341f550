"""`dlab overfit-study`."""

from typing import Any, ClassVar

from dlab.registry import STUDIES
from dlab.results import illustrations
from dlab.results.study import StudyFolder
from dlab.spec import Spec
from dlab.studies import penalties
from dlab.studies.comparison import Comparison


@STUDIES.register("overfit-study")
class OverfitStudy(Comparison):
    """What keeps a network from learning its training images by heart; source: L3 (X6, X7)."""

    spec: ClassVar[str] = "overfitting"

    @staticmethod
    def compare() -> dict[str, Any]:
        """What is compared where the spec does not say it."""
        return {"variants": {"none": {}, "l1": {"regularize.l1": 0.005}, "l2": {"regularize.l2": 0.1}}}

    @staticmethod
    def illustrate(folder: StudyFolder, spec: Spec) -> None:
        """Where a loss touches the balls of three p-norms."""
        illustrations.contours(folder).write(penalties.contours())
