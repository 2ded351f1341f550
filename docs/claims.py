"""What the lectures claim of their experiments, and how a result is held against it; `reproduce.py` makes the page."""

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import mean

Finding = tuple[str, str, bool]  # the claim, what was measured, whether it holds


class Results:
    """The files of one experiment in results/reference."""

    def __init__(self, path: Path):
        self.path = path

    @cached_property
    def variants(self) -> dict[str, dict[str, str]]:
        """summary.csv by variant."""
        return {row["variant"]: row for row in self.table("summary.csv")}

    def table(self, name: str) -> list[dict[str, str]]:
        """A CSV file, a dictionary a row."""
        return list(csv.DictReader((self.path / name).read_text(encoding="utf-8").splitlines()))

    def facts(self) -> dict:
        """run.json."""
        return json.loads((self.path / "run.json").read_text(encoding="utf-8"))

    def mean(self, variant: str, column: str = "test_accuracy") -> float:
        """The mean over the seeds at the last step; not a number where no seed has finished."""
        return float(self.variants[variant][column] or "nan")

    def told(self, variant: str, column: str = "test_accuracy") -> str:
        """The same with its deviation."""
        deviation = self.variants[variant][f"{column}_std"]
        return f"{self.mean(variant, column):.3f}" + (f" ± {float(deviation):.3f}" if deviation else "")

    def at(self, variant: str, step: int, column: str = "test_accuracy") -> float:
        """The mean over the seeds at a step."""
        rows = [row for row in self.table("results.csv") if row["variant"] == variant and int(row["step"]) == step]
        return mean(float(row[column]) for row in rows)

    def curve(self, variant: str, column: str = "test_accuracy") -> list[float]:
        """The means over the seeds, step by step."""
        rows = [row for row in self.table("results.csv") if row["variant"] == variant]
        steps = dict.fromkeys(int(row["step"]) for row in rows)
        return [mean(float(row[column]) for row in rows if int(row["step"]) == step) for step in steps]

    def layers(self, variant: str, column: str, step: int = 0) -> list[float]:
        """A column of layers.csv for the first seed, layer by layer, without the output layer."""
        rows = [row for row in self.table("layers.csv") if row["variant"] == variant and int(row["step"]) == step]
        first = min(int(row["seed"]) for row in rows)
        return [float(row[column]) for row in rows if int(row["seed"]) == first and row[column]]


@dataclass(frozen=True)
class Experiment:
    """One experiment of the lectures: what they say, the specs that run it, and how their results are judged."""

    tag: str
    title: str
    lecture: str
    command: str = ""
    specs: tuple[str, ...] = ()
    setup: str = ""
    judge: Callable[[dict[str, Results]], list[Finding]] = lambda results: []
    erratum: str = ""
    pictures: tuple[str, ...] = ()

    def findings(self, results: dict[str, Results]) -> list[Finding]:
        """The claims, each with what was measured."""
        return self.judge(results) if len(results) == len(self.specs) else []


def numbers(values: list[float]) -> str:
    """A few numbers in three digits."""
    return ", ".join(f"{value:.3g}" for value in values)


def histograms(found: dict[str, Results]) -> list[Finding]:
    """X1."""
    one = found["histograms"]
    std = {name: one.layers(name, "output_std") for name in one.variants}
    tails = {name: one.layers(name, "output_saturated") for name in one.variants if name.startswith("sigmoid")}
    signal = {name: one.layers(name, "signal_rms") for name in one.variants}
    he, printed, wide = std["relu-he"], std["relu-xavier"], std["relu-gauss1"]
    worst = min(signal, key=lambda name: signal[name][0])
    return [
        (
            "sigmoid, std 1: outputs pile up at 0 and 1",
            f"share below .05 or above .95: {numbers(tails['sigmoid-gauss1'])}",
            min(tails["sigmoid-gauss1"]) > 0.5,
        ),
        (
            "sigmoid, std .01: outputs pile up at .5",
            f"std {numbers(std['sigmoid-gauss0.01'])}",
            max(std["sigmoid-gauss0.01"][1:]) < 0.05,
        ),
        (
            "sigmoid, Xavier: outputs spread, few saturate",
            f"std {numbers(std['sigmoid-xavier'])}; saturated {numbers(tails['sigmoid-xavier'])}",
            min(std["sigmoid-xavier"]) > 0.1 and max(tails["sigmoid-xavier"]) < 0.05,
        ),
        ("ReLU, std 1: outputs explode", f"std {numbers(wide)}", all(b > 4 * a for a, b in zip(wide, wide[1:], strict=False))),
        (
            "ReLU, sqrt(1/n) as the lecture's code has it: the spread decays",
            f"std {numbers(printed)}",
            all(b < a for a, b in zip(printed, printed[1:], strict=False)),
        ),
        ("ReLU, He: the spread stays", f"std {numbers(he)}", max(he) < 1.3 * min(he)),
        (
            "what flows back vanishes most with std .01, not with std 1 (E34)",
            f"gradient RMS at layer 1: std .01 {signal['sigmoid-gauss0.01'][0]:.1e}, std 1 {signal['sigmoid-gauss1'][0]:.2g}",
            worst == "sigmoid-gauss0.01",
        ),
    ]


