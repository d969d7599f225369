"""A call that gave no answer, as a failure and as a gap."""

from sso_batch.aws.failures import AwsFailure, malformed, past_deadline
from sso_batch.aws.operations import GET_CALLER_IDENTITY, LIST_USERS
from sso_batch.model import Gap


def test_gap() -> None:
    """A failure is a gap of the resource that it was about, and can be told in a line."""
    failure = AwsFailure("ListUsers", "AccessDenied", "no", hint="allow it")

    assert failure.gap("d-1") == Gap("ListUsers", "d-1", "AccessDenied", "no", "allow it")
    assert str(failure) == "ListUsers: AccessDenied: no"


def test_our_own() -> None:
    """A broken answer is worth another try; the deadline is not."""
    broken, late = malformed(LIST_USERS, "no Users"), past_deadline(GET_CALLER_IDENTITY)

    assert (broken.code, broken.message, broken.transient) == (
        "MalformedAnswer",
        "the answer cannot be understood: no Users",
        True,
    )
    assert late.gap("x") == Gap(
        "GetCallerIdentity",
        "x",
        "DeadlineExceeded",
        "the run's deadline came before the answer",
        "raise run.deadline, or audit fewer organizations in one run",
    )
    assert not late.transient
