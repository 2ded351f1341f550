"""A JSON Schema in words: what may stand in one place of a spec."""

from typing import Any

Schema = dict[str, Any]

TYPES = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "text (quote it)",
    "null": "null",
    "object": "a mapping",
}
BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "greater than",
    "maximum": "at most",
    "exclusiveMaximum": "less than",
    "multipleOf": "a multiple of",
}
NAME = 'a name of up to 64 letters, digits and "._-" that begins with a letter or digit (quoted if it is a number)'


def describe(schema: Schema) -> str:
    """What `schema` allows, to stand behind "must be"."""
    if "anyOf" in schema:
        return " or ".join(describe(member) for member in schema["anyOf"])
    if words := allowed(schema):
        return ("one of " if len(words) > 1 else "") + ", ".join(words)
    if "pattern" in schema:
        return NAME
    if schema.get("type") == "array":
        return "a list of " + describe(schema["items"]).replace("a ", "", 1).replace("number", "numbers", 1)
    kind = TYPES.get(schema.get("type", "object"), "a value")
    if "minimum" in schema and "maximum" in schema:
        return f"{kind} from {schema['minimum']} to {schema['maximum']}"
    bounds = [f"{words} {schema[key]}" for key, words in BOUNDS.items() if key in schema]
    return kind + (f" {' and '.join(bounds)}" if bounds else "")


def allowed(schema: Schema) -> list[str]:
    """The words that may stand there, if they can be listed."""
    if "const" in schema:
        return [str(schema["const"])]
    members = schema.get("oneOf", [])
    return [str(word) for word in schema.get("enum", [])] + [word for member in members for word in allowed(member)]


def resolved(schema: Schema, definitions: Schema) -> Schema:
    """`schema`, or the definition it refers to."""
    return definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def entered(schema: Schema, value: Any, definitions: Schema) -> Schema:
    """The schema of the mapping or list that `value` is meant to be, picked from its alternatives."""
    schema = resolved(schema, definitions)
    members = [resolved(member, definitions) for member in schema.get("oneOf") or schema.get("anyOf") or ()]
    members = [member for member in members if "properties" in member or "items" in member]
    fitting = [member for member in members if _fits(member, value)]
    return fitting[0] if fitting else (members[0] if members else schema)


def _fits(member: Schema, value: Any) -> bool:
    """Whether `value` has the word that picks this member."""
    if not isinstance(value, dict) or "properties" not in member:
        return isinstance(value, list) and "items" in member
    fixed = {key: option["const"] for key, option in member["properties"].items() if "const" in option}
    if not fixed:
        return all(key in value for key in member.get("required", []))
    return all(value.get(key) == word for key, word in fixed.items())


def stepped(schema: Schema, step: str | int) -> Schema:
    """The schema one step below."""
    if isinstance(step, int):
        return schema.get("items", {})
    return schema.get("properties", {}).get(step, {})
