"""Cells of a CSV file: one line each, formulas escaped, quoted as RFC 4180 asks."""

import re

# What a spreadsheet takes for the start of a formula: at the start of a cell, and after `;`, TAB or a line
# break, where a spreadsheet that splits cells sees another start.
_FORMULA = re.compile(r"(?:^|(?<=[;\t\r\n]))(?=[=+\-@\t\r\n＝＋－＠])|^(?=')")  # noqa: RUF001 - full-width on purpose

_TO_QUOTE = re.compile(r'[",\r\n]')

# Control characters, line and paragraph separators, and characters that override the direction of text.
_BREAKING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def escape_formulas(value: str) -> str:
    """Return the value with `'` before each formula start; a leading `'` is doubled."""
    return _FORMULA.sub("'", value)


def quote_field(value: str) -> str:
    """Return the value as a field of a CSV line.

    A value that starts like a GitHub workflow command (`::error::`) is quoted too, because it can be the
    start of a line.
    """
    if _TO_QUOTE.search(value) or value.lstrip().startswith("::"):
        return '"' + value.replace('"', '""') + '"'
    return value


def escape_line_breaks(text: str) -> str:
    """Return the text on one line, with line breaks, controls and direction overrides as `[U+000A]`."""
    if text.isprintable():
        return text
    return _BREAKING.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)
