"""YAML to a typed, complete, immutable spec; every fault with its file, line and column.

    spec = load("lenet.yaml", overrides=["optimizer.lr=0.1"])

text -> `parser` (nodes with places) -> `overrides` -> `schema` (pydantic, from the registries) -> `specification`
"""

from dlab.spec.build import load, vary
from dlab.spec.compare import Compare, Variant
from dlab.spec.files import shipped
from dlab.spec.options import EarlyStop, Regularize, Train
from dlab.spec.schema import json_schema
from dlab.spec.specification import Model, Spec

__all__ = [
    "Compare",
    "EarlyStop",
    "Model",
    "Regularize",
    "Spec",
    "Train",
    "Variant",
    "json_schema",
    "load",
    "shipped",
    "vary",
]
