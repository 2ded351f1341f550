"""The pictures of a watched run and of several: drawn from the two tables alone, whatever is in them."""

import struct

import numpy as np
import pytest

from dlab.report import histograms, layers
from dlab.report.histograms import Panel
from dlab.report.runs import _draw
from dlab.results.folder import RunFolder
from dlab.results.records import Bin, Evaluation, Observation, Snapshot

KINDS = ("activations", "weights")


def watched(path, count=4, steps=(0, 10, 20), scale=1.0, kinds=KINDS, **columns):
    """A folder of a run that was watched; columns are functions of (layer, step)."""
    folder = RunFolder(path)
    path.mkdir(parents=True)
    folder.prepare("")
    usual = {
        "gradient_rms": lambda n, step: 0.1**n,
        "output_std": lambda n, step: scale * n,
        "weight_l2": lambda n, s: 3,
    }
    for step in steps:
        folder.evaluations.append(Evaluation(1, step + 1, 0.1, 1.0, 0.5, 1.0, 0.5))
        found = {name: value for name, value in {**usual, **columns}.items() if value}
        rows = [
            Observation(step, f"dense{n}", "relu", **{k: v(n, step) for k, v in found.items()}) for n in range(count)
        ]
        bins = [
            Bin(step, f"dense{n}", kind, scale * k / 30, scale * (k + 1) / 30, (k + n) % 7 * 10)
            for kind in kinds
            for n in range(count)
            for k in range(30)
        ]
        folder.keep(Snapshot(tuple(rows), tuple(bins) if step in (0, steps[-1]) else ()))
    return folder


def is_a_slide(png):
    return png[:4] == b"\x89PNG" and struct.unpack(">II", png[16:24]) == (1600, 900)


def never(n, step):
    return 0.0


def sometimes(n, step):
    return float("inf") if step > 10 else 1.0


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"count": 1},
        {"count": 14},
        {"steps": (0,)},
        {"steps": tuple(range(0, 300, 10))},
        {"gradient_rms": never, "output_std": never, "signal_rms": never},
        {"gradient_rms": sometimes, "output_std": sometimes},
        {"gradient_rms": None, "output_std": None, "kinds": ("weights",)},
        {"output_std": None, "weight_l2": None, "kinds": ()},
        {"scale": 1e6},
    ],
    ids=lambda options: " ".join(options) or "usual",
)
def test_every_kind_of_watched_run_gives_slides(tmp_path, options):
    folder = watched(tmp_path / "odd $x_{$ name", **options)
    _draw(folder)
    kinds = options.get("kinds", KINDS)
    wanted = {"results.png", "layers.png"} | {histograms.PICTURES[kind] for kind in kinds}
    found = {path.name: path.read_bytes() for path in folder.path.glob("*.png")}
    assert found.keys() == wanted
    assert all(map(is_a_slide, found.values()))
    _draw(folder)
    assert all((folder.path / name).read_bytes() == png for name, png in found.items())


def test_several_runs_share_a_slide(tmp_path):
    runs = {f"a long label {n}": watched(tmp_path / str(n), scale=10.0**n, signal_rms=sometimes) for n in range(6)}
    assert is_a_slide(histograms.study(runs, "compare-init", "mlp", "activations"))
    assert is_a_slide(layers.study(runs, "compare-init", "mlp", layers.GRADIENTS))


def test_a_run_that_was_not_watched_gets_no_more_pictures(tmp_path):
    folder = RunFolder(tmp_path)
    folder.prepare("")
    folder.evaluations.append(Evaluation(1, 1, 0.1, 1.0, 0.5, None, None))
    _draw(folder)
    assert [path.name for path in tmp_path.glob("*.png")] == ["results.png"]


@pytest.mark.parametrize("lost", [1, 29 * 30, 60 * 30])
def test_tables_that_are_still_being_written_are_drawn(tmp_path, lost):
    folder = watched(tmp_path / "one")
    for table in (folder.histograms, folder.layers):
        text = table.path.read_bytes()
        table.path.write_bytes(text[: max(300, len(text) - lost)])
    _draw(folder)
    for name in ("results.png", "layers.png"):
        assert is_a_slide((folder.path / name).read_bytes())


def test_bars_keep_their_area_on_another_axis():
    bins = [Bin(0, "dense1", "weights", k / 4, (k + 1) / 4, count) for k, count in enumerate((1, 2, 3, 4))]
    panel = Panel(Observation(0, "dense1", "relu"), bins)
    assert panel.shares == [10, 20, 30, 40]
    assert panel.heights((0, 1)) == panel.shares
    assert panel.heights((-1, 3)) == [40, 80, 120, 160]


def test_hidden_layers_only_and_of_many_an_even_choice(tmp_path):
    panels = histograms.panels(watched(tmp_path / "one"), "activations", 0)
    assert [panel.row.layer for panel in panels] == ["dense0", "dense1", "dense2"]
    assert len(histograms.panels(watched(tmp_path / "alone", count=1), "activations", 0)) == 1
    many = [
        int(panel.row.layer[5:]) for panel in histograms.panels(watched(tmp_path / "many", count=30), "weights", 20)
    ]
    assert (len(many), many[0], many[-1]) == (8, 0, 29)
    assert set(np.diff(many)) == {4, 5}


def test_curves_are_the_columns(tmp_path):
    rows = watched(tmp_path / "one", count=2, signal_rms=lambda n, step: None if n else 7.0).layers.read()
    first, second = layers.over_steps(rows, "output_std")
    assert (first.name, first.x, first.y) == ("dense0", [0, 10, 20], [0, 0, 0])
    assert (second.name, second.x, second.y) == ("dense1", [0, 10, 20], [1, 1, 1])
    one = layers.over_layers("he", [row for row in rows if row.step == 0], "signal_rms")
    assert (one.name, one.x, one.y) == ("he", [1], [7])
