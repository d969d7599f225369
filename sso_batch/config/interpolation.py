"""Variables in a scalar: `${VAR}`, `${VAR:-default}`, `${VAR:?message}`, and `$$` for a dollar sign.

As in the shell, `:-` and `:?` treat an empty variable like an unset one. The value of a variable is never
expanded again, and a `$` that no `{` or `$` follows stays unchanged.
"""

import re
from collections.abc import Mapping

MAX_LENGTH = 100_000
"""The maximum length of the values of all variables in a scalar, in characters."""

_DOLLARS = re.compile(r"\$\$|\$\{(?P<body>[^}]*)(?P<end>\}?)")
_REFERENCE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::(?P<form>[-?])(?P<words>.*))?", re.DOTALL)


class ExpansionError(ValueError):
    """A scalar that cannot be expanded; `reasons` has a sentence for each problem."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = tuple(reasons)


def expand(text: str, environ: Mapping[str, str]) -> str:
    """Return `text` with its variables replaced; raise ExpansionError with every problem."""
    reasons: list[str] = []
    length = 0

    def replacement(dollars: re.Match[str]) -> str:
        nonlocal length
        if dollars[0] == "$$":
            return "$"
        try:
            value = _value(dollars["body"] if dollars["end"] else None, environ)
        except LookupError as error:
            reasons.append(str(error.args[0]))
            return ""
        length += len(value)
        return value if length <= MAX_LENGTH else ""

    expanded = _DOLLARS.sub(replacement, text)
    if length > MAX_LENGTH:
        reasons.append(f"the variables hold more than {MAX_LENGTH:,} characters: check their values")
    if reasons:
        raise ExpansionError(reasons)
    return expanded


def _value(body: str | None, environ: Mapping[str, str]) -> str:
    """Return the value of `${body}`; `body` is None if the closing brace is missing.

    Raises LookupError with the reason if it has none.
    """
    if body is None:
        raise LookupError("`${` without `}`: close it, or write `$$` for a dollar sign")
    reference = _REFERENCE.fullmatch(body)
    if reference is None:
        raise LookupError(
            "not a variable: write ${NAME}, ${NAME:-default} or ${NAME:?message}, and `$$` for a dollar sign"
        )
    name, form, words = reference["name"], reference["form"], reference["words"] or ""
    if "${" in words.replace("$$", ""):
        raise LookupError(
            f"`${{` inside ${{{name}…}}: a default cannot contain a variable; write `$$` for a dollar sign"
        )
    words = words.replace("$$", "$")
    value = environ.get(name)
    if value or (value is not None and form is None):
        return value
    if form == "-":
        return words
    if form == "?":
        raise LookupError(f"the variable {name} is not set or empty: {words or 'set it'}")
    raise LookupError(f"the variable {name} is not set: set it, or provide a default: ${{{name}:-default}}")
