"""What can go wrong with a call: told apart as worth another try or not, and explained to a person."""

import re
from typing import Any

import botocore.exceptions as botocore
from botocore.parsers import ResponseParserError

from sso_batch.aws.operations import Operation
from sso_batch.model import Gap

_THROTTLES = frozenset(
    {
        "ThrottlingException",
        "Throttling",
        "ThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "PriorRequestNotComplete",
    }
)
_TRANSIENT = frozenset({"RequestTimeout", "RequestTimeoutException", "ConcurrentModificationException"})
_DENIED = frozenset(
    {"AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "UnauthorizedException"}
)
_EXPIRED = frozenset({"ExpiredTokenException", "ExpiredToken", "RequestExpired"})
_UNKNOWN_CREDENTIALS = frozenset(
    {
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
    }
)
_NOT_FOUND = frozenset({"ResourceNotFoundException"})

MALFORMED = "MalformedAnswer"
DEADLINE = "DeadlineExceeded"

# Control characters, and those that turn the direction of text on a terminal.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+")
_LONGEST = 1000


class AwsFailure(Exception):  # noqa: N818 - an answer that is missing, not a defect
    """A call that gave no answer, after all its tries."""

    def __init__(self, operation: str, code: str, message: str, *, hint: str = "") -> None:
        super().__init__(operation, code)
        self.operation = operation
        self.code = code
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.operation}: {self.code}: {self.message}"

    @property
    def not_found(self) -> bool:
        """AWS says that what was asked for does not exist, which is an answer."""
        return self.code in _NOT_FOUND

    @property
    def throttle(self) -> bool:
        """AWS was asked too fast."""
        return self.code in _THROTTLES

    @property
    def denied(self) -> bool:
        """The caller may not make this call."""
        return self.code in _DENIED

    @property
    def transient(self) -> bool:
        """Another try may succeed."""
        return False

    def gap(self, resource: str) -> Gap:
        """The failure as a hole in what was read of `resource`."""
        return Gap(self.operation, resource, self.code, self.message, self.hint)


class TransientFailure(AwsFailure):
    """A failure that another try may mend: a throttle, a 5xx, a connection, a broken answer."""

    @property
    def transient(self) -> bool:
        """Another try may succeed."""
        return True


def malformed(operation: Operation, what: str) -> TransientFailure:
    """An answer that is not what AWS promises: never taken for an empty one."""
    return TransientFailure(operation.name, MALFORMED, f"the answer cannot be understood: {what}")


def past_deadline(operation: Operation) -> AwsFailure:
    """The run has to end, and this call has no answer yet."""
    return AwsFailure(
        operation.name,
        DEADLINE,
        "the run's deadline came before the answer",
        hint="raise run.deadline, or audit fewer organizations in one run",
    )


def from_exception(operation: Operation, error: Exception) -> AwsFailure:
    """The failure behind an exception of botocore's; anything else is a bug and is raised as it is."""
    match error:
        case botocore.ClientError():
            return _refused(operation, error)
        case (
            botocore.HTTPClientError()
            | botocore.ConnectionError()
            | botocore.IncompleteReadError()
            | ResponseParserError()
        ):
            return TransientFailure(operation.name, type(error).__name__, printable(str(error)))
        case botocore.SSOError() | botocore.TokenRetrievalError():
            return AwsFailure(
                operation.name,
                "LoginExpired",
                printable(str(error)),
                hint="sign in again: run `aws sso login --profile PROFILE` with this organization's profile",
            )
        case (
            botocore.NoCredentialsError()
            | botocore.PartialCredentialsError()
            | botocore.CredentialRetrievalError()
            | botocore.MetadataRetrievalError()
            | botocore.NoAuthTokenError()
        ):
            return AwsFailure(
                operation.name,
                "NoCredentials",
                printable(str(error)),
                hint="give the organization a `profile` that has credentials, or credentials in the "
                "environment; `aws sts get-caller-identity` shows whether there are any",
            )
        case RuntimeError() if "still expired" in str(error):  # botocore's word for it, without a class
            return AwsFailure(
                operation.name,
                "CredentialsExpired",
                printable(str(error)),
                hint="the profile's credential_process gives credentials that have run out: mend it",
            )
        case botocore.BotoCoreError():
            return AwsFailure(operation.name, type(error).__name__, printable(str(error)))
    raise error


def printable(text: str) -> str:
    """AWS's words without control characters, and not endless."""
    clean = _UNPRINTABLE.sub(" ", text.encode("utf-8", "replace").decode())
    return clean if len(clean) <= _LONGEST else clean[:_LONGEST] + "…"


def _refused(operation: Operation, error: botocore.ClientError) -> AwsFailure:
    answer: dict[str, Any] = dict(error.response)
    code = printable(str(answer.get("Error", {}).get("Code", "Unknown")))
    message = printable(str(answer.get("Error", {}).get("Message", "")))
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    name = error.operation_name or operation.name  # AssumeRole where the credentials had to be renewed
    server_error = 500  # and above: AWS's trouble and not ours
    if code in _THROTTLES or code in _TRANSIENT or status >= server_error or status == 429:  # noqa: PLR2004
        return TransientFailure(name, code, message)
    return AwsFailure(name, code, message, hint=_hint(operation, name, code, message))


def _hint(operation: Operation, name: str, code: str, message: str) -> str:
    if name == "AssumeRole":
        return (
            "let the role's trust policy name the caller in the message above, with the external id that the "
            "configuration gives as `external_id`; the caller itself needs sts:AssumeRole on the role"
        )
    if code in _DENIED:
        if "kms:" in message.lower():
            return "allow the role kms:Decrypt on the key that encrypts the instance"
        return f"allow the role the IAM action {operation.action}"
    if code in _EXPIRED:
        return "the credentials ran out during the run: use a role, whose credentials are renewed"
    if code in _UNKNOWN_CREDENTIALS:
        return "AWS does not know these credentials: renew them and check the clock of this machine"
    return ""