def vanishing(found: dict[str, Results]) -> list[Finding]:
    """X2."""
    one = found["init"]

    def name(init: str, activation: str) -> str:
        return f"{init}-activation-{activation}"

    small, stalled = name("gauss0.01", "sigmoid"), name("gauss0.01", "relu")
    xavier, he = name("xavier", "sigmoid"), name("he", "relu")
    zeros = [one.mean(name("zero", activation)) for activation in ("relu", "tanh", "leaky_relu")]
    rms = {case: one.layers(case, "gradient_rms") for case in (small, xavier, he)}
    return [
        ("sigmoid from std .01 makes no progress", one.told(small), one.mean(small) < 0.2),
        (
            "ReLU from std .01 stalls, then learns",
            f"{one.at(stalled, 300):.3f} at 300 iterations, {one.told(stalled)} at 2,000",
            one.at(stalled, 300) < 0.3 and one.mean(stalled) > 0.85,
        ),
        ("sigmoid with Xavier learns", one.told(xavier), one.mean(xavier) > 0.8),
        (
            "ReLU with He learns smoothly, and best of the four",
            one.told(he),
            one.mean(he) > max(one.mean(xavier), one.mean(stalled), 0.93),
        ),
        (
            "the first layer's gradient is smallest where nothing learns",
            f"RMS in layer 1: {rms[small][0]:.1e}, {rms[xavier][0]:.1e}, {rms[he][0]:.1e} (in this order)",
            rms[small][0] < 0.01 * rms[xavier][0] < rms[he][0],
        ),
        ("from zeros, nothing but the output's bias learns (E42)", numbers(zeros), max(zeros) < 0.2),
    ]


def normalisation(found: dict[str, Results]) -> list[Finding]:
    """X3."""
    one = found["batchnorm"]
    cases = {"sigmoid-xavier": 0.3, "sigmoid-gauss0.01": 0.3, "relu-he": 0.0}
    return [
        (
            f"{case}: batch normalisation learns faster",
            f"{one.told(f'{case}-plain')} without, {one.told(f'{case}-batch')} with",
            one.mean(f"{case}-batch") > one.mean(f"{case}-plain") + gain,
        )
        for case, gain in cases.items()
    ] + [
        (
            "layer normalisation too helps where signals are small (named by L1, no run)",
            f"sigmoid-xavier: {one.told('sigmoid-xavier-plain')} without, {one.told('sigmoid-xavier-layer')} with",
            one.mean("sigmoid-xavier-layer") > one.mean("sigmoid-xavier-plain") + 0.1,
        )
    ]


def optimizers(found: dict[str, Results]) -> list[Finding]:
    """X4."""
    one, findings = found["optimizers"], []
    for name in ("sgd", "momentum", "adagrad"):
        plain, normal = f"{name}-plain", f"{name}-batchnorm"
        rescued = one.mean(plain) < 0.2 and one.mean(normal) > 0.5
        findings.append((f"{name}: fails without, learns with batch normalisation", f"{one.told(plain)}, {one.told(normal)}", rescued))
    for name in ("rmsprop", "adam"):
        plain = f"{name}-plain"
        findings.append((f"{name} stalls, then learns without help", f"{one.at(plain, 50):.3f} at 50, {one.told(plain)}", one.mean(plain) > 0.9))
    return findings


def others(found: dict[str, Results]) -> list[Finding]:
    """X5."""
    one = found["more-optimizers"]
    least = min(one.variants, key=one.mean)
    best = max(one.variants, key=one.mean)
    told = f"from {least} {one.told(least)} to {best} {one.told(best)}"
    return [("all eleven train the network that all can train", told, one.mean(least) > 0.85)]
