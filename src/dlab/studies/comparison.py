"""What every command that compares brings along."""

from typing import Any, ClassVar

from dlab.results.study import StudyFolder
from dlab.spec import Spec


class Comparison:
    """A study with a command of its own: its spec, what it varies, and examples that explain what it shows."""

    spec: ClassVar[str]

    @staticmethod
    def compare() -> dict[str, Any]:
        """What is compared where the spec does not say it."""
        raise NotImplementedError

    @staticmethod
    def illustrate(folder: StudyFolder, spec: Spec) -> None:
        """Put the CSV files of small computed examples into the study's folder; most studies have none."""
