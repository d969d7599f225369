"""How a problem is told."""

import pytest

from sso_batch.config.problems import Path, Problem, shown


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("output", "directory"), "output.directory"),
        (("organizations", 1, "role_arn", 0), "organizations[1].role_arn[0]"),
        (("tags", "a b"), 'tags["a b"]'),
        (("\x1b[31m\n",), '["\\u001b[31m\\n"]'),
        (("x" * 100,), '["' + "x" * 64 + '"]'),
    ],
)
def test_paths(path: Path, text: str) -> None:
    """A path is written as one would write it in code; odd keys are quoted, escaped and cut."""
    assert shown(path) == text


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (Problem(3, "a.b", "wrong"), "orgs.yaml:3: a.b: wrong"),
        (Problem(3, "", "wrong"), "orgs.yaml:3: wrong"),
        (Problem(0, "", "wrong"), "orgs.yaml: wrong"),
        (Problem(1, "", "a\x1b[2J\nb\u202ec\ud800"), "orgs.yaml:1: a\\x1b[2J\\nb\\u202ec\\ud800"),
    ],
)
def test_one_line_each(problem: Problem, line: str) -> None:
    """A problem is one line that a terminal cannot be tricked with."""
    assert problem.told("orgs.yaml") == line
