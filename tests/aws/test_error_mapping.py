"""Tests of mapping botocore's exceptions to failures with hints."""

import errno
import io
import json
import os
import ssl
import string
from collections.abc import Callable, Iterator
from typing import Any

import botocore.exceptions as botocore
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, DeferredRefreshableCredentials
from botocore.parsers import ResponseParserError

from sso_batch.aws import error_codes, operations
from sso_batch.aws.credential_hints import UNUSABLE_SOURCE
from sso_batch.aws.error_mapping import failure_from
from sso_batch.aws.operations import (
    GET_APPLICATION_ASSIGNMENT_CONFIGURATION,
    GET_POLICY,
    GET_POLICY_VERSION,
    LIST_ACCOUNT_ASSIGNMENTS,
    LIST_APPLICATION_ASSIGNMENTS,
    LIST_APPLICATIONS,
    LIST_GROUPS,
    LIST_SSO_APPLICATIONS,
    LIST_USERS,
    Operation,
)
from sso_batch.aws.sts import AssumedRole, Sts

URL = "https://sso.eu-west-1.amazonaws.com"

LOGIN = "sign in again: run `aws sso login --profile PROFILE` with this organization's profile"
NO_CREDENTIALS = (
    "give the organization a `profile` that has credentials, or set credentials in the environment; "
    "`aws sts get-caller-identity` shows whether there are any"
)
TRUST = (
    "check the role's name and account in `role_arn` first: AWS gives the same answer for a role that does "
    "not exist; if it exists, its trust policy must allow the caller in the message above, and the caller "
    "needs sts:AssumeRole on the role"
)
NO_PERMISSION_SETS = (
    "check whether this instance has permission sets: an account instance has none, nor does an instance "
    "with permission sets turned off; and use the instance's primary Region"
)
KEY_HINT = "check the key that encrypts the instance in AWS KMS: it is disabled or deleted"
KMS_HINT = (
    "allow the role kms:Decrypt on the key that encrypts the instance, in its policy and in the key's own"
)
RENEW = "AWS does not know these credentials: renew them and check this machine's clock"


def refused(
    code: str,
    message: str = "no",
    status: int = 400,
    operation: str = "ListAccountAssignments",
    **members: str,
) -> botocore.ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **members,
    }
    return botocore.ClientError(response, operation)


def mapped(error: Exception) -> tuple[str, str, str, str, bool]:
    failure = failure_from(LIST_ACCOUNT_ASSIGNMENTS, error)
    return failure.operation, failure.code, failure.message, failure.hint, failure.transient


STRANGE = (
    "look for line breaks and other special characters in the credentials, AWS_ENDPOINT_URL and HTTPS_PROXY; "
    "they may be secrets and are not repeated here"
)
UNREACHABLE = (
    "check this machine's DNS and network, HTTPS_PROXY and AWS_ENDPOINT_URL: no endpoint answers there"
)
TLS = (
    "a TLS-intercepting proxy may be in the way: set AWS_CA_BUNDLE to its CA certificate; also check this "
    "machine's clock"
)
CONNECTION = (
    "the connection to AWS failed on every attempt: check the network, HTTPS_PROXY and AWS_ENDPOINT_URL, "
    "then run again"
)
BROKEN = (
    "AWS does not send such answers: check which endpoint or proxy answers (AWS_ENDPOINT_URL, HTTPS_PROXY), "
    "then run again"
)
SETTING = (
    "fix this setting in the environment (AWS_* variables) or in the AWS configuration file "
    "(AWS_CONFIG_FILE, by default ~/.aws/config)"
)
GONE = "it was deleted while it was read, or the caller cannot see it: run again to read the current state"
NOT_OFFERED = (
    "this endpoint does not offer ListAccountAssignments: check that sso-admin is available in this Region "
    "and that no proxy or AWS_ENDPOINT_URL answers in its place; a newer version of sso-batch may help"
)
LOOK_UP = (
    "look up {} in the AWS API reference of ListAccountAssignments (sso-admin); CloudTrail of the caller's "
    "account shows the request"
)
ROLE_SOURCE = (
    "the credentials that assume the role do not work: renew those of the environment or of "
    "`source_profile`, and check this machine's clock"
)
STS_OFF = "STS is turned off in this Region: turn it on in the management account, or set another `region`"
DURATION = "lower `duration_seconds`, or raise the role's maximum; AWS allows 3600 for a chain of roles"
ROLE_REQUEST = (
    "check `role_arn`, `session_name` and `duration_seconds`: STS refused them with ValidationError"
)
IRSA = (
    "check AWS_ROLE_ARN first: AWS gives the same answer for a role that does not exist; if it exists, its "
    "trust policy must allow sts:AssumeRoleWithWebIdentity for this cluster's OIDC provider and this "
    "service account"
)
IRSA_EXPIRED = (
    "the token in AWS_WEB_IDENTITY_TOKEN_FILE has expired: the platform must renew the file (in "
    "Kubernetes, a projected service account token); restart the pod, or fix what writes the file"
)
IRSA_ISSUER = (
    "check that the account has an OIDC identity provider for the issuer of the token in "
    "AWS_WEB_IDENTITY_TOKEN_FILE, with the token's audience"
)
IRSA_ELSE = "check AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE: STS refused them"
SSO_ROLE = (
    "check sso_account_id and sso_role_name in the profile: the user who signed in must have this permission "
    "set in this account"
)
TOKEN = (
    "check the profile or the variables that supply the credentials: AWS refused CreateOAuth2Token with "
    "AccessDeniedException"
)
PARTIAL = "set both the access key id and the secret access key where the message says, or neither"
AWS_TROUBLE = "AWS kept answering with an error of its own: look at the AWS Health Dashboard, then run again"

