"""What botocore raises, and what a person is told of it."""

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
from sso_batch.aws.connection import _AssumedRole
from sso_batch.aws.error_mapping import from_exception
from sso_batch.aws.hints import UNUSABLE
from sso_batch.aws.operations import LIST_ACCOUNT_ASSIGNMENTS, LIST_GROUPS, LIST_USERS, Operation
from sso_batch.aws.sts import Sts

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


def told(error: Exception) -> tuple[str, str, str, str, bool]:
    failure = from_exception(LIST_ACCOUNT_ASSIGNMENTS, error)
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

# Exceptions of botocore's own


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
def test_worth_another_try(error: Exception, hint: str) -> None:
    """A connection, a time-out and an answer that cannot be read are tried again."""
    assert told(error) == ("ListAccountAssignments", type(error).__name__, str(error), hint, True)


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
def test_users_of_urls(url: str, shown: str) -> None:
    """The user and password in a URL, a proxy's or an endpoint's, are masked, and its path is left out."""
    assert told(botocore.EndpointConnectionError(endpoint_url=url))[2] == (
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
def test_not_worth_another_try(error: Exception, code: str, hint: str) -> None:
    """Without credentials no call can succeed; the hint names the command to run."""
    assert told(error) == ("ListAccountAssignments", code, str(error), hint, False)


SECRET = "marker-of-a-secret-5f3e"


def test_a_request_that_cannot_be_made() -> None:
    """A line break in a token, or a proxy that is no URL: told without the value, and not tried again."""
    error = botocore.HTTPClientError(error=ValueError(f"Invalid header value b'{SECRET}\\n'"))

    assert told(error) == (
        "ListAccountAssignments",
        "HTTPClientError",
        "the HTTP client raised ValueError",
        STRANGE,
        False,
    )


def test_an_http_client_that_breaks() -> None:
    """Whatever else the HTTP client raises is tried again, and told by its class alone."""
    error = botocore.HTTPClientError(error=OSError(SECRET))

    assert told(error) == (
        "ListAccountAssignments",
        "HTTPClientError",
        "the HTTP client raised OSError",
        CONNECTION,
        True,
    )


def test_a_program_that_gives_no_credentials() -> None:
    """What a credential_process says can hold secrets, and is not repeated."""
    error = botocore.CredentialRetrievalError(provider="custom-process", error_msg=SECRET)

    assert told(error)[1:4] == (
        "NoCredentials",
        "the profile's credential_process failed; run it yourself: its words are not repeated here",
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
def test_credentials_that_cannot_be_used(error: Exception) -> None:
    """A token file that is gone and a credential_process that gives nonsense are no defects of ours."""
    operation, code, message, hint, transient = told(error)

    assert (operation, code, message, transient) == (
        "ListAccountAssignments",
        "UnusableCredentials",
        "what gives the credentials cannot be used",
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
def test_credentials_that_are_late(error: Exception) -> None:
    """An agent that gives no credentials is asked again; the hint names the agents."""
    operation, code, message, hint, transient = told(error)

    assert (operation, code, message, transient) == (
        "ListAccountAssignments",
        "CredentialsUnavailable",
        str(error),
        True,
    )
    assert "EKS Pod Identity agent" in hint


def test_credentials_that_were_never_fresh() -> None:
    """Credentials that have run out when they come are no bug; botocore has no class for them but words."""
    error = RuntimeError("Credentials were refreshed, but the refreshed credentials are still expired.")

    assert told(error) == (
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
    """What is not AWS's is a bug of ours, and is raised as what it is."""
    with pytest.raises(type(error)) as caught:
        from_exception(LIST_USERS, error)

    assert caught.value is error


def _raised(refresh: Callable[[], Any]) -> Exception:
    """What botocore raises where its credentials are renewed so."""
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
def test_credentials_of_a_strange_form(metadata: object) -> None:
    """Whatever Python makes of them, botocore's code for credentials raises it: no defect of ours."""
    error = _raised(lambda: metadata)

    assert told(error)[1:] == (
        "UnusableCredentials",
        "what gives the credentials cannot be used",
        UNUSABLE,
        False,
    )


@pytest.mark.parametrize(
    "bug", [TypeError("x"), KeyError("x"), ValueError("x"), AttributeError("x")], ids=repr
)
def test_bug_below_the_credentials(bug: Exception) -> None:
    """An error of the same kind in code of ours, which botocore calls for credentials, stays a bug."""

    class Broken:
        def assume_role(self, **_: object) -> None:
            raise bug

    error = _raised(_AssumedRole(Sts(lambda _: Broken(), ("eu-west-1",)), {})._assume)

    with pytest.raises(type(bug)) as caught:
        from_exception(LIST_USERS, error)

    assert caught.value is bug


def test_bug_in_a_body() -> None:
    """A body of a request that cannot be signed is ours."""
    signer = S3SigV4Auth(Credentials("a", "b"), "s3", "eu-west-1")
    body = io.BytesIO(b"x")
    request = AWSRequest("PUT", "http://127.0.0.1/", data=body)
    body.close()

    with pytest.raises(ValueError, match="closed file") as caught:
        signer.payload(request)

    with pytest.raises(ValueError, match="closed file"):
        from_exception(LIST_USERS, caught.value)


# What AWS answers


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
    """Every name that AWS has for a throttle is one, and is tried again."""
    failure = from_exception(LIST_USERS, refused(code, status=status))

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
def test_trouble_of_aws(code: str, status: int) -> None:
    """Trouble on AWS's side is tried again, and is no throttle."""
    failure = from_exception(LIST_USERS, refused(code, status=status))

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
    """A refusal is final, and its hint says whom to ask for what."""
    response: Any = error.response
    code = response.get("Reason") or response["Error"]["Code"]

    operation, told_code, message, told_hint, transient = told(error)

    assert (operation, told_code, told_hint, transient) == (error.operation_name, code, hint, False)
    assert message == error.response["Error"]["Message"]


def test_role_with_an_external_id() -> None:
    """The external id is mentioned where one is configured, and only there; its value never is."""
    error = refused("AccessDenied", f"no {SECRET}", operation="AssumeRole")

    failure = from_exception(LIST_USERS, error, secrets=(SECRET,))

    assert failure.hint == TRUST.replace(
        "message above,", "message above, with the configured `external_id`,"
    )
    assert SECRET not in failure.hint + failure.message
    assert "external" not in from_exception(LIST_USERS, error).hint


@pytest.mark.parametrize("operation", [LIST_USERS, LIST_GROUPS])
def test_a_directory_that_asks_for_a_filter(operation: Operation) -> None:
    """A listing of principals that AWS refuses without a filter is explained."""
    failure = from_exception(operation, refused("ValidationException", "Filter is required"))

    assert failure.hint.startswith(
        "AWS lists the users and groups of this identity source only with a filter"
    )


CODES = sorted(
    code
    for table in vars(error_codes).values()
    if isinstance(table, frozenset)
    for code in (*table, "UnknownOperationException", "ValidationException", "NobodyHasSeenThisException", "")
)


@pytest.mark.parametrize("status", [400, 403, 500])
@pytest.mark.parametrize("operation", operations.TABLE, ids=lambda operation: operation.name)
def test_every_code_has_a_hint(operation: Operation, status: int) -> None:
    """Every code of the tables, and an unknown one, has a hint for every operation."""
    failures = [
        from_exception(operation, refused(code, status=status, operation=made))
        for code in CODES
        for made in (operation.name, "AssumeRole", "AssumeRoleWithWebIdentity", "GetRoleCredentials")
    ]

    assert [str(failure) for failure in failures if len(failure.hint) < 20] == []


def every_exception() -> Iterator[Exception]:
    """Each of botocore's exceptions, with made-up values."""
    for kind in vars(botocore).values():
        if isinstance(kind, type) and issubclass(kind, botocore.BotoCoreError):
            names = [field.split(".")[0] for _, field, _, _ in string.Formatter().parse(kind.fmt) if field]
            values: dict[str, Any] = {name: OSError(name) for name in names}
            if kind is botocore.WaiterError:
                values["last_response"] = {}
            yield kind(**values)


@pytest.mark.parametrize("error", list(every_exception()), ids=lambda error: type(error).__name__)
def test_every_exception_has_a_hint(error: Exception) -> None:
    """Every exception of botocore's is a failure with a hint, and none is taken for a bug."""
    failure = from_exception(LIST_USERS, error)

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
def test_no_file_descriptor_left(number: int, wrap: Callable[[OSError], Exception]) -> None:
    """A connection for which no descriptor is left is attempted again, and the hint names the limit."""
    failure = from_exception(LIST_USERS, wrap(OSError(number, os.strerror(number))))

    assert (failure.code, failure.transient, failure.unreachable) == ("TooManyOpenFiles", True, False)
    assert "ulimit -n" in failure.hint


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_a_token_cache_that_cannot_be_written(number: int) -> None:
    """A read-only folder of sign-in tokens is named, with what to do about it."""
    path = "/home/ann/.aws/sso/cache/tmpx.tmp"
    failure = from_exception(LIST_USERS, OSError(number, os.strerror(number), path))

    assert failure.code == "CacheNotWritable"
    assert path in failure.message
    assert "make the folder writable" in failure.hint


@pytest.mark.parametrize("response", [{}, {"Error": {}}, {"ResponseMetadata": {}}])
def test_refusal_without_words(response: Any) -> None:  # noqa: ANN401 - a broken answer
    """A refusal that does not say what it is about is one all the same."""
    assert told(botocore.ClientError(response, "ListAccountAssignments")) == (
        "ListAccountAssignments",
        "Unknown",
        "",
        LOOK_UP.format("Unknown"),
        False,
    )


def test_kinds() -> None:
    """Not to exist and not to be allowed are told apart."""
    gone = from_exception(LIST_USERS, refused("ResourceNotFoundException"))
    denied = from_exception(LIST_USERS, refused("AccessDeniedException"))

    assert (gone.not_found, gone.denied, gone.throttle) == (True, False, False)
    assert (denied.not_found, denied.denied, denied.throttle) == (False, True, False)


@pytest.mark.parametrize("reason", ["KMS_NotFoundException", "KMS_KEY_NOT_FOUND"])
def test_a_key_that_is_gone(reason: str) -> None:
    """That a key is not found says nothing of what was asked about: it is no `not found`."""
    failure = from_exception(LIST_USERS, refused("ResourceNotFoundException", Reason=reason))

    assert (failure.not_found, failure.code) == (False, reason)


def test_messages_are_printable() -> None:
    """What a hostile answer says reaches nobody's terminal as it is."""
    failure = from_exception(LIST_USERS, refused("\x1b[31mCode", "\x1b[2Jgone\u202e"))

    assert (failure.code, failure.message) == (" [31mCode", " [2Jgone ")
