"""What can go wrong with a call: told apart as worth another try or not, and explained to a person."""

import re
from json import JSONDecodeError
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
_TRANSIENT = frozenset(
    {
        "RequestTimeout",
        "RequestTimeoutException",
        "ConcurrentModificationException",
        "BadDigest",  # what S3 received is not what was sent
        "XAmzContentChecksumMismatch",
    }
)
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

_SSO_LOGIN = "sign in again: run `aws sso login --profile PROFILE` with this organization's profile"
_LOGIN = "sign in again: run `aws login --profile PROFILE` with this organization's profile"
_NO_CREDENTIALS = (
    "give the organization a `profile` that has credentials, or credentials in the environment; "
    "`aws sts get-caller-identity` shows whether there are any"
)
_CREDENTIAL_PROCESS = "the profile's credential_process gives credentials that have run out: mend it"
_TRUST = (
    "let the role's trust policy name the caller in the message above, with the external id that the "
    "configuration gives as `external_id`; the caller itself needs sts:AssumeRole on the role"
)
_ROLE_SOURCE = (
    "the credentials that assume the role do not work: renew the environment's, or `source_profile`'s, and "
    "check the clock of this machine"
)
_DURATION = "lower `duration_seconds`, or raise the role's own maximum; of a chain, AWS allows 3600"
_UNKNOWN = "AWS does not know these credentials: renew them and check the clock of this machine"
UNUSABLE_CODE = "UnusableCredentials"
UNUSABLE = "what gives the credentials cannot be used"
UNUSABLE_HINT = (
    "look at the profile's credential_process, AWS_WEB_IDENTITY_TOKEN_FILE and AWS_CONTAINER_CREDENTIALS_*: "
    "something there does not exist, or has not the form that AWS's tools ask for"
)
_PROCESS = "custom-process"  # as botocore calls it
_STRANGE = (
    "look for line breaks and other strange characters in the credentials, AWS_ENDPOINT_URL and HTTPS_PROXY; "
    "they may be secrets and are not repeated here"
)
_TLS = (
    "look who answers: where a proxy opens TLS, give its certificate as AWS_CA_BUNDLE; and check this "
    "machine's clock"
)
_PROXY = "look at HTTPS_PROXY: nobody answers there"
_UNREACHABLE = (
    "look at this machine's DNS and network, at HTTPS_PROXY and AWS_ENDPOINT_URL: nobody answers there"
)
_KMS = "allow the role kms:Decrypt on the key that encrypts the instance, in its policy and in the key's own"
_KMS_KEY = "look in AWS KMS at the key that encrypts the instance: it is disabled or gone"
_NO_PERMISSION_SETS = (
    "look whether this instance holds permission sets: an account instance does not, nor does one whose "
    "permission sets are turned off; and use the instance's primary Region"
)

_UNREACHED = (
    botocore.HTTPClientError,
    botocore.ConnectionError,
    botocore.IncompleteReadError,
    ResponseParserError,
)
_BY_KIND: tuple[tuple[tuple[type[Exception], ...], str, str], ...] = (
    ((botocore.SSOError, botocore.TokenRetrievalError), "LoginExpired", _SSO_LOGIN),
    ((botocore.LoginError,), "LoginExpired", _LOGIN),
    (
        (
            botocore.NoCredentialsError,
            botocore.PartialCredentialsError,
            botocore.CredentialRetrievalError,
            botocore.MetadataRetrievalError,
            botocore.NoAuthTokenError,
        ),
        "NoCredentials",
        _NO_CREDENTIALS,
    ),
)

MALFORMED = "MalformedAnswer"
DEADLINE = "DeadlineExceeded"

# Control characters, and those that turn the direction of text on a terminal.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+")
_USER_OF_URL = re.compile(r"(?<=://)[^/\s]*@")
_QUERY_OF_URL = re.compile(r"(?<=[/\w])\?[^\s\"]*=[^\s\"]*")
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
        return is_denied(self.code)

    @property
    def expired(self) -> bool:
        """The credentials have run out, perhaps before their time."""
        return self.code in _EXPIRED

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


def endless(operation: Operation, pages: int) -> AwsFailure:
    """A listing that does not end: to ask on would not end it either."""
    return AwsFailure(
        operation.name,
        "EndlessListing",
        f"the listing has not ended after {pages} pages",
        hint="look who answers: AWS's listings are shorter; run again",
    )


def past_deadline(operation: Operation) -> AwsFailure:
    """The run has to end, and this call has no answer yet."""
    return AwsFailure(
        operation.name,
        DEADLINE,
        "the run's deadline came before the answer",
        hint="raise run.deadline, or audit fewer organizations in one run",
    )