# Exceptions of botocore


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (botocore.ConnectionError(error=OSError("reset")), CONNECTION),
        (
            botocore.EndpointConnectionError(endpoint_url=URL),
            UNREACHABLE,
        ),
        (botocore.ConnectionClosedError(endpoint_url=URL), CONNECTION),
        (botocore.ConnectTimeoutError(endpoint_url=URL), UNREACHABLE),
        (botocore.ReadTimeoutError(endpoint_url=URL), CONNECTION),
        (botocore.ProxyConnectionError(proxy_url=URL), "check HTTPS_PROXY: no proxy answers there"),
        (
            botocore.SSLError(endpoint_url=URL, error=OSError("bad certificate")),
            TLS,
        ),
        (botocore.ResponseStreamingError(error="cut"), CONNECTION),
        (botocore.IncompleteReadError(actual_bytes=1, expected_bytes=2), BROKEN),
        (ResponseParserError("not XML"), BROKEN),
    ],
    ids=lambda value: type(value).__name__,
)
def test_transient_exceptions(error: Exception, hint: str) -> None:
    """A failed connection, a timeout and an unreadable answer are transient."""
    assert mapped(error) == ("ListAccountAssignments", type(error).__name__, str(error), hint, True)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://ann:hush@proxy.example:3128", "http://***@proxy.example:3128"),
        ("https://hush@x/a@b", "https://***@x"),
        ("https://x/a@b", "https://x"),
        ("http://x:8080/hush/aws?hush=hush", "http://x:8080"),
        ("http://x?hush", "http://x"),
    ],
)
def test_credentials_in_urls(url: str, shown: str) -> None:
    """User and password in the URL of a proxy or an endpoint are masked, and its path is omitted."""
    assert mapped(botocore.EndpointConnectionError(endpoint_url=url))[2] == (
        f'Could not connect to the endpoint URL: "{shown}"'
    )


