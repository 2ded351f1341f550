"""Layers that do not fit are told where they stand in the spec."""

from pathlib import Path

import pytest

from dlab.assemble import outline
from dlab.errors import SpecError
from dlab.spec import load

HEAD = "data: digits\nmodel:\n  layers:\n"


@pytest.mark.parametrize(
    ("layers", "fault"),
    [
        (
            ["{type: conv, filters: 5, kernel: 3}", "{type: maxout, k: 2}"],
            "s.yaml:5:25: model.layers.1.k: 5 channels cannot be grouped by 2; its input is the output of layer 1",
        ),
        (["{type: dense, units: 7}", "maxout"], "s.yaml:5:7: model.layers.1.k: 7 numbers cannot be grouped by 2"),
        (["flatten", "global_avgpool"], "s.yaml:5:7: model.layers.1: global_avgpool needs an image"),
        (
            ["{type: conv, filters: 6, kernel: 3}", "{type: conv, filters: 8, kernel: 3, groups: 4}"],
            "s.yaml:5:51: model.layers.1.groups: 6 channels cannot be cut into 4 equal groups; its input is the output",
        ),
        (
            ["{type: conv, filters: 6, kernel: 3}", "{type: conv, filters: 8, kernel: 3, groups: 3}"],
            "s.yaml:5:51: model.layers.1.groups: 8 filters cannot be cut into 3 equal groups",
        ),
        (["{type: l2pool, kernel: 9}"], "s.yaml:4:30: model.layers.0.kernel: window 9 does not fit the 8x8 input"),
        (["global_maxpool", "{type: dropconnect, units: 9}"], "model.layers.1: the last layer gives 9 numbers"),
    ],
)
def test_a_layer_that_does_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layers: list[str], fault: str):
    monkeypatch.chdir(tmp_path)
    Path("s.yaml").write_text(HEAD + "".join(f"    - {layer}\n" for layer in layers))
    with pytest.raises(SpecError) as caught:
        outline(load("s.yaml"))
    assert fault in str(caught.value)
