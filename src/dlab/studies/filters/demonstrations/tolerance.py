"""Tolerance to position: what pooling is for."""

from dataclasses import dataclass

import numpy as np

from dlab.errors import OptionError
from dlab.nn.layer import Count
from dlab.registry import DEMONSTRATIONS
from dlab.results.findings import Findings
from dlab.studies.filters.demonstration import Demonstration, OneFilter, within
from dlab.studies.filters.engine import Engine, Slide
from dlab.studies.filters.formulas.own import Kernel
from dlab.studies.filters.plane import Side

BAR = Kernel(rows=((-1.0, 2.0, -1.0),) * 3, title="bar detector")
DOTS = ((0, 0), (1, 1), (0, 2))  # places of a 9 in a 4x4 image (T21)


@DEMONSTRATIONS.register("tolerance")
@dataclass(frozen=True, kw_only=True)
class Tolerance(Demonstration):
    """A bar moves to the right: the response moves with it, and a unit that pools still answers (L0, L4; T21, X15).

    A filter's response is equivariant: it shifts as the image does.  A maximum over M x M places is the same for all
    shifts inside the window, and overlapping windows hand the bar over (erratum E62).
    """

    size: Side = 16
    filter: OneFilter = BAR
    windows: tuple[Count, ...] = (2, 4)
    shifts: Count = 7

    def outline(self) -> list[str]:
        self._slide()
        pools = ", ".join(f"{window}x{window}" for window in self.windows)
        return [f"a bar in {self.size}x{self.size} shifted by 0 to {self.shifts} pixels, pooled over {pools}"]

    def run(self, engine: Engine) -> Findings:
        slide, start = self._slide(), self._start()
        bars = np.zeros((self.shifts + 1, 1, self.size, self.size))
        for shift, bar in enumerate(bars[:, 0]):
            bar[:, start + shift] = 1.0
        responses = np.maximum(engine.respond(bars, [slide])[0], 0)[:, None]
        pooled = {window: engine.maximum(responses, (window, window))[0] for window in self.windows}
        found = {"one place": responses, **{f"{window}x{window} pooled": y for window, y in pooled.items()}}
        steps = {"one place": 1, **{f"{window}x{window} pooled": window for window in self.windows}}
        units = {name: y[:, 0, self.size // 2 // steps[name], start // steps[name]] for name, y in found.items()}
        dots = np.zeros((len(DOTS), 1, 4, 4))
        for dot, at in zip(dots[:, 0], DOTS, strict=True):
            dot[at] = 9.0
        arrays = {"bars": bars[:, 0], "dots": dots[:, 0], "dots pooled": engine.maximum(dots, (2, 2))[0][:, 0]}
        arrays["unit"] = np.array([self.size // 2, start])
        rows = [{"shift": shift, **{name: y[shift] for name, y in units.items()}} for shift in range(self.shifts + 1)]
        return Findings(rows, arrays | {name: y[:, 0] for name, y in found.items()})

    def _start(self) -> int:
        """The first column of the bar: about a third from the left, where the largest window begins."""
        return self.size // 3 // max(self.windows) * max(self.windows)

    def _slide(self) -> Slide:
        if not self.windows or any(self.size % window for window in self.windows):
            raise OptionError(f"must be one or more numbers that divide the size, {self.size}", "windows")
        if self._start() + self.shifts >= self.size:
            raise OptionError(f"at most {self.size - 1 - self._start()} keep the bar in the image", "shifts")
        with within("filter"):
            return self.filter.slide(np.zeros((1, self.size, self.size)), 1, "same")
