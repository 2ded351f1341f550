"""Specs of `dlab filter-demo`: what they become, and what is wrong with them, at its place."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from dlab.errors import SpecError
from dlab.registry import DEMONSTRATIONS, FILTERS
from dlab.spec import demonstrations, load
from dlab.studies.filters import study


@pytest.fixture
def shown(write: Callable[..., str]) -> Callable[..., demonstrations.Demonstrations]:
    """Loads demonstrations from their text, with overrides."""
    return lambda text, *overrides: demonstrations.load(write(text), overrides)


def test_a_section_is_shown_in_the_order_of_the_file(shown):
    spec = shown("sizes:\ncells: {phases: 8}\nbank: {}\n")
    assert list(spec.shown) == ["sizes", "cells", "bank"]
    assert spec.shown["cells"] == DEMONSTRATIONS["cells"](phases=8)
    assert (spec.name, spec.device) == ("s", "auto")


def test_filters_and_images_are_picked_by_name(shown):
    spec = shown("filters: {image: flower, filters: [sobel, {name: mean, size: 5, pad: 0}]}\n")
    assert spec.shown["filters"].image.type_name == "flower"
    assert spec.shown["filters"].filters == (FILTERS["sobel"](), FILTERS["mean"](size=5, pad=0))


def test_overrides_reach_into_sections(shown):
    spec = shown("gabor:\n", "gabor.f=0.25", "gabor.image={name: digit, index: 3}", "filters.image=file",
                 "filters.image.path=me.png", "cells.phases=4")  # fmt: skip
    assert (spec.shown["gabor"].f, spec.shown["gabor"].image.index) == (0.25, 3)
    assert spec.shown["filters"].image.path == "me.png"
    assert list(spec.shown) == ["gabor", "filters", "cells"]


def test_yaml_loads_again_to_an_equal_spec(shown):
    spec = shown("".join(f"{name}:\n" for name in DEMONSTRATIONS) + "name: all\n", "filters.pad=1")
    assert shown(spec.to_yaml()) == spec
    assert json.loads(json.dumps(demonstrations.json_schema()))["properties"].keys() >= set(DEMONSTRATIONS)


FAULTS = {
    "unknown filter": (
        "filters:\n  filters: [sobell]\n",
        "2:13: filters.filters.0.name: must be one of gabor, ",
        'Did you mean "sobel"?',
    ),
    "unknown image": ("filters: {image: chinna}\n", "1:18: filters.image.name: must be one of china", '"china"?'),
    "unknown section": ("gabr:\nsizes:\n", "1:1: gabr: unknown key. Allowed: name, bank", 'Did you mean "gabor"?'),
    "unknown option": (
        "filters: {filters: [{name: gaussian, sgima: 2}]}\n",
        "1:38: filters.filters.0.sgima: unknown key. Allowed: name, stride, pad, sigma, size",
        'Did you mean "sigma"?',
    ),
    "ragged rows": (
        "filters:\n  filters:\n    - name: kernel\n      rows:\n        - [1, 2, 3]\n        - [1]\n",
        "6:11: filters.filters.0.rows.1: has 1 numbers, wanted 3",
        "",
    ),
    "ragged channels": (
        "filters: {filters: [{name: kernel, channels: [[[1]], [[1], [2]]]}]}\n",
        "1:54: filters.filters.0.channels.1: has 2 rows, the first channel has 1",
        "",
    ),
    "empty kernel": ("filters: {filters: [kernel]}\n", "filters.filters.0: must have either rows or channels", ""),
    "word in rows": (
        "filters: {filters: [{name: kernel, rows: [[1, a]]}]}\n",
        "1:47: filters.filters.0.rows.0.1: must be a number from -1000000000.0 to 1000000000.0 (got a)",
        "",
    ),
    "no filters": ("filters: {filters: []}\n", "1:20: filters.filters: must hold at least one filter", ""),
    "nothing": ("name: x\n", "1:1: shows nothing. Write at least one of bank, ", ""),
    "bound": ("cells: {phases: 0}\n", "1:17: cells.phases: must be a whole number from 1 to 360 (got 0)", ""),
    "training": ("data: mnist\nmodel: {preset: lenet}\n", "this is a spec of training", "dlab train s.yaml"),
}

MISFITS = {
    "no such file": (
        "filters: {image: {name: file, path: no.png}}\n",
        "1:37: filters.image.path: no.png: there is no such file",
    ),
    "no image": (
        "filters: {image: {name: file, path: s.yaml}}\n",
        "1:37: filters.image.path: s.yaml: not a sound image",
    ),
    "large kernel": (
        "numbers:\n  images: [{name: step, size: 3}]\n  filters: [{name: mean, size: 5}]\n",
        "3:13: numbers.filters.0: mean 5x5, a window of 5x5, does not fit the 3x3 image (pad 0)",
    ),
    "channels": (
        "filters: {filters: [{name: kernel, channels: [[[1]], [[1]]]}]}\n",
        "1:46: filters.filters.0.channels: kernel has 2 channels, the image has 1",
    ),
    "same with stride": (
        "filters: {stride: 2, filters: [sobel]}\n",
        '1:32: filters.filters.0.pad: pad "same" needs stride 1',
    ),
    "large image": ("numbers: {images: [digit]}\n", "1:20: numbers.images.0: is 1x28x28"),
    "no such network": ("receptive_field: {networks: [lennet]}\n", '1:30: receptive_field.networks.0: must be one of'),
    "windows": ("tolerance: {windows: [3]}\n", "1:22: tolerance.windows: must be one or more numbers that divide"),
    "no wave": ("cells: {f: 0}\n", "1:12: cells.f: must be greater than 0"),
    "size": ("sizes: {cases: [{input: 3, window: 5}]}\n", "1:17: sizes.cases.0: a window of 5 does not fit 3 pixels"),
    "pooling": ("pooling: {window: 5}\n", "1:19: pooling.window: a window of 5 does not fit the 4x4 image"),
    "im2col": ("im2col: {images: [digit]}\n", "1:18: im2col.images: gives 676x9 numbers"),
    "bank": ("bank: {size: 99}\n", "1:7: bank.images.0: 64x64 is smaller than the filters"),
    "dense": ("receptive_field: {networks: [mlp]}\n", "1:29: receptive_field.networks: none of them has a layer"),
    "twice": ("bank: {frequencies: [1, 1]}\n", "1:21: bank.frequencies: a frequency is listed twice"),
    "even": ("gabor: {size: 20}\n", "1:15: gabor.size: 20 has no middle"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "said", "hint"), FAULTS.values(), ids=FAULTS)
def test_faults_have_their_place(shown, text, said, hint):
    with pytest.raises(SpecError) as caught:
        shown(text)
    assert said in str(caught.value)
    assert hint in str(caught.value)


@pytest.mark.parametrize(("text", "said"), MISFITS.values(), ids=MISFITS)
def test_what_does_not_fit_is_told_before_anything_is_computed(shown, text, said):
    with pytest.raises(SpecError) as caught:
        study.outline(shown(text))
    assert f"s.yaml:{said}" in str(caught.value)


def test_all_that_does_not_fit_is_told_at_once(shown):
    with pytest.raises(SpecError) as caught:
        study.outline(shown("cells: {f: 0}\npooling: {window: 5}\n"))
    assert [line.split(":")[1] for line in str(caught.value).split("\n")] == ["1", "2"]


def test_training_points_to_the_right_command(write):
    with pytest.raises(SpecError, match=r"s.yaml:1:1: this is a spec of demonstrations.*dlab filter-demo s.yaml"):
        load(write("gabor:\n"))


@pytest.mark.parametrize("name", ["filters", "gabor", "cells"])
def test_shipped_specs_fit(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert study.outline(demonstrations.load(name))
