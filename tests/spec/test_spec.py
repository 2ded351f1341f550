"""What a good spec becomes."""

import json
from collections.abc import Callable
from dataclasses import FrozenInstanceError

import pytest

from dlab.errors import SpecError
from dlab.registry import LAYERS, LOSSES, OPTIMIZERS, PRESETS, SCHEDULES
from dlab.spec import Compare, EarlyStop, Regularize, Spec, Train, json_schema, load, vary
from dlab.spec.describe import entered
from dlab.spec.scalars import resolve
from tests.spec.specs import FULL, GOOD


def test_defaults(read: Callable[..., Spec]):
    spec = read(GOOD)
    assert (spec.name, spec.data.type_name, spec.device, spec.threads, spec.compare) == (
        "s",
        "mnist",
        "auto",
        None,
        None,
    )
    assert spec.model.preset == PRESETS["lenet"]()
    assert spec.model.layers is None
    assert spec.model.init.type_name == "he"
    assert spec.loss == LOSSES["softmax_ce"]()
    assert spec.optimizer == OPTIMIZERS["momentum"]()
    assert spec.train == Train(epochs=3, batch_size=64, eval_batch=256)
    assert spec.schedule == SCHEDULES["constant"]()
    assert spec.regularize == Regularize(l1=0.0, l2=0.0, lp=0.0, p=3.0)


def test_everything(read: Callable[..., Spec]):
    spec = read(FULL)
    expected = (
        LAYERS["relu"](),
        LAYERS["conv"](filters=4, kernel=3, pad="same"),
        LAYERS["dropout"](mode="inverted"),
    )
    assert spec.model.layers == expected
    assert (spec.data.size, spec.data.path, spec.model.init.std) == (28, "1e-3", 0.01)
    assert spec.optimizer == OPTIMIZERS["adam"](lr=0.001, bias_correction=False)
    assert spec.schedule == SCHEDULES["cosine"](warmup=5, final=0.0)
    assert spec.regularize == Regularize(l2=0.5, lp=1.0, p=2.5)
    assert spec.train.clip == 1.0
    assert (spec.train.early_stop, spec.train.epochs, spec.train.batch_size) == (EarlyStop(3), None, "all")
    variants = {"fast": {"optimizer.lr": 1, "model.layers.1.filters": 8}, "sgd": {"optimizer": "sgd"}}
    assert spec.compare == Compare(variants, seeds=(0, 1, 2))


@pytest.mark.parametrize("text", [GOOD, FULL, "name: '1e3'\n" + GOOD, "name: 'no'\n" + GOOD, "name: '007'\n" + GOOD])
def test_yaml_loads_again_to_an_equal_spec(read: Callable[..., Spec], text: str):
    spec = read(text)
    assert read(spec.to_yaml()) == spec
    assert read(json.dumps(spec.to_dict())) == spec
    assert spec.to_dict()["train"].keys() == Train.__dataclass_fields__.keys()


def test_it_is_immutable(read: Callable[..., Spec]):
    with pytest.raises(FrozenInstanceError):
        read(GOOD).name = "other"


NUMBERS = {
    **{"1e-3": 0.001, "1E5": 1e5, "+3": 3, "-0": 0, ".5": 0.5, "5.": 5.0, "1.5e+3": 1500.0, "0": 0, "0.1": 0.1},
    **{"TRUE": True, "false": False, "~": None, "null": None, "": None},
    **{word: word for word in ("tRue", "1e", "e5", ".", "-", "same", "1.2.3", "y", "nan", "inf")},
}


@pytest.mark.parametrize(("text", "value"), NUMBERS.items())
def test_number_grammar(text: str, value: object):
    found = resolve(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("override", "key", "value"),
    [
        ("optimizer.lr=1e-3", "optimizer", OPTIMIZERS["momentum"](lr=0.001)),
        ("optimizer={name: sgd, lr: 1}", "optimizer", OPTIMIZERS["sgd"](lr=1.0)),
        ("optimizer=adam", "optimizer", OPTIMIZERS["adam"]()),
        ("loss=mse", "loss", LOSSES["mse"]()),
        ("schedule=cosine", "schedule", SCHEDULES["cosine"]()),
        ("schedule={name: step, every: 9}", "schedule", SCHEDULES["step"](every=9)),
        ("threads=3", "threads", 3),
        ("name=b", "name", "b"),
        ("compare.seeds=[4,5]", "compare", Compare(seeds=(4, 5))),
        ("train.early_stop.patience=2", "train", Train(early_stop=EarlyStop(2))),
    ],
)
def test_overrides(read: Callable[..., Spec], override: str, key: str, value: object):
    assert getattr(read(GOOD, override), key) == value