def from_exception(operation: Operation, error: Exception, *, secrets: tuple[str, ...] = ()) -> AwsFailure:
    """The failure behind an exception of botocore's; anything else is a bug and is raised as it is.

    `secrets` are masked wherever they appear.
    """
    if isinstance(error, botocore.ClientError):
        return _refused(operation, error, secrets)
    message = printable(in_words(error), secrets)
    name = getattr(error, "operation_name", operation.name)  # AssumeRole where that is what failed
    if isinstance(error, _UNREACHED) and not _is_strange(error):
        return TransientFailure(name, type(error).__name__, message, hint=_hint_on_way(error))
    code, hint = _explained(error, message)
    if not code:
        raise error
    return AwsFailure(name, code, UNUSABLE if code == UNUSABLE_CODE else message, hint=hint)


def _explained(error: Exception, message: str) -> tuple[str, str]:
    """The code and the hint of an exception that no other try mends; nothing of what is a defect of ours."""
    for kind, code, hint in _BY_KIND:
        if isinstance(error, kind):
            return code, hint
    if isinstance(error, RuntimeError) and "still expired" in message:  # botocore's word, without a class
        return "CredentialsExpired", _CREDENTIAL_PROCESS
    if isinstance(error, botocore.BotoCoreError):
        return type(error).__name__, _STRANGE if _is_strange(error) else ""
    return (UNUSABLE_CODE, UNUSABLE_HINT) if _is_of_credentials(error) else ("", "")


def in_words(error: Exception) -> str:
    """What an exception says, but for the words of botocore's that can hold secrets."""
    if type(error) is botocore.HTTPClientError:  # it repeats headers, and what it cannot parse
        return f"the HTTP client raised {type(error.kwargs['error']).__name__}"
    if isinstance(error, botocore.CredentialRetrievalError) and error.kwargs["provider"] == _PROCESS:
        return "the profile's credential_process failed; run it yourself: its words are not repeated here"
    return printable(str(error))


def _is_strange(error: Exception) -> bool:
    """Whether no request could be made at all: another try would not mend that."""
    return type(error) is botocore.HTTPClientError and isinstance(error.kwargs["error"], ValueError)


def _is_of_credentials(error: Exception) -> bool:
    """Whether a file or a program that gives credentials is at fault: botocore's calls touch no others."""
    return isinstance(error, JSONDecodeError | UnicodeDecodeError) or (
        isinstance(error, OSError) and error.filename is not None
    )


def is_denied(code: str) -> bool:
    """Whether AWS says by this code that the caller may not make the call."""
    return code in _DENIED


def printable(text: str, secrets: tuple[str, ...] = ()) -> str:
    """AWS's words without control characters, `secrets` and the users of URLs, and not endless."""
    for secret in secrets:
        text = text.replace(secret, "***")
    text = _QUERY_OF_URL.sub("?***", _USER_OF_URL.sub("***@", text))
    clean = _UNPRINTABLE.sub(" ", text.encode("utf-8", "replace").decode())
    return clean if len(clean) <= _LONGEST else clean[:_LONGEST] + "…"


def _hint_on_way(error: Exception) -> str:
    if isinstance(error, botocore.SSLError):
        return _TLS
    if isinstance(error, botocore.ProxyConnectionError):
        return _PROXY
    return _UNREACHABLE if isinstance(error, botocore.EndpointConnectionError) else ""


def _refused(operation: Operation, error: botocore.ClientError, secrets: tuple[str, ...]) -> AwsFailure:
    answer: dict[str, Any] = dict(error.response)
    code = printable(str(answer.get("Error", {}).get("Code", "Unknown")), secrets)
    message = printable(str(answer.get("Error", {}).get("Message", "")), secrets)
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    name = error.operation_name or operation.name  # AssumeRole where the credentials had to be renewed
    server_error = 500  # and above: AWS's trouble and not ours
    if code in _THROTTLES or code in _TRANSIENT or status >= server_error or status == 429:  # noqa: PLR2004
        return TransientFailure(name, code, message)
    reason = printable(str(answer.get("Reason") or ""), secrets)
    if reason.startswith("KMS"):  # a key that is not found says nothing of what was asked about
        return AwsFailure(name, reason, message, hint=_KMS if "DENIED" in reason.upper() else _KMS_KEY)
    hint = _hint_on_role(code, message) if name == "AssumeRole" else _hint(operation, code, message)
    return AwsFailure(name, code, message, hint=hint)


def _hint_on_role(code: str, message: str) -> str:
    if code in _DENIED:
        return _TRUST
    if code in _EXPIRED or code in _UNKNOWN_CREDENTIALS:
        return _ROLE_SOURCE
    if code == "RegionDisabledException":
        return (
            "STS is turned off in this Region: turn it on in the management account, or give another `region`"
        )
    if code == "ValidationError" and "duration" in message.lower():
        return _DURATION
    return ""


def _hint(operation: Operation, code: str, message: str) -> str:
    if "kms:" in message.lower():
        return _KMS
    if code in _DENIED:
        return f"allow the role the IAM action {operation.action}"
    if code in _EXPIRED:
        return "the credentials ran out during the run: use a role, whose credentials are renewed"
    if code in _UNKNOWN_CREDENTIALS:
        return _UNKNOWN
    if code == "ValidationException" and operation.service == "sso-admin":
        return _NO_PERMISSION_SETS
    return ""
