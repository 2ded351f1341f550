"""A small network that really learns, on the reference backend: nothing is compiled."""

from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dlab.assemble import build
from dlab.spec import Spec, load

# Everything that has a memory: moments, masks, a rate that changes, and patience that ends the run before its time.
SPEC = """
data: {name: digits, train_limit: 40, test_limit: 20}
model:
  layers: [{type: dense, units: 8}, relu, {type: dropout, ratio: 0.2}, {type: dense, units: 10}]
  init: he
optimizer: {name: adam, lr: 0.2}
schedule: {name: cosine, warmup: 2}
train: {epochs: 2, batch_size: 8, eval_every: 2, early_stop: {patience: 2}, watch: [weights]}
device: reference
"""


@lru_cache
def spec(text: str = SPEC) -> Spec:
    """A spec, as if it were in a file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "small.yaml"
        path.write_text(text)
        return load(path)


def experiment(text: str = SPEC) -> Any:
    """A new run of it."""
    return build(spec(text))
