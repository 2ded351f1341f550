"""A small study on the reference backend: nothing is compiled."""

from pathlib import Path

import pytest

SPEC = """
data: {name: digits, train_limit: 200, test_limit: 100}
model: {preset: mlp, hidden: [8], init: xavier}
optimizer: {name: sgd, lr: 0.1}
train: {iterations: 20, batch_size: 20, eval_every: 10}
device: reference
compare:
  variants: {plain: {}, fast: {optimizer.lr: 0.5}}
  seeds: 2
"""


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The spec's file, in the working folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "small.yaml"
    path.write_text(SPEC)
    return path
