"""YAML syntax errors in plain words."""

import yaml

from sso_batch.config.problems import Problem

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
