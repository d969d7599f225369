"""One cell of a CSV: formulas made inert, then quoted as RFC 4180 asks."""

import re

# What a spreadsheet takes for the start of a formula, at a cell's start or where a spreadsheet that splits
# the cell would see a start: after `;`, TAB or a line break.
_FORMULA = re.compile(r"(?:^|(?<=[;\t\r\n]))(?=[=+\-@\t\r\n＝＋－＠])|^(?=')")  # noqa: RUF001 - full-width on purpose

_TO_QUOTE = re.compile(r'[",\r\n]')


def escape_formulas(value: str) -> str:
    """The value with `'` before whatever a spreadsheet would compute; a leading `'` is doubled."""
    return _FORMULA.sub("'", value)


def quote(value: str) -> str:
    """The value as a field of a CSV line.

    What begins like a command of a GitHub workflow (`::error::`) is quoted, too: a line may begin with it.
    """
    if _TO_QUOTE.search(value) or value.lstrip().startswith("::"):
        return '"' + value.replace('"', '""') + '"'
    return value
