"""A call that gave no answer, as a failure and as a gap."""

import pytest

from sso_batch.aws.exceptions import AwsFailure, malformed, past_deadline
from sso_batch.aws.operations import GET_CALLER_IDENTITY, LIST_USERS
from sso_batch.aws.time_limit import TimeLimit
from sso_batch.model import Gap, GapKind, Subject


def test_gap() -> None:
    """A failure is a gap of the resource that it was about, and can be told in a line."""
    failure = AwsFailure("ListUsers", "AccessDenied", "no", hint="allow it")

    assert failure.gap(Subject(GapKind.USERS, "d-1")) == Gap(
        GapKind.USERS, "ListUsers", "d-1", "AccessDenied", "no", "allow it"
    )
    assert str(failure) == "ListUsers: AccessDenied: no"


def test_our_own() -> None:
    """A broken answer is worth another try; the deadline is not."""
    limit = TimeLimit(7.0, "run.deadline (2h)", "increase run.deadline")
    broken, late = malformed(LIST_USERS, "no Users"), past_deadline(GET_CALLER_IDENTITY, limit)

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
def test_the_last_error_before_the_time_limit(hint: str, expected: str) -> None:
    """A time limit names itself, the last error, and what to do about either."""
    limit = TimeLimit(7.0, "run.deadline (2h)", "increase run.deadline")
    last = AwsFailure("AssumeRole", "SSLError", "bad certificate", hint=hint)

    late = past_deadline(LIST_USERS, limit, last)

    assert (late.operation, late.code, late.hint) == ("ListUsers", "DeadlineExceeded", expected)
    assert late.message == (
        "no answer before the end of run.deadline (2h); the last attempt failed with "
        "AssumeRole: SSLError: bad certificate"
    )
