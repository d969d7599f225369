"""Text from elsewhere, made safe for where it is shown: a terminal and its log, or a line of a CSV.

A terminal obeys escape sequences, and the log of a GitHub workflow obeys lines such as `::error::`. HTML and
workbooks have `report.visible`, formulas of spreadsheets `report.cells`.
"""

import re

# https://docs.github.com/actions/reference/workflow-commands-for-github-actions, and the older `##[command]`.
_COMMAND = re.compile(
    r":(?=:(?:error|warning|notice|debug|group|endgroup|add-mask|add-matcher|remove-matcher|add-path|echo"
    r"|save-state|set-env|set-output|stop-commands)\b)|#(?=#\[)",
    re.IGNORECASE,
)

# Controls, separators of lines and paragraphs, and what turns the direction of text.
_BREAKING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """The text on one line, escapes in the place of whatever is not plainly seen, or is a command."""
    if not text.isprintable():
        text = "".join(map(_escaped, text))
    return _COMMAND.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def printable_lines(text: str) -> str:
    """The same for a text of several lines."""
    return "\n".join(map(printable, text.split("\n")))


def in_one_line(text: str) -> str:
    """The text as a cell of a CSV: what breaks lines, or deceives whoever reads them, as `[U+000A]`."""
    if text.isprintable():
        return text
    return _BREAKING.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


def _escaped(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
