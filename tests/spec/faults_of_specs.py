"""Names, choices and rules of a spec that do not hold: spec, how the fault begins, what else it says."""

from dlab.machine import DEVICES
from tests.spec.specs import GOOD, LAYERS

FAULTS = {
    # names
    **{
        f"name {name}": (f"name: '{name}'\n{GOOD}", "1:7: name: must be a name of up to 64 letters", "")
        for name in ("../../x", "-rf", "a/b", "=1+1", "x" * 65, "a b", "é", "x" * 300)
    },
    # choices
    "unknown optimizer": (
        GOOD + "optimizer: adamm\n",
        "4:12: optimizer.name: must be one of adagrad, adam",
        'Did you mean "adam"?',
    ),
    "unnamed optimizer": (
        GOOD + "optimizer: {lr: 1}\n",
        "4:12: optimizer.name: is missing. It must be one of adagrad, adam",
        "",
    ),
    "number as optimizer": (GOOD + "optimizer: 5\n", "4:12: optimizer: must be one of adagrad, adam", "(got 5)"),
    "other optimizer's option": (
        GOOD + "optimizer: {name: sgd, momentum: 0.9}\n",
        "4:24: optimizer.momentum: unknown key. Allowed: name, lr",
        "",
    ),
    "bound": (
        GOOD + "optimizer: {name: momentum, momentum: 1}\n",
        "4:39: optimizer.momentum: must be a number at least 0 and less than 1",
        "(got 1)",
    ),
    "unknown schedule": (
        GOOD + "schedule: cosin\n",
        "4:11: schedule.name: must be one of constant, cosine, step",
        'Did you mean "cosine"?',
    ),
    "schedule without its step": (
        GOOD + "schedule: step\n",
        "4:11: schedule.every: is missing. It must be a whole number from 1 to 1000000000",
        "",
    ),
    "another schedule's option": (
        GOOD + "schedule: {name: cosine, every: 3}\n",
        "4:26: schedule.every: unknown key. Allowed: name, warmup, final",
        "",
    ),
    "warmup": (
        GOOD + "schedule: {name: constant, warmup: -1}\n",
        "4:36: schedule.warmup: must be a whole number from 0 to 1000000000",
        "(got -1)",
    ),
    "schedule that rises": (
        GOOD + "schedule: {name: step, every: 5, factor: 2}\n",
        "4:42: schedule.factor: must be a number greater than 0 and at most 1",
        "(got 2)",
    ),
    "exponent 1": (
        GOOD + "regularize: {lp: 0.1, p: 1}\n",
        "4:26: regularize.p: must be a number greater than 1 and at most 16 and a multiple of 0.5",
        "(got 1)",
    ),
    "exponent between halves": (
        GOOD + "regularize: {lp: 0.1, p: 2.3}\n",
        "4:26: regularize.p: must be a number greater than 1 and at most 16 and a multiple of 0.5",
        "(got 2.3)",
    ),
    "negative penalty": (GOOD + "regularize: {lp: -1}\n", "4:18: regularize.lp: must be a number at least 0", ""),
    "clip at 0": (
        GOOD + "train: {clip: 0}\n",
        "4:15: train.clip: must be a number greater than 0 or null",
        "(got 0)",
    ),
    "unknown data": (
        "data: mnits\nmodel: {preset: lenet}",
        "1:7: data.name: must be one of digits",
        'Did you mean "mnist"?',
    ),
    "no data": ("model: {preset: lenet}", "1:1: data: is missing. It must be one of digits", ""),
    "holdout 1": (
        "data: {name: mnist, holdout: 1}\nmodel: {preset: lenet}",
        "1:30: data.holdout: must be a number greater than 0 and less than 1 or null",
        "",
    ),
    "unknown preset": (
        "data: mnist\nmodel: {preset: lenett}",
        "2:17: model.preset: must be one of alexnet",
        'Did you mean "lenet"?',
    ),
    "number as preset": (
        "data: mnist\nmodel: {preset: 5}",
        "2:17: model.preset: must be one of alexnet",
        "(got 5)",
    ),
    "preset as list": (
        "data: mnist\nmodel: {preset: [5]}",
        "2:17: model.preset: must be one of alexnet",
        "(got a list)",
    ),
    "preset and layers": (GOOD + "  layers: [relu]\n", "3:3: model: must have either preset or layers", ""),
    "neither": (
        "data: mnist\nmodel: {init: he}",
        "2:8: model: must have either preset or layers. Presets: alexnet",
        "",
    ),
    "model as word": ("data: mnist\nmodel: lenet", "2:8: model: must be one of alexnet", "(got lenet)"),
    "preset option": (GOOD + "  poling: max\n", "4:3: model.poling: unknown key", 'Did you mean "pooling"?'),
    "preset value": (
        GOOD + "  pooling: maxx\n",
        "4:12: model.pooling: must be one of max, average",
        'Did you mean "max"?',
    ),
    "no layers": ("data: mnist\nmodel: {layers: []}", "2:17: model.layers: must be a list of", ""),
    "layers as mapping": ("data: mnist\nmodel: {layers: {a: 1}}", "2:17: model.layers: must be a list of", ""),
    "unknown layer": (
        LAYERS + "    - relu\n    - cnv\n",
        "5:7: model.layers.1.type: must be one of avgpool",
        'Did you mean "conv"?',
    ),
    "number as layer": (LAYERS + "    - 5\n", "4:7: model.layers.0: must be one of avgpool", "(got 5)"),
    "missing option": (
        LAYERS + "    - {type: conv, filters: 3}\n",
        "4:7: model.layers.0.kernel: is missing. It must be a whole number",
        "",
    ),
    "zero units": (
        LAYERS + "    - type: dense\n      units: 0\n",
        "5:14: model.layers.0.units: must be a whole number at least 1 (got 0)",
        "",
    ),
    "layer option": (
        LAYERS + "    - {type: conv, filters: 3, kernel: 3, stirde: 1}\n",
        "4:43: model.layers.0.stirde: unknown key",
        'Did you mean "stride"?',
    ),
    "either of two types": (
        LAYERS + "    - {type: conv, filters: 3, kernel: 3, pad: sam}\n",
        "4:48: model.layers.0.pad: must be a whole number at least 0 or same",
        "(got sam)",
    ),
    # rules
    "epochs and iterations": (
        GOOD + "train: {epochs: 1, iterations: 1}\n",
        "4:8: train: give epochs or iterations, not both",
        "",
    ),
    "early stop": (GOOD + "train: {early_stop: {min_delta: 1}}\n", "4:21: train.early_stop.patience: is missing", ""),
    "device": (
        GOOD + "device: gpu\n",
        f"4:9: device: must be one of {', '.join(DEVICES)} (got gpu)",
        'Did you mean "cpu"?',
    ),
    "train as list": (GOOD + "train: [3]\n", "4:8: train: must be a mapping (got a list)", ""),
    "variant setting": (
        GOOD + "compare:\n  variants:\n    a: {optimizer.lrr: 1}\n",
        "6:9: optimizer.lrr: unknown key",
        'Did you mean "lr"?',
    ),
    "variant value": (
        GOOD + "compare:\n  variants:\n    a: {optimizer.lr: x}\n",
        "6:23: optimizer.lr: must be a number greater than 0 (got x)",
        "",
    ),
    "variant name": (
        GOOD + "compare: {variants: {a b: {train.seed: 1}}}\n",
        "4:22: compare.variants.a b: must be a name",
        "",
    ),
    "variant as list": (GOOD + "compare: {variants: {a: [1]}}\n", "4:25: compare.variants.a: must be a mapping", ""),
    "no such baseline": (
        GOOD + "compare: {variants: {a: {}}, baseline: b}\n",
        "4:10: compare: no variant is called b",
        "",
    ),
    "grid value": (
        GOOD + "compare: {grid: {optimizer.lr: [1, x]}}\n",
        "4:36: optimizer.lr: must be a number greater than 0 (got x)",
        "",
    ),
    "grid of one": (GOOD + "compare: {grid: {optimizer.lr: 1}}\n", "4:32: compare.grid.optimizer.lr: must be a", ""),
    "target": (
        GOOD + "compare: {target: 90}\n",
        "4:19: compare.target: must be a number greater than 0 and at most 1",
        "",
    ),
    "seed listed twice": (GOOD + "compare: {seeds: [1, 1]}\n", "4:10: compare: a seed is listed twice", ""),
    "two variants of one name": (
        GOOD + "compare: {grid: {train.clip: [1.5, -1.5]}}\n",
        "4:10: compare: two variants are called clip1.5",
        "",
    ),
    "a list where one of several mappings is due": (
        GOOD + "compare: {variants: {a: {optimizer: [sgd]}}}\n",
        "4:37: optimizer: must be one of adagrad",
        "(got a list)",
    ),
    "a word among seeds": (
        GOOD + "compare: {seeds: [0, x]}\n",
        "4:18: compare.seeds: must be a whole number from 1 to 1000 or a list of whole numbers",
        "(got a list)",
    ),
    "no seeds": (
        GOOD + "compare: {seeds: 0}\n",
        "4:18: compare.seeds: must be a whole number from 1 to 1000 or a list",
        "",
    ),
}