def test_overrides_reach_into_layers_and_short_forms(read: Callable[..., Spec]):
    text = "data: mnist\nmodel: {layers: [leaky_relu, {type: conv, filters: 2, kernel: 3}]}\n"
    spec = read(text, "model.layers.1.filters=8", "model.layers.0.slope=0.5", "data.train_limit=5", "model.init=zero")
    assert spec.model.layers == (LAYERS["leaky_relu"](slope=0.5), LAYERS["conv"](filters=8, kernel=3))
    assert (spec.data.train_limit, spec.model.init.type_name) == (5, "zero")


def test_general_overrides_come_first(read: Callable[..., Spec]):
    assert read(GOOD, "optimizer.lr=0.5", "optimizer=adam").optimizer == OPTIMIZERS["adam"](lr=0.5)


def test_overrides_take_back_with_null(read: Callable[..., Spec]):
    train = read(GOOD + "train: {epochs: 2}", "train.epochs=null", "train.iterations=5").train
    assert (train.epochs, train.iterations) == (None, 5)


def test_seed(write: Callable):
    assert load(write(GOOD), seed=5).train.seed == 5
    with pytest.raises(SpecError, match=r"--seed -1: train.seed: must be a whole number from 0"):
        load(write(GOOD), seed=-1)


def test_places(read: Callable[..., Spec]):
    spec = read(FULL, "train.seed=8")
    assert spec.where(("model", "layers", 1, "filters")) == "s.yaml:7:16"
    assert spec.where(("model", "layers", 0)) == "s.yaml:5:7"
    assert spec.where(("model", "layers", 1, "stride")) == "s.yaml:6:7"
    assert spec.where(("train", "seed")) == "--set train.seed=8"
    assert str(spec.fault(("model", "layers", 1, "kernel"), "too big")) == "s.yaml:8:15: model.layers.1.kernel: too big"
    assert isinstance(spec.fault((), "x"), SpecError)


def test_vary(read: Callable[..., Spec]):
    spec = read(FULL)
    fast, _ = spec.compare.all()
    cell = vary(spec, fast, 9)
    assert (cell.name, cell.optimizer.lr, cell.model.layers[1].filters, cell.train.seed) == ("fast-s9", 1.0, 8, 9)
    assert cell.compare is None
    assert cell.where(("optimizer", "lr")) == "s.yaml:19:26"


def test_a_grid_is_all_combinations(read: Callable[..., Spec]):
    text = (
        GOOD
        + """compare:
  variants: {plain: {}, fast: {optimizer.lr: 1}}
  grid:
    train.batch_size: [8, all]
    model.init: [{name: gauss, std: 1}]
    size: {small: {data.train_limit: 10}, large: {}}
"""
    )
    compare = read(text).compare
    names = [variant.name for variant in compare.all()]
    assert names[:2] == [
        "plain-batch_size8-init-name-gauss-std-1-small",
        "plain-batch_size8-init-name-gauss-std-1-large",
    ]
    assert len(set(names)) == 8
    assert [len(axis) for axis in compare.axes()] == [2, 2, 1, 2]
    cell = vary(read(text), compare.all()[-2], 3)
    assert (cell.optimizer.lr, cell.train.batch_size, cell.data.train_limit, cell.train.seed) == (1.0, "all", 10, 3)


def test_what_a_command_compares_gives_way_to_settings(write: Callable):
    spec = load(write(GOOD), ["compare.seeds=2"], compare={"variants": {"a": {}, "b": {"train.epochs": 2}}, "seeds": 5})
    assert (spec.compare.seeds, list(spec.compare.variants)) == ((0, 1), ["a", "b"])


def test_comments_may_hold_anything_printable(read: Callable[..., Spec]):
    assert read("# a\xa0b\tc\n" + GOOD + "# été\n").name == "s"


def test_schema_knows_every_option():
    found = json_schema()
    json.dumps(found)
    assert {"data", "model", "optimizer", "train"} <= found["properties"].keys()
    assert set(found["required"]) == {"data", "model"}
    assert "adam" in found["properties"]["optimizer"]["oneOf"][-1]["enum"]
    assert found["$defs"]["Convolution"]["required"] == ["type", "filters", "kernel"]


def test_what_is_not_said_has_three_seeds():
    assert Compare().all_seeds() == (0, 1, 2)


def test_alternatives_are_picked_by_the_value():
    listed, mapped = {"items": {"type": "integer"}}, {"properties": {"a": {"type": "integer"}}, "required": ["a"]}
    either = {"anyOf": [mapped, listed]}
    assert entered(either, [1], {}) == listed
    assert entered(either, {"a": 1}, {}) == entered(either, 5, {}) == mapped
