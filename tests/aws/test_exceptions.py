"""Tests of failures of calls."""

import pytest

from sso_batch.aws.backoff import TimeLimit
from sso_batch.aws.exceptions import AwsFailure, deadline_exceeded, malformed_answer
from sso_batch.aws.operations import GET_CALLER_IDENTITY, LIST_USERS
from sso_batch.model import Gap, GapKind, Subject


def test_gap() -> None:
    """A failure becomes a gap of its resource, and is described in one line."""
    failure = AwsFailure("ListUsers", "AccessDenied", "no", hint="allow it")

    assert failure.gap(Subject(GapKind.USERS, "d-1")) == Gap(
        GapKind.USERS, "ListUsers", "d-1", "AccessDenied", "no", "allow it"
    )
    assert str(failure) == "ListUsers: AccessDenied: no"


def test_failures_of_sso_batch() -> None:
    """A malformed answer is transient; an exceeded deadline is not."""
    limit = TimeLimit(7.0, "run.deadline (2h)", "increase run.deadline")
    broken, late = malformed_answer(LIST_USERS, "no Users"), deadline_exceeded(GET_CALLER_IDENTITY, limit)

    assert (broken.code, broken.message, broken.transient) == (
        "MalformedAnswer",
        "the answer cannot be understood: no Users",
        True,
    )
    assert late.gap(Subject(GapKind.USERS, "x", "arn")) == Gap(
        GapKind.USERS,
        "GetCallerIdentity",
        "x",
        "DeadlineExceeded",
        "no answer before the end of run.deadline (2h)",
        "increase run.deadline",
        "arn",
    )
    assert not late.transient


@pytest.mark.parametrize(
    ("hint", "expected"),
    [("check the network", "check the network; or increase run.deadline"), ("", "increase run.deadline")],
)
def test_last_error_before_the_time_limit(hint: str, expected: str) -> None:
    """An exceeded time limit is reported with its name, the last error, and what to do about each."""
    limit = TimeLimit(7.0, "run.deadline (2h)", "increase run.deadline")
    last = AwsFailure("AssumeRole", "SSLError", "bad certificate", hint=hint)

    late = deadline_exceeded(LIST_USERS, limit, last)

    assert (late.operation, late.code, late.hint) == ("ListUsers", "DeadlineExceeded", expected)
    assert late.message == (
        "no answer before the end of run.deadline (2h); the last attempt failed with "
        "AssumeRole: SSLError: bad certificate"
    )
