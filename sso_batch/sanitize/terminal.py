"""Text for a terminal and its log.

A terminal obeys escape sequences, and the log of a GitHub workflow obeys lines such as `::error::`.
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
