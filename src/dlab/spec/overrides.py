"""Settings laid over a document: `--set key=value`, `--seed`, and the variants of a comparison."""

from collections.abc import Iterable, Sequence

from dlab.spec.choices import Choices
from dlab.spec.faults import Fault, FaultError, Path, Place, printable
from dlab.spec.node import Node, node_of
from dlab.spec.parser import parse

Setting = tuple[str, Node]  # a dotted key, and the value it gets


def settings(overrides: Sequence[str], seed: int | None) -> tuple[list[Setting], list[Fault]]:
    """What the command line sets, and what is wrong with it; a key given twice is wrong."""
    found: dict[str, Node] = {}
    faults: list[Fault] = []
    for override in overrides:
        place = Place(printable(f"--set {override}", 200))
        key, node = _setting(override, place, faults)
        if key in found:
            faults.append(Fault(place, (), f"{printable(key)} is set twice"))
        elif node:
            found[key] = node
    if seed is not None:
        if "train.seed" in found:
            faults.append(Fault(Place(f"--seed {seed}"), (), "train.seed is set twice"))
        found["train.seed"] = node_of(seed, Place(f"--seed {seed}"))
    return list(found.items()), faults


def _setting(override: str, place: Place, faults: list[Fault]) -> tuple[str, Node | None]:
    key, equals, text = override.partition("=")
    key = key.strip()
    if not equals or not all(key.split(".")) or not key.isprintable():
        faults.append(Fault(place, (), "must be key=value, such as train.epochs=5"))
        return key, None
    if not text.strip():
        faults.append(Fault(place, (), "has no value; write null for none"))
        return key, None
    node, found = parse(text, lambda line, column: place)
    faults += [Fault(place, (*key.split("."), *fault.path), fault.message) for fault in found]
    return key, node


def apply(root: Node, given: Iterable[Setting], choices: Choices) -> tuple[Node, list[Fault]]:
    """`root` with the settings in it, the general ones first, so that `optimizer=adam` keeps `optimizer.lr=0.1`."""
    faults: list[Fault] = []
    for key, node in sorted(given, key=lambda setting: setting[0].count(".")):
        try:
            root = _put(choices.expanded(root), tuple(key.split(".")), (), node, choices)
        except FaultError as stop:
            faults.append(stop.fault)
    return choices.expanded(root), faults


def _put(parent: Node, steps: Sequence[str], above: Path, node: Node, choices: Choices) -> Node:
    step = _step(parent, steps[0], above, node)
    path = (*above, step)
    if len(steps) == 1:
        return parent.put(step, node)
    child = parent.child(step)
    if child is None or child.value is None:
        child = node_of(choices.defaults.get(path, {}), node.place)
    return parent.put(step, _put(child, steps[1:], path, node, choices))


def _step(parent: Node, word: str, path: Path, node: Node) -> str | int:
    """`word` as a key of the mapping or an index of the list `parent`."""
    if isinstance(parent.value, dict):
        return word
    if not isinstance(parent.value, tuple):
        raise FaultError(Fault(node.place, path, f"is a single value and holds no {printable(word)}"))
    if not (word.isascii() and word.isdigit() and len(word) < 10 and int(word) < len(parent.value)):
        message = f"{printable(word)} is no index. Allowed: 0 to {len(parent.value) - 1}"
        raise FaultError(Fault(node.place, path, message))
    return int(word)
