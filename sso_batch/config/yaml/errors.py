"""Broken YAML, told in words."""

import yaml

from sso_batch.config.problems import Problem

_CHECK = "check indentation and brackets, and put ${…} within { } or [ ] in quotes"
_BROKEN_YAML = (
    (
        "cannot start any token",
        "a tab, or a sign such as @ or ` before a value: indent with spaces, and put such text in quotes",
    ),
    (
        "mapping values are not allowed",
        "wrong indentation, or a second `: ` on the line: put text that holds `: ` in quotes",
    ),
    ("end of stream", "a quote that is opened and never closed: close it"),
)


def broken(error: yaml.MarkedYAMLError, last_line: int) -> Problem:
    """Tell broken YAML in words, at the line where it is broken."""
    reason = str(error.problem)
    for part, sentence in _BROKEN_YAML:
        if part in reason:
            # a quote that is never closed is noticed at the end of the file, and mended where it was opened
            mark = error.context_mark if part == "end of stream" else error.problem_mark
            return Problem(_line(mark), "", f"this is not YAML: {sentence}")
    line = min(_line(error.problem_mark), last_line)  # what is missing at the end is missed one line later
    return Problem(line, "", f"this is not YAML: {reason}; {_CHECK}")


def _line(mark: yaml.Mark | None) -> int:
    """Give the line as people count it, from 1; 0 where it is not known."""
    return mark.line + 1 if mark else 0
