"""Settings of a spec under dotted keys, so that two specs can be laid side by side."""

from collections.abc import Mapping
from typing import Any


def flat(value: Any, key: str = "") -> dict[str, Any]:
    """Nested mappings and lists as dotted keys."""
    if isinstance(value, list | tuple):
        value = dict(enumerate(value))
    if not isinstance(value, Mapping):
        return {key: value}
    return {
        name: found
        for step, child in value.items()
        for name, found in flat(child, f"{key}.{step}" if key else str(step)).items()
    }


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """A line for every key whose value is another one."""
    return [
        f"{key}: {_word(old.get(key))} in the checkpoint, {_word(new.get(key))} now"
        for key in dict.fromkeys([*old, *new])
        if old.get(key) != new.get(key)
    ]


def _word(value: Any) -> str:
    return "none" if value is None else str(value)
