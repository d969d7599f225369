"""Failures of calls: those that another attempt may resolve, and those that it cannot."""

from sso_batch.aws import call_hints
from sso_batch.aws.backoff import TimeLimit
from sso_batch.aws.error_codes import (
    CONTRADICTION,
    DEADLINE,
    DENIED,
    ENDLESS_LISTING,
    EXPIRED,
    LIST_LEFT_OUT,
    MALFORMED,
    NOT_FOUND,
    THROTTLES,
    UNREACHABLE,
)
from sso_batch.aws.operations import Operation
from sso_batch.model import Gap, Subject


class AwsFailure(Exception):  # noqa: N818 - a missing answer, not a defect
    """A call without an answer, after all its attempts."""

    def __init__(
        self, operation: str, code: str, message: str, *, hint: str = "", of_subject: bool = True
    ) -> None:
        """`of_subject` is False if AWS's answer is about something other than the requested resource."""
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
        """Whether AWS says that the requested resource does not exist, which is an answer.

        It says nothing about a user if AWS did not find the identity store.
        """
        return self.anything_not_found and self._of_subject

    @property
    def anything_not_found(self) -> bool:
        """Whether AWS did not find something that the call names; the caller is allowed to make the call."""
        return self.code in NOT_FOUND

    @property
    def throttle(self) -> bool:
        """Whether AWS throttled the call."""
        return self.code in THROTTLES

    @property
    def denied(self) -> bool:
        """Whether the caller may not make this call."""
        return is_denied(self.code)

    @property
    def expired(self) -> bool:
        """Whether the credentials have expired, perhaps earlier than AWS announced."""
        return self.code in EXPIRED

    @property
    def unreachable(self) -> bool:
        """Whether no endpoint answered: no connection, no TLS, or no proxy."""
        return self.code in UNREACHABLE

    @property
    def transient(self) -> bool:
        """Whether another attempt may succeed."""
        return False

    def gap(self, subject: Subject) -> Gap:
        """Return the gap that the failure leaves in what was read about `subject`."""
        return Gap.about(subject, self.operation, self.code, self.message, self.hint)


class TransientFailure(AwsFailure):
    """A failure that another attempt may resolve: a throttle, a 5xx, a connection, a malformed answer."""

    @property
    def transient(self) -> bool:
        """Whether another attempt may succeed."""
        return True


def malformed_answer(operation: Operation, what: str) -> TransientFailure:
    """Return the failure for an answer that AWS does not document: never taken for an empty one."""
    return TransientFailure(
        operation.label, MALFORMED, f"the answer cannot be understood: {what}", hint=call_hints.MALFORMED
    )


def missing_list(operation: Operation) -> AwsFailure:
    """Return the failure for an answer without the requested list: it may be empty, or broken."""
    return AwsFailure(
        operation.label,
        LIST_LEFT_OUT,
        f"the answer has no {operation.items}, not even an empty list",
        hint=call_hints.LIST_LEFT_OUT,
    )


def contradiction(operation: Operation, what: str) -> AwsFailure:
    """Return the failure for an answer that contradicts another answer of AWS."""
    return AwsFailure(operation.label, CONTRADICTION, what, hint=call_hints.CONTRADICTION)


def endless_listing(operation: Operation, pages: int) -> AwsFailure:
    """Return the failure for a listing that does not end; further calls would not end it either."""
    return AwsFailure(
        operation.label,
        ENDLESS_LISTING,
        f"the listing has not ended after {pages} pages",
        hint=call_hints.ENDLESS_LISTING,
    )


def deadline_exceeded(operation: Operation, limit: TimeLimit, last: AwsFailure | None = None) -> AwsFailure:
    """Return the failure for a time limit that passed without an answer; `last` is the last attempt's."""
    message = f"no answer before the end of {limit.name}"
    if last is None:
        return AwsFailure(operation.label, DEADLINE, message, hint=limit.hint)
    return AwsFailure(
        operation.label,
        DEADLINE,
        f"{message}; the last attempt failed with {last}",
        hint="; or ".join(filter(None, (last.hint, limit.hint))),
    )


def attempts_exhausted(failure: AwsFailure, attempts: int, seconds: float) -> AwsFailure:
    """Return the last attempt's failure, with the number of attempts and the seconds that they took."""
    message = f"{failure.message} ({attempts} attempts in {seconds:.0f} s)"
    return TransientFailure(failure.operation, failure.code, message, hint=failure.hint)


def is_denied(code: str) -> bool:
    """Return whether an AWS code means that the caller may not make the call."""
    return code in DENIED
