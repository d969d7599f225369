"""Text from AWS and from users, made safe for its target: a terminal, a log, a CSV file, a page. Pure.

A terminal obeys escape sequences, and the log of a GitHub workflow obeys lines such as `::error::`. A cell of
a CSV file is one line, with formulas escaped, quoted as RFC 4180 asks. In a page or a workbook, hidden
characters become visible.
"""

import re

# https://docs.github.com/actions/reference/workflow-commands-for-github-actions, and the older `##[command]`.
_COMMAND = re.compile(
    r":(?=:(?:error|warning|notice|debug|group|endgroup|add-mask|add-matcher|remove-matcher|add-path|echo"
    r"|save-state|set-env|set-output|stop-commands)\b)|#(?=#\[)",
    re.IGNORECASE,
)


def escape_terminal(text: str) -> str:
    """Return the text on one line, with unprintable characters and workflow commands escaped."""
    if not text.isprintable():
        text = "".join(map(_escape, text))
    return _COMMAND.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def escape_terminal_lines(text: str) -> str:
    """Return the text with each of its lines escaped."""
    return "\n".join(map(escape_terminal, text.split("\n")))


def _escape(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


# Control characters, and those that change the direction of text on a terminal.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+")
_USER_OF_URL = re.compile(r"(?<=://)[^/\s]*@")
_QUERY_OF_URL = re.compile(r"(?<=[/\w])\?[^\s\"]*=[^\s\"]*")
_PATH_OF_URL = re.compile(r"(https?://[^/\s\"'<>?#]*)[/?#][^\s\"'<>]*")
_PATH_OF_REQUEST = re.compile(r"(exceeded with url: )\S+")
_MAX_LENGTH = 1000


def clean_message(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Return a message without control characters, secrets and users in URLs, cut to 1000 characters."""
    for secret in secrets:
        text = text.replace(secret, "***")
    text = _QUERY_OF_URL.sub("?***", _USER_OF_URL.sub("***@", text))
    text = _UNPRINTABLE.sub(" ", text.encode("utf-8", "replace").decode())
    return text if len(text) <= _MAX_LENGTH else text[:_MAX_LENGTH] + "…"


def strip_url_paths(text: str) -> str:
    """Return a message with only scheme and host of its URLs: an endpoint's path can hold a secret."""
    return _PATH_OF_REQUEST.sub(r"\1***", _PATH_OF_URL.sub(r"\1", text))


# What a spreadsheet takes for the start of a formula: at the start of a cell, and after `;`, TAB or a line
# break, where a spreadsheet that splits cells sees another start.
_FORMULA_STARTS = "=+-@\t\r\n＝＋－＠"  # noqa: RUF001 - full-width on purpose
_SPECIAL_STARTS = ("'", *_FORMULA_STARTS)
_SEPARATORS = r"[;\t\r\n]"
_START = rf"(?=[{re.escape(_FORMULA_STARTS)}])"
_FORMULA = re.compile(rf"(?:^|(?<={_SEPARATORS})){_START}|^(?=')")
_ESCAPED_FORMULA = re.compile(rf"(?:^|(?<={_SEPARATORS}))'{_START}|^'(?=')")
_SEPARATOR = re.compile(_SEPARATORS)

_TO_QUOTE = re.compile(r'[",\r\n]')

# Control characters, line and paragraph separators, and characters that override the direction of text.
_BREAKING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def escape_formulas(value: str) -> str:
    """Return the value with `'` before each formula start; a leading `'` is doubled."""
    if not value.startswith(_SPECIAL_STARTS) and _SEPARATOR.search(value) is None:
        return value  # nearly always; the expression below takes ten times as long
    return _FORMULA.sub("'", value)


def unescape_formulas(value: str) -> str:
    """Return a value that `escape_formulas` has escaped; without an escape, the value stays unchanged."""
    return _ESCAPED_FORMULA.sub("", value) if "'" in value else value


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


# Control characters, line separators, direction overrides, zero-width characters, unpaired surrogates, tags
# and non-characters. The joiners U+200C and U+200D stay: several languages need them.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)


def show_hidden(text: str) -> str:
    """Return the text with each hidden character written as `[U+202E]`."""
    return _HIDDEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)