@pytest.mark.parametrize(
    ("error", "code", "hint"),
    [
        (botocore.SSOError(), "LoginExpired", LOGIN),
        (botocore.SSOTokenLoadError(error_msg="none"), "LoginExpired", LOGIN),
        (botocore.UnauthorizedSSOTokenError(), "LoginExpired", LOGIN),
        (botocore.TokenRetrievalError(provider="sso", error_msg="none"), "LoginExpired", LOGIN),
        (botocore.NoCredentialsError(), "NoCredentials", NO_CREDENTIALS),
        (botocore.PartialCredentialsError(provider="env", cred_var="key"), "NoCredentials", NO_CREDENTIALS),
        (botocore.CredentialRetrievalError(provider="x", error_msg="no"), "NoCredentials", NO_CREDENTIALS),
        (botocore.NoAuthTokenError(), "NoCredentials", NO_CREDENTIALS),
        (botocore.InvalidConfigError(error_msg="no"), "InvalidConfigError", SETTING),
        (
            botocore.UnknownServiceError(service_name="x", known_service_names="y"),
            "UnknownServiceError",
            SETTING,
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_missing_credentials(error: Exception, code: str, hint: str) -> None:
    """Missing credentials are not transient, and the hint says what to do."""
    assert mapped(error) == ("ListAccountAssignments", code, str(error), hint, False)


SECRET = "marker-of-a-secret-5f3e"


def test_unsendable_request() -> None:
    """A request that cannot be sent, as with a line break in a token, is final; its value is not shown."""
    error = botocore.HTTPClientError(error=ValueError(f"Invalid header value b'{SECRET}\\n'"))

    assert mapped(error) == (
        "ListAccountAssignments",
        "HTTPClientError",
        "the HTTP client raised ValueError",
        STRANGE,
        False,
    )


def test_http_client_error() -> None:
    """Any other error of the HTTP client is transient, and reported by its class only."""
    error = botocore.HTTPClientError(error=OSError(SECRET))

    assert mapped(error) == (
        "ListAccountAssignments",
        "HTTPClientError",
        "the HTTP client raised OSError",
        CONNECTION,
        True,
    )


def test_failed_credential_process() -> None:
    """The output of a credential_process can contain secrets, and is not repeated."""
    error = botocore.CredentialRetrievalError(provider="custom-process", error_msg=SECRET)

    assert mapped(error)[1:4] == (
        "NoCredentials",
        "the profile's credential_process failed; run it yourself: its output is not repeated here",
        NO_CREDENTIALS,
    )


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(2, "No such file or directory", "/run/token"),
        json.JSONDecodeError("Expecting value", SECRET, 0),
        UnicodeDecodeError("utf-8", SECRET.encode(), 0, 1, "invalid"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_unusable_credentials(error: Exception) -> None:
    """A missing token file and a broken credential_process are not reported as bugs."""
    operation, code, message, hint, transient = mapped(error)

    assert (operation, code, message, transient) == (
        "ListAccountAssignments",
        "UnusableCredentials",
        "what supplies the credentials cannot be used",
        False,
    )
    assert "AWS_WEB_IDENTITY_TOKEN_FILE" in hint


@pytest.mark.parametrize(
    "error",
    [
        botocore.MetadataRetrievalError(error_msg="no"),
        botocore.CredentialRetrievalError(provider="container-role", error_msg="no"),
        botocore.CredentialRetrievalError(provider="iam-role", error_msg="no"),
        botocore.CredentialRetrievalError(provider="Ec2InstanceMetadata", error_msg="no"),
    ],
    ids=str,
)
def test_late_credentials(error: Exception) -> None:
    """A late agent is transient, and the hint names the agents."""
    operation, code, message, hint, transient = mapped(error)

    assert (operation, code, message, transient) == (
        "ListAccountAssignments",
        "CredentialsUnavailable",
        str(error),
        True,
    )
    assert "EKS Pod Identity agent" in hint


def test_credentials_that_come_expired() -> None:
    """Credentials that come expired are recognized by botocore's message, and are not a bug."""
    error = RuntimeError("Credentials were refreshed, but the refreshed credentials are still expired.")

    assert mapped(error) == (
        "ListAccountAssignments",
        "CredentialsExpired",
        str(error),
        "the profile's credential_process returns expired credentials: fix it",
        False,
    )


@pytest.mark.parametrize(
    "error", [KeyError("x"), TimeoutError("x"), OSError(28, "full"), ZeroDivisionError(), RuntimeError("x")]
)
def test_bug(error: Exception) -> None:
    """Any other exception is a bug, and raised unchanged."""
    with pytest.raises(type(error)) as caught:
        failure_from(LIST_USERS, error)

    assert caught.value is error


def _raised(refresh: Callable[[], Any]) -> Exception:
    """Return what botocore raises if its credentials are renewed like this."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - any
        DeferredRefreshableCredentials(refresh, "custom-process").get_frozen_credentials()
    return caught.value


@pytest.mark.parametrize(
    "metadata",
    [
        {"access_key": "a", "secret_key": "b", "token": "c", "expiry_time": "2099-01-01T00:00:00"},
        {"access_key": "a", "secret_key": "b", "token": "c", "expiry_time": None},
        {"access_key": "a", "secret_key": "b", "token": "c", "expiry_time": 7},
        {"access_key": "a", "secret_key": "b", "token": "c", "expiry_time": "soon"},
        {"access_key": "a", "secret_key": "b", "token": "c", "expiry_time": "9" * 40},
        7,
    ],
    ids=repr,
)
def test_malformed_credentials(metadata: object) -> None:
    """An exception in botocore's code for credentials is about the credentials, whatever its class."""
    error = _raised(lambda: metadata)

    assert mapped(error)[1:] == (
        "UnusableCredentials",
        "what supplies the credentials cannot be used",
        UNUSABLE_SOURCE,
        False,
    )


@pytest.mark.parametrize(
    "bug", [TypeError("x"), KeyError("x"), ValueError("x"), AttributeError("x")], ids=repr
)
def test_bug_called_by_credential_code(bug: Exception) -> None:
    """The same exception in our code, which botocore calls for credentials, is a bug."""

    class Broken:
        def assume_role(self, **_: object) -> None:
            raise bug

    error = _raised(AssumedRole(Sts(lambda _: Broken(), ("eu-west-1",)), {})._assume)

    with pytest.raises(type(bug)) as caught:
        failure_from(LIST_USERS, error)

    assert caught.value is bug


def test_bug_in_a_request_body() -> None:
    """A request body that cannot be signed is a bug."""
    signer = S3SigV4Auth(Credentials("a", "b"), "s3", "eu-west-1")
    body = io.BytesIO(b"x")
    request = AWSRequest("PUT", "http://127.0.0.1/", data=body)
    body.close()

    with pytest.raises(ValueError, match="closed file") as caught:
        signer.payload(request)

    with pytest.raises(ValueError, match="closed file"):
        failure_from(LIST_USERS, caught.value)


# Refusals by AWS


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ThrottlingException", 400),
        ("Throttling", 400),
        ("ThrottledException", 400),
        ("TooManyRequestsException", 400),
        ("RequestLimitExceeded", 503),
        ("RequestThrottled", 400),
        ("RequestThrottledException", 400),
        ("SlowDown", 503),
        ("PriorRequestNotComplete", 400),
    ],
)
def test_throttle(code: str, status: int) -> None:
    """Each of AWS's codes for a throttle is recognized, and transient."""
    failure = failure_from(LIST_USERS, refused(code, status=status))

    assert (failure.throttle, failure.transient, failure.denied, failure.not_found) == (
        True,
        True,
        False,
        False,
    )


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("InternalServerException", 500),
        ("ServiceUnavailable", 503),
        ("Anything", 599),
        ("Anything", 429),
        ("RequestTimeout", 400),
        ("RequestTimeoutException", 400),
        ("ConcurrentModificationException", 400),
    ],
)
def test_errors_of_aws(code: str, status: int) -> None:
    """An error on AWS's side is transient, and not a throttle."""
    failure = failure_from(LIST_USERS, refused(code, status=status))

    assert (failure.throttle, failure.transient, failure.hint) == (False, True, AWS_TROUBLE)


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (
            refused("AccessDeniedException", status=403),
            "allow the role the IAM action sso:ListAccountAssignments",
        ),
        (refused("AccessDenied"), "allow the role the IAM action sso:ListAccountAssignments"),
        (refused("UnauthorizedOperation"), "allow the role the IAM action sso:ListAccountAssignments"),
        (
            refused("AccessDeniedException", "not authorized to perform: KMS:Decrypt"),
            KMS_HINT,
        ),
        (
            refused("ExpiredTokenException"),
            "the credentials expired during the run: use a role, whose credentials are renewed",
        ),
        (refused("UnrecognizedClientException"), RENEW),
        (refused("InvalidClientTokenId"), RENEW),
        (refused("SignatureDoesNotMatch"), RENEW),
        (refused("ResourceNotFoundException"), GONE),
        (refused("UnknownOperationException"), NOT_OFFERED),
        (refused("TeapotException"), LOOK_UP.format("TeapotException")),
        (refused("ValidationException"), NO_PERMISSION_SETS),
        (refused("AccessDeniedException", Reason="KMS_AccessDeniedException"), KMS_HINT),
        (refused("ResourceNotFoundException", Reason="KMS_NotFoundException"), KEY_HINT),
        (refused("ValidationException", Reason="KMS_DISABLED"), KEY_HINT),
        (refused("AccessDenied", operation="AssumeRole"), TRUST),
        (refused("ExpiredToken", operation="AssumeRole"), ROLE_SOURCE),
        (refused("RegionDisabledException", operation="AssumeRole"), STS_OFF),
        (refused("ValidationError", "DurationSeconds exceeds", operation="AssumeRole"), DURATION),
        (refused("ValidationError", "bad name", operation="AssumeRole"), ROLE_REQUEST),
        (refused("AccessDenied", operation="AssumeRoleWithWebIdentity"), IRSA),
        (refused("ExpiredTokenException", operation="AssumeRoleWithWebIdentity"), IRSA_EXPIRED),
        (refused("InvalidIdentityToken", operation="AssumeRoleWithWebIdentity"), IRSA_ISSUER),
        (refused("Teapot", operation="AssumeRoleWithWebIdentity"), IRSA_ELSE),
        (refused("ForbiddenException", operation="GetRoleCredentials"), SSO_ROLE),
        (refused("AccessDeniedException", operation="CreateOAuth2Token"), TOKEN),
    ],
)
def test_refused(error: botocore.ClientError, hint: str) -> None:
    """A refusal is final, and its hint says what to do."""
    response: Any = error.response
    code = response.get("Reason") or response["Error"]["Code"]

    operation, mapped_code, message, mapped_hint, transient = mapped(error)

    assert (operation, mapped_code, mapped_hint, transient) == (error.operation_name, code, hint, False)
    assert message == error.response["Error"]["Message"]


