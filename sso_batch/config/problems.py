"""A problem of a configuration file, how it is shown, and YAML syntax errors in plain words."""

import json
import re
from dataclasses import dataclass

import yaml

from sso_batch.sanitize import escape_terminal

KeyPath = tuple[str | int, ...]
"""The keys and list indexes that lead to a value."""

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_MAX_KEY_LENGTH = 64

_UNCLOSED_QUOTE = "end of stream"
_REMEDY = "check indentation and brackets, and put ${…} within { } or [ ] in quotes"
_MESSAGES = (
    (
        "cannot start any token",
        "a tab, or a character such as @ or ` before a value: indent with spaces, and quote such text",
    ),
    (
        "mapping values are not allowed",
        "wrong indentation, or a second `: ` on the line: quote text that contains `: `",
    ),
    (_UNCLOSED_QUOTE, "a quote is opened and never closed: close it"),
)
"""Parts of PyYAML's messages, and what to say instead."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong and what to write (`text`), with its line (0 if unknown) and the `path` of the key."""

    line: int
    path: str
    text: str

    def format(self, file: str) -> str:
        """Return the problem on one line that is safe to print, whatever the file contains."""
        place = f"{file}:{self.line}" if self.line else file
        return escape_terminal(": ".join(part for part in (place, self.path, self.text) if part))


def format_path(path: KeyPath) -> str:
    """Return a path such as `organizations[1].role_arn`; keys with other characters are quoted."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN_KEY.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{json.dumps(step[:_MAX_KEY_LENGTH])}]"
    return text


def syntax_problem(error: yaml.MarkedYAMLError, last_line: int) -> Problem:
    """Return the problem of invalid YAML, at the line to fix."""
    reason = str(error.problem)
    for part, message in _MESSAGES:
        if part in reason:
            # PyYAML notices an unclosed quote at the end of the file; it has to be fixed where it begins
            mark = error.context_mark if part == _UNCLOSED_QUOTE else error.problem_mark
            return Problem(_line(mark), "", f"invalid YAML: {message}")
    line = min(_line(error.problem_mark), last_line)  # what is missing at the end is noticed one line later
    return Problem(line, "", f"invalid YAML: {reason}; {_REMEDY}")


def _line(mark: yaml.Mark | None) -> int:
    """Return the line, counted from 1; 0 if it is unknown."""
    return mark.line + 1 if mark else 0
