"""What botocore raises, and what a person is told of it."""

import io
import json
from collections.abc import Callable
from typing import Any

import botocore.exceptions as botocore
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, DeferredRefreshableCredentials
from botocore.parsers import ResponseParserError

from sso_batch.aws.connection import _AssumedRole
from sso_batch.aws.exceptions import from_exception
from sso_batch.aws.hints import UNUSABLE
from sso_batch.aws.operations import LIST_ACCOUNT_ASSIGNMENTS, LIST_USERS
from sso_batch.aws.sts import Sts

URL = "https://sso.eu-west-1.amazonaws.com"

LOGIN = "sign in again: run `aws sso login --profile PROFILE` with this organization's profile"
NO_CREDENTIALS = (
    "give the organization a `profile` that has credentials, or credentials in the environment; "
    "`aws sts get-caller-identity` shows whether there are any"
)
TRUST = (
    "let the role's trust policy name the caller in the message above, with the external id that the "
    "configuration gives as `external_id`; the caller itself needs sts:AssumeRole on the role"
)
NO_PERMISSION_SETS = (
    "look whether this instance holds permission sets: an account instance does not, nor does one whose "
    "permission sets are turned off; and use the instance's primary Region"
)
KEY_HINT = "look in AWS KMS at the key that encrypts the instance: it is disabled or gone"
KMS_HINT = (
    "allow the role kms:Decrypt on the key that encrypts the instance, in its policy and in the key's own"
)
RENEW = "AWS does not know these credentials: renew them and check the clock of this machine"


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
    "look for line breaks and other strange characters in the credentials, AWS_ENDPOINT_URL and "
    "HTTPS_PROXY; they may be secrets and are not repeated here"
)
UNREACHABLE = (
    "look at this machine's DNS and network, at HTTPS_PROXY and AWS_ENDPOINT_URL: nobody answers there"
)
TLS = (
    "look who answers: where a proxy opens TLS, give its certificate as AWS_CA_BUNDLE; and check this "
    "machine's clock"
)

# Exceptions of botocore's own


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (botocore.ConnectionError(error=OSError("reset")), ""),
        (
            botocore.EndpointConnectionError(endpoint_url=URL),
            UNREACHABLE,
        ),
        (botocore.ConnectionClosedError(endpoint_url=URL), ""),
        (botocore.ConnectTimeoutError(endpoint_url=URL), ""),
        (botocore.ReadTimeoutError(endpoint_url=URL), ""),
        (botocore.ProxyConnectionError(proxy_url=URL), "look at HTTPS_PROXY: nobody answers there"),
        (
            botocore.SSLError(endpoint_url=URL, error=OSError("bad certificate")),
            TLS,
        ),
        (botocore.ResponseStreamingError(error="cut"), ""),
        (botocore.IncompleteReadError(actual_bytes=1, expected_bytes=2), ""),
        (ResponseParserError("not XML"), ""),
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
        ("https://hush@x/a@b", "https://***@x/a@b"),
        ("https://x/a@b", "https://x/a@b"),
    ],
)
def test_users_of_urls(url: str, shown: str) -> None:
    """The user and password in a URL, a proxy's or an endpoint's, are masked."""
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
        (botocore.InvalidConfigError(error_msg="no"), "InvalidConfigError", ""),
        (botocore.UnknownServiceError(service_name="x", known_service_names="y"), "UnknownServiceError", ""),
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
        "",
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
        "the profile's credential_process gives credentials that have run out: mend it",
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

    assert (failure.throttle, failure.transient, failure.hint) == (False, True, "")


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
            "the credentials ran out during the run: use a role, whose credentials are renewed",
        ),
        (refused("UnrecognizedClientException"), RENEW),
        (refused("InvalidClientTokenId"), RENEW),
        (refused("SignatureDoesNotMatch"), RENEW),
        (refused("ResourceNotFoundException"), ""),
        (refused("ValidationException"), NO_PERMISSION_SETS),
        (refused("AccessDeniedException", Reason="KMS_AccessDeniedException"), KMS_HINT),
        (refused("ResourceNotFoundException", Reason="KMS_NotFoundException"), KEY_HINT),
        (refused("ValidationException", Reason="KMS_DISABLED"), KEY_HINT),
        (refused("AccessDenied", operation="AssumeRole"), TRUST),
    ],
)
def test_refused(error: botocore.ClientError, hint: str) -> None:
    """A refusal is final, and its hint says whom to ask for what."""
    response: Any = error.response
    code = response.get("Reason") or response["Error"]["Code"]

    operation, told_code, message, told_hint, transient = told(error)

    assert (operation, told_code, told_hint, transient) == (error.operation_name, code, hint, False)
    assert message == error.response["Error"]["Message"]


@pytest.mark.parametrize("response", [{}, {"Error": {}}, {"ResponseMetadata": {}}])
def test_refusal_without_words(response: Any) -> None:  # noqa: ANN401 - a broken answer
    """A refusal that does not say what it is about is one all the same."""
    assert told(botocore.ClientError(response, "ListAccountAssignments")) == (
        "ListAccountAssignments",
        "Unknown",
        "",
        "",
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