@pytest.mark.parametrize("operation", [GET_POLICY, GET_POLICY_VERSION])
@pytest.mark.parametrize(
    ("code", "phrases"),
    [
        ("AccessDenied", ["the IAM action iam:{}", "collect.policy_documents: false", "NOT_READ"]),
        ("NoSuchEntity", ["AWS does not offer this AWS managed policy", "NOT_READ"]),
        ("InvalidInput", ["look up InvalidInput"]),
    ],
)
def test_refused_by_iam(operation: Operation, code: str, phrases: list[str]) -> None:
    """Without the document of a policy, the hint says which privileges are not known."""
    failure = failure_from(operation, refused(code, operation=operation.name))

    assert [phrase for phrase in phrases if phrase.format(operation.name) not in failure.hint] == []
    assert (failure.not_found, failure.transient) == (code == "NoSuchEntity", False)


@pytest.mark.parametrize(
    "operation", [LIST_APPLICATION_ASSIGNMENTS, GET_APPLICATION_ASSIGNMENT_CONFIGURATION]
)
@pytest.mark.parametrize(
    ("code", "phrases"),
    [
        ("AccessDeniedException", ["the IAM action sso:{}", "collect.applications: false", "manages itself"]),
        ("ValidationException", ["AWS may not offer {}", "collect.applications: false", "manages itself"]),
    ],
)
def test_refused_for_one_application(operation: Operation, code: str, phrases: list[str]) -> None:
    """AWS refuses calls for some applications that it manages, so a permission may not help."""
    failure = failure_from(operation, refused(code, operation=operation.name))

    assert [phrase for phrase in phrases if phrase.format(operation.name) not in failure.hint] == []


