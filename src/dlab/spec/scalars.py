"""What a plain YAML word means: the numbers, booleans and null of YAML 1.2, and nothing that readers disagree on."""

import re

Scalar = str | int | float | bool | None

CONSTANTS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
MOST_DIGITS = 1000

# Words that YAML 1.1 and 1.2, or people, read in different ways.
DOUBTFUL = (
    (
        re.compile(r"yes|no|on|off", re.IGNORECASE),
        "not every reader takes this for a boolean: write true or false, or quote it",
    ),
    (re.compile(r"[-+]?0[0-9]+(\.[0-9]*)?"), "a number has no leading zero; quote it if it is a word"),
    (re.compile(r"[-+]?0[oxb][0-9a-fA-F_]+"), "write the number in decimal digits, or quote it if it is a word"),
    (re.compile(r"[-+]?[0-9][0-9.]*_[0-9_.]*"), "write the number without _, or quote it if it is a word"),
    (re.compile(r"[-+]?[0-9]+(:[0-9]{1,2})+(\.[0-9]*)?"), "write the number without :, or quote it if it is a word"),
    (re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt\s].*)?"), "dates have no meaning here; quote it if it is a word"),
    (re.compile(r"~.+|.*\$[{\w].*"), "~ and $ are not expanded: write the path in full, or quote it"),
)


def resolve(text: str) -> Scalar:
    """The value of an unquoted word; ValueError where its meaning is in doubt."""
    if text in CONSTANTS:
        return CONSTANTS[text]
    for pattern, advice in DOUBTFUL:
        if pattern.fullmatch(text):
            raise ValueError(advice)
    return _number(text)


def _number(text: str) -> Scalar:
    is_integer = INTEGER.fullmatch(text)
    if (is_integer or FLOAT.fullmatch(text)) and len(text) > MOST_DIGITS:
        raise ValueError(f"a number of {len(text)} characters; at most {MOST_DIGITS} are read")
    if is_integer:
        return int(text)
    if NOT_FINITE.fullmatch(text):
        return float(text.replace(".", ""))
    return float(text) if FLOAT.fullmatch(text) else text


def is_word(text: str) -> bool:
    """Whether `text` means itself without quotes."""
    try:
        return resolve(text) == text
    except ValueError:
        return False
