"""How the results of each experiment are held against what the lectures say of it."""

from itertools import pairwise

from reference import Finding, Results, numbers


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
        ("ReLU, std 1: outputs explode", f"std {numbers(wide)}", all(b > 4 * a for a, b in pairwise(wide))),
        (
            "ReLU, sqrt(1/n) as the lecture's code has it: the spread decays",
            f"std {numbers(printed)}",
            all(b < a for a, b in pairwise(printed)),
        ),
        ("ReLU, He: the spread stays", f"std {numbers(he)}", max(he) < 1.3 * min(he)),
        (
            "what flows back vanishes most with std .01, not with std 1 (E34)",
            f"RMS at layer 1: std .01 {signal['sigmoid-gauss0.01'][0]:.1e}, std 1 {signal['sigmoid-gauss1'][0]:.2g}",
            worst == "sigmoid-gauss0.01",
        ),
    ]


def vanishing(found: dict[str, Results]) -> list[Finding]:
    """X2."""
    one = found["init"]

    def name(init: str, activation: str) -> str:
        return f"{init}-{activation}"

    small, stalled = name("gauss0.01", "sigmoid"), name("gauss0.01", "relu")
    xavier, he = name("xavier", "sigmoid"), name("he", "relu")
    zeros = [one.mean(name("zero", activation)) for activation in ("relu", "tanh", "leaky_relu")]
    units, others = (one.layers(name(init, "sigmoid"), "weight_units", 2000) for init in ("zero", "he"))
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
        (
            "from zeros, the units of a sigmoid layer stay the same for ever (T31)",
            f"different units in layers 1 and 2 at the end: {numbers(units)}; with He {numbers(others)}",
            units == [1, 1] and others == [40, 20],
        ),
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
        findings.append(
            (
                f"{name}: fails without, learns with batch normalisation",
                f"{one.told(plain)}, {one.told(normal)}",
                rescued,
            )
        )
    for name in ("rmsprop", "adam"):
        plain = f"{name}-plain"
        findings.append(
            (
                f"{name} stalls, then learns without help",
                f"{one.at(plain, 50):.3f} at 50, {one.told(plain)}",
                one.mean(plain) > 0.9,
            )
        )
    return findings


def others(found: dict[str, Results]) -> list[Finding]:
    """X5."""
    one = found["more-optimizers"]
    least = min(one.variants, key=one.mean)
    best = max(one.variants, key=one.mean)
    told = f"from {least} {one.told(least)} to {best} {one.told(best)}"
    return [("all eleven train the network that all can train", told, one.mean(least) > 0.85)]


def overfitting(found: dict[str, Results]) -> list[Finding]:
    """X6."""
    one = found["overfitting"]
    gaps = {name: one.mean(name, "train_accuracy") - one.mean(name) for name in one.variants}

    def gap(name: str) -> str:
        return f"train {one.told(name, 'train_accuracy')}, test {one.told(name)}, gap {gaps[name]:.3f}"

    jump = max(abs(b - a) for a, b in pairwise(one.curve("l1-large-rate")))
    calm = max(abs(b - a) for a, b in pairwise(one.curve("l1")[5:]))
    zeros = {name: one.layers(name, "weight_small", 1000)[0] for name in ("none", "l1-large-rate")}
    return [
        ("none: training reaches 100 %, the test does not", gap("none"), one.mean("none", "train_accuracy") > 0.995),
        ("L2 narrows the gap", gap("l2"), gaps["l2"] < gaps["none"]),
        ("dropout narrows the gap", gap("dropout"), gaps["dropout"] < gaps["none"]),
        (
            "L1 is unstable (it ran at lr .1, the others at .01: E59)",
            f"largest jump of the mean test curve {jump:.3f} at lr .1, {calm:.3f} at lr .01",
            jump > 2 * calm,
        ),
        (
            "L1 drives weights to zero",
            f"below .001 in layer 1: {zeros['l1-large-rate']:.3f} of them, {zeros['none']:.3f} without",
            zeros["l1-large-rate"] > 5 * zeros["none"],
        ),
        ("more data overfit less", gap("more-data"), gaps["more-data"] < 0.75 * gaps["none"]),
    ]


def dropout(found: dict[str, Results]) -> list[Finding]:
    """X7."""
    one = found["dropout"]
    lecture, inverted = (
        [f"dropout{ratio}-{mode}" for ratio in ("0.08", "0.1", "0.2")] for mode in ("lecture", "inverted")
    )
    falls = [one.mean(names[0]) - one.mean(names[-1]) for names in (lecture, inverted)]
    return [
        (
            "a little more dropout has a large effect (ratios .08, .1, .2)",
            "test " + ", ".join(one.told(name) for name in lecture),
            one.mean(lecture[0]) - one.mean(lecture[2]) > 0.25,
        ),
        (
            "most of it is the unscaled signal: inverted dropout falls less",
            "inverted: " + ", ".join(one.told(name) for name in inverted),
            falls[1] < 0.5 * falls[0],
        ),
    ]


def simple_convnet(found: dict[str, Results]) -> list[Finding]:
    """X8."""
    return printed(found["simple-convnet"], 0.9956, 0.962)


def deep_convnet(found: dict[str, Results]) -> list[Finding]:
    """X9."""
    deep, simple = (found[name].facts() for name in ("deep-convnet", "simple-convnet"))
    tests = [facts["final"]["test_accuracy"] for facts in (deep, simple)]
    told = f"{tests[0]:.3f} against {tests[1]:.3f}, in {deep['seconds']:.0f} against {simple['seconds']:.0f} s"
    return [*printed(found["deep-convnet"], 0.9958, 0.985), ("deeper is better, and dearer", told, tests[0] > tests[1])]


def printed(one: Results, train: float, test: float) -> list[Finding]:
    """The accuracies that the lecture prints for a single run, within a hundredth."""
    last = one.facts()["final"]
    lecture = {"train": train, "test": test}
    found = {split: last[f"{split}_accuracy"] for split in lecture}
    return [
        (f"{split} {lecture[split]}", f"{found[split]:.4f}", found[split] > lecture[split] - 0.01) for split in lecture
    ]


def rates(found: dict[str, Results]) -> list[Finding]:
    """X17."""
    one = found["learning-rate"]
    small, large = "lr0.001", "lr10"
    best = max(one.variants, key=one.mean)
    lost = one.variants[large]["diverged"]
    ending = f"{lost} of {one.variants[large]['cells']} diverged" if lost != "0" else one.told(large)
    return [
        ("too small is slow", f"lr .001: {one.told(small)}; best {best}: {one.told(best)}", one.mean(small) < 0.8),
        ("too large does not learn", f"lr 10: {ending}", lost != "0" or one.mean(large) < 0.3),
    ]