def test_operations_of_one_name() -> None:
    """A failure of Identity Center's ListApplications is not taken for one of account access."""
    refusal = refused("AccessDeniedException", operation="ListApplications")
    unreachable = botocore.EndpointConnectionError(endpoint_url="https://sso")

    assert failure_from(LIST_SSO_APPLICATIONS, refusal).operation == "sso:ListApplications"
    assert failure_from(LIST_SSO_APPLICATIONS, unreachable).operation == "sso:ListApplications"
    assert failure_from(LIST_APPLICATIONS, refusal).operation == "ListApplications"
    assert (
        "permission sets"
        not in failure_from(
            LIST_SSO_APPLICATIONS, refused("ValidationException", operation="ListApplications")
        ).hint
    )


def test_policy_nested_too_deeply() -> None:
    """A policy that botocore cannot decode is a malformed answer, and not a bug."""
    failure = failure_from(GET_POLICY_VERSION, RecursionError("maximum recursion depth exceeded"))

    assert (failure.code, failure.transient) == ("RecursionError", True)


def test_role_with_an_external_id() -> None:
    """The hint mentions the external id only if one is configured, and never its value."""
    error = refused("AccessDenied", f"no {SECRET}", operation="AssumeRole")

    failure = failure_from(LIST_USERS, error, secrets=(SECRET,))

    assert failure.hint == TRUST.replace(
        "message above,", "message above, with the configured `external_id`,"
    )
    assert SECRET not in failure.hint + failure.message
    assert "external" not in failure_from(LIST_USERS, error).hint


@pytest.mark.parametrize("operation", [LIST_USERS, LIST_GROUPS])
def test_directory_that_requires_a_filter(operation: Operation) -> None:
    """A listing of principals that AWS refuses without a filter is explained."""
    failure = failure_from(operation, refused("ValidationException", "Filter is required"))

    assert failure.hint.startswith(
        "AWS lists the users and groups of this identity source only with a filter"
    )


