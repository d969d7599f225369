"""A call that gave no answer: a kind for what another try may mend, and one for what it cannot."""

from sso_batch.aws import hints
from sso_batch.aws.error_codes import DENIED, EXPIRED, NOT_FOUND, THROTTLES, UNREACHABLE
from sso_batch.aws.operations import Operation
from sso_batch.aws.time_limit import TimeLimit
from sso_batch.model import Gap, Subject

MALFORMED = "MalformedAnswer"
DEADLINE = "DeadlineExceeded"
LIST_LEFT_OUT = "ListLeftOut"
CONTRADICTION = "ContradictoryAnswer"


class AwsFailure(Exception):  # noqa: N818 - an answer that is missing, not a defect
    """A call that gave no answer, after all its tries."""

    def __init__(
        self, operation: str, code: str, message: str, *, hint: str = "", of_subject: bool = True
    ) -> None:
        """`of_subject` is False where AWS's answer is about something else than the call asked for."""
        super().__init__(operation, code)
        self.operation = operation
        self.code = code
        self.message = message
        self.hint = hint
        self._of_subject = of_subject

    def __str__(self) -> str:
        return f"{self.operation}: {self.code}: {self.message}"

    @property
    def not_found(self) -> bool:
        """AWS says that what was asked for does not exist, which is an answer.

        It is none about a user where AWS did not find the identity store.
        """
        return self.anything_not_found and self._of_subject

    @property
    def anything_not_found(self) -> bool:
        """AWS looked for something that the call names, so that the caller may make it."""
        return self.code in NOT_FOUND

    @property
    def throttle(self) -> bool:
        """AWS was asked too fast."""
        return self.code in THROTTLES

    @property
    def denied(self) -> bool:
        """The caller may not make this call."""
        return is_denied(self.code)

    @property
    def expired(self) -> bool:
        """The credentials have run out, perhaps before their time."""
        return self.code in EXPIRED

    @property
    def unreachable(self) -> bool:
        """No endpoint answered: no connection, no TLS, or no proxy."""
        return self.code in UNREACHABLE

    @property
    def transient(self) -> bool:
        """Another try may succeed."""
        return False

    def gap(self, subject: Subject) -> Gap:
        """Return the gap that the failure leaves in what was read about `subject`."""
        return Gap.about(subject, self.operation, self.code, self.message, self.hint)


class TransientFailure(AwsFailure):
    """A failure that another try may mend: a throttle, a 5xx, a connection, a broken answer."""

    @property
    def transient(self) -> bool:
        """Another try may succeed."""
        return True


def malformed(operation: Operation, what: str) -> TransientFailure:
    """An answer that is not what AWS promises: never taken for an empty one."""
    return TransientFailure(
        operation.name, MALFORMED, f"the answer cannot be understood: {what}", hint=hints.on_broken_answer()
    )


def list_left_out(operation: Operation) -> AwsFailure:
    """An answer without the list that was asked for: an empty one, or a broken one."""
    return AwsFailure(
        operation.name,
        LIST_LEFT_OUT,
        f"the answer has no {operation.items}, not even an empty list",
        hint="allow the role the IAM action sso:ListPermissionSets, so that another listing can confirm it",
    )


def contradiction(operation: Operation, what: str) -> AwsFailure:
    """An answer that something else that AWS says rules out."""
    return AwsFailure(
        operation.name,
        CONTRADICTION,
        what,
        hint="run again; if it stays so, check that AWS answers and not something in between",
    )


def endless(operation: Operation, pages: int) -> AwsFailure:
    """A listing that does not end: to ask on would not end it either."""
    return AwsFailure(
        operation.name,
        "EndlessListing",
        f"the listing has not ended after {pages} pages",
        hint="AWS never returns this many pages: check which endpoint or proxy answers, then run again",
    )


def past_deadline(operation: Operation, limit: TimeLimit, last: AwsFailure | None = None) -> AwsFailure:
    """The time limit was reached without an answer; `last` is how the last attempt failed, if one did."""
    message = f"no answer before the end of {limit.name}"
    if last is None:
        return AwsFailure(operation.name, DEADLINE, message, hint=limit.hint)
    return AwsFailure(
        operation.name,
        DEADLINE,
        f"{message}; the last attempt failed with {last}",
        hint="; or ".join(filter(None, (last.hint, limit.hint))),
    )


def given_up(failure: AwsFailure, attempts: int, seconds: float) -> AwsFailure:
    """The failure of the last of several attempts, with how many they were and how long they took."""
    message = f"{failure.message} ({attempts} attempts in {seconds:.0f} s)"
    return TransientFailure(failure.operation, failure.code, message, hint=failure.hint)


def is_denied(code: str) -> bool:
    """Whether AWS says by this code that the caller may not make the call."""
    return code in DENIED
