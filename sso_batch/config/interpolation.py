"""`${VAR}` in a scalar: `${VAR}`, `${VAR:-default}`, `${VAR:?message}`, and `$$` for a dollar sign.

As in the shell, `:-` and `:?` also take an empty variable for an unset one. What a variable holds is
never looked into again, and a `$` that no `{` or `$` follows is kept as it stands.
"""

import re
from collections.abc import Mapping

_DOLLARS = re.compile(r"\$\$|\$\{(?P<body>[^}]*)(?P<end>\}?)")
_REFERENCE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::(?P<form>[-?])(?P<words>.*))?", re.DOTALL)


LONGEST = 100_000  # characters: no setting is as long


class ExpansionError(ValueError):
    """A scalar that cannot be expanded: `reasons` has a sentence for each thing that is wrong."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = tuple(reasons)


def expand(text: str, environ: Mapping[str, str]) -> str:
    """Put the variables' values into `text`; raise ExpansionError with everything that is wrong with it."""
    reasons: list[str] = []
    length = 0

    def replaced(dollars: re.Match[str]) -> str:
        nonlocal length
        if dollars[0] == "$$":
            return "$"
        try:
            value = _value(dollars["body"] if dollars["end"] else None, environ)
        except LookupError as error:
            reasons.append(str(error.args[0]))
            return ""
        length += len(value)
        return value if length <= LONGEST else ""

    expanded = _DOLLARS.sub(replaced, text)
    if length > LONGEST:
        reasons.append(f"the variables here hold more than {LONGEST:,} characters: no setting is as long")
    if reasons:
        raise ExpansionError(reasons)
    return expanded


def _value(body: str | None, environ: Mapping[str, str]) -> str:
    """Give what stands for `${body}`, whose body is None where it has no end.

    Raises LookupError with the reason where nothing does.
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
            f"`${{` inside ${{{name}…}}: a default cannot hold a variable; write `$$` for a dollar sign"
        )
    words = words.replace("$$", "$")
    value = environ.get(name)
    if value or (value is not None and form is None):
        return value
    if form == "-":
        return words
    if form == "?":
        raise LookupError(f"the variable {name} is not set or empty: {words or 'set it'}")
    raise LookupError(f"the variable {name} is not set: set it, or give a default with ${{{name}:-default}}")
