"""`dlab compare-optimizers`."""

from typing import Any, ClassVar

from dlab.registry import OPTIMIZERS, STUDIES


@STUDIES.register("compare-optimizers")
class CompareOptimizers:
    """The eleven optimizers, each with its own default rate; source: L3 (X4, X5)."""

    spec: ClassVar[str] = "optimizers"

    @staticmethod
    def compare() -> dict[str, Any]:
        """What is compared where the spec does not say it."""
        return {"variants": {name: {"optimizer": name} for name in OPTIMIZERS}}