CODES = sorted(
    code
    for table in vars(error_codes).values()
    if isinstance(table, frozenset)
    for code in (*table, "UnknownOperationException", "ValidationException", "NeverSeenException", "")
)


@pytest.mark.parametrize("status", [400, 403, 500])
@pytest.mark.parametrize("operation", operations.TABLE, ids=lambda operation: operation.name)
def test_every_code_has_a_hint(operation: Operation, status: int) -> None:
    """Every code of the tables, and an unknown one, has a hint for every operation."""
    failures = [
        failure_from(operation, refused(code, status=status, operation=made))
        for code in CODES
        for made in (operation.name, "AssumeRole", "AssumeRoleWithWebIdentity", "GetRoleCredentials")
    ]

    assert [str(failure) for failure in failures if len(failure.hint) < 20] == []


def every_exception() -> Iterator[Exception]:
    """Yield each of botocore's exceptions, with made-up values."""
    for kind in vars(botocore).values():
        if isinstance(kind, type) and issubclass(kind, botocore.BotoCoreError):
            names = [field.split(".")[0] for _, field, _, _ in string.Formatter().parse(kind.fmt) if field]
            values: dict[str, Any] = {name: OSError(name) for name in names}
            if kind is botocore.WaiterError:
                values["last_response"] = {}
            yield kind(**values)


@pytest.mark.parametrize("error", list(every_exception()), ids=lambda error: type(error).__name__)
def test_every_exception_has_a_hint(error: Exception) -> None:
    """Every exception of botocore becomes a failure with a hint; none is taken for a bug."""
    failure = failure_from(LIST_USERS, error)

    assert len(failure.hint) > 20
    assert failure.code


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda reason: reason,
        lambda reason: botocore.EndpointConnectionError(endpoint_url=URL, error=reason),
        lambda reason: botocore.SSLError(endpoint_url=URL, error=ssl.SSLError(reason)),
        lambda reason: botocore.HTTPClientError(error=reason),
    ],
    ids=["plain", "connection", "TLS", "client"],
)
def test_out_of_file_descriptors(number: int, wrap: Callable[[OSError], Exception]) -> None:
    """A missing file descriptor is transient, and the hint names the limit."""
    failure = failure_from(LIST_USERS, wrap(OSError(number, os.strerror(number))))

    assert (failure.code, failure.transient, failure.unreachable) == ("TooManyOpenFiles", True, False)
    assert "ulimit -n" in failure.hint


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_unwritable_token_cache(number: int) -> None:
    """A read-only folder of sign-in tokens is named, with what to do about it."""
    path = "/home/ann/.aws/sso/cache/tmpx.tmp"
    failure = failure_from(LIST_USERS, OSError(number, os.strerror(number), path))

    assert failure.code == "CacheNotWritable"
    assert path in failure.message
    assert "make the folder writable" in failure.hint


@pytest.mark.parametrize("response", [{}, {"Error": {}}, {"ResponseMetadata": {}}])
def test_incomplete_refusal(response: Any) -> None:  # noqa: ANN401 - a broken answer
    """A refusal without code or message is still a refusal."""
    assert mapped(botocore.ClientError(response, "ListAccountAssignments")) == (
        "ListAccountAssignments",
        "Unknown",
        "",
        LOOK_UP.format("Unknown"),
        False,
    )


def test_kinds() -> None:
    """A missing resource and a denied call are different failures."""
    gone = failure_from(LIST_USERS, refused("ResourceNotFoundException"))
    denied = failure_from(LIST_USERS, refused("AccessDeniedException"))

    assert (gone.not_found, gone.denied, gone.throttle) == (True, False, False)
    assert (denied.not_found, denied.denied, denied.throttle) == (False, True, False)


@pytest.mark.parametrize("reason", ["KMS_NotFoundException", "KMS_KEY_NOT_FOUND"])
def test_missing_kms_key(reason: str) -> None:
    """A missing KMS key does not mean that the requested resource was not found."""
    failure = failure_from(LIST_USERS, refused("ResourceNotFoundException", Reason=reason))

    assert (failure.not_found, failure.code) == (False, reason)


def test_messages_are_printable() -> None:
    """Control characters in AWS's messages are removed."""
    failure = failure_from(LIST_USERS, refused("\x1b[31mCode", "\x1b[2Jgone\u202e"))

    assert (failure.code, failure.message) == (" [31mCode", " [2Jgone ")
