"""Tests of how a problem is shown."""

import pytest

from sso_batch.config.problems import KeyPath, Problem, format_path


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
def test_paths(path: KeyPath, text: str) -> None:
    """A path looks like an expression in code; unusual keys are quoted, escaped and shortened."""
    assert format_path(path) == text


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (Problem(3, "a.b", "wrong"), "orgs.yaml:3: a.b: wrong"),
        (Problem(3, "", "wrong"), "orgs.yaml:3: wrong"),
        (Problem(0, "", "wrong"), "orgs.yaml: wrong"),
        (Problem(1, "", "a\x1b[2J\nb\u202ec\ud800"), "orgs.yaml:1: a\\x1b[2J\\nb\\u202ec\\ud800"),
    ],
)
def test_format(problem: Problem, line: str) -> None:
    """A problem is one line without control characters."""
    assert problem.format("orgs.yaml") == line
