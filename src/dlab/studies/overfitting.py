"""`dlab overfit-study`."""

from typing import Any, ClassVar

from dlab.registry import STUDIES


@STUDIES.register("overfit-study")
class OverfitStudy:
    """What keeps a network from learning its training images by heart; source: L3 (X6, X7)."""

    spec: ClassVar[str] = "overfit"

    @staticmethod
    def compare() -> dict[str, Any]:
        """What is compared where the spec does not say it."""
        return {"variants": {"none": {}, "l1": {"regularize.l1": 0.005}, "l2": {"regularize.l2": 0.1}}}
