"""How large an output is."""

from dataclasses import dataclass

from dlab.errors import OptionError
from dlab.layout import window_count
from dlab.nn.layer import Count, Margin
from dlab.registry import DEMONSTRATIONS
from dlab.results.findings import Cell, Findings
from dlab.studies.filters.demonstration import Demonstration
from dlab.studies.filters.engine import Engine


@dataclass(frozen=True)
class Case:
    """One axis: its length, the window, its step, and the zeros at each end."""

    input: Count
    window: Count
    stride: Count = 1
    pad: Margin = 0


LECTURES = (
    *(Case(5, 3), Case(5, 3, stride=2), Case(5, 3, pad=1), Case(28, 5), Case(227, 11, stride=4)),
    *(Case(224, 11, stride=4), Case(6, 2, pad=1)),
)


@DEMONSTRATIONS.register("sizes")
@dataclass(frozen=True, kw_only=True)
class Sizes(Demonstration):
    """Output sizes: O = floor((W + 2P - F) / S) + 1, rounded down (L0, L1, L3; T10-T12, erratum E04)."""

    cases: tuple[Case, ...] = LECTURES

    def outline(self) -> list[str]:
        if not self.cases:
            raise OptionError("must hold at least one case", "cases")
        for index, case in enumerate(self.cases):
            if case.window > case.input + 2 * case.pad:
                told = f"a window of {case.window} does not fit {case.input} pixels and {case.pad} zeros at each end"
                raise OptionError(told, f"cases.{index}")
        return [f"{len(self.cases)} sizes"]

    def run(self, engine: Engine) -> Findings:
        return Findings([_row(case) for case in self.cases])


def _row(case: Case) -> dict[str, Cell]:
    exact = (case.input + 2 * case.pad - case.window) / case.stride + 1
    output = window_count(case.input, case.window, case.stride, case.pad)
    given = {"input W": case.input, "window F": case.window, "stride S": case.stride, "pad P": case.pad}
    return {**given, "unrounded": exact, "output O": output}
