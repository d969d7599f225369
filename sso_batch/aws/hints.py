"""What to do about a call that failed, in words for the person who reads about it."""

from collections.abc import Mapping, Sequence

import botocore.exceptions as botocore

from sso_batch.aws.error_codes import DENIED, EXPIRED, NOT_FOUND, THROTTLES, UNKNOWN_CREDENTIALS
from sso_batch.aws.operations import Operation

SSO_LOGIN = "sign in again: run `aws sso login --profile PROFILE` with this organization's profile"
LOGIN = "sign in again: run `aws login --profile PROFILE` with this organization's profile"
NO_CREDENTIALS = (
    "give the organization a `profile` that has credentials, or set credentials in the environment; "
    "`aws sts get-caller-identity` shows whether there are any"
)
CREDENTIAL_PROCESS = "the profile's credential_process returns expired credentials: fix it"
UNUSABLE = (
    "check the profile's credential_process, AWS_WEB_IDENTITY_TOKEN_FILE and AWS_CONTAINER_CREDENTIALS_*: "
    "one of them is missing, unreadable or malformed"
)
STRANGE = (
    "look for line breaks and other special characters in the credentials, AWS_ENDPOINT_URL and HTTPS_PROXY; "
    "they may be secrets and are not repeated here"
)
CACHE = (
    "the AWS SDK stores renewed sign-in tokens there: make the folder writable for this user (in a "
    "container, mount a volume), or use credentials that need no sign-in"
)

_ROLE_SOURCE = (
    "the credentials that assume the role do not work: renew those of the environment or of "
    "`source_profile`, and check this machine's clock"
)
_DURATION = "lower `duration_seconds`, or raise the role's maximum; AWS allows 3600 for a chain of roles"
_UNKNOWN = "AWS does not know these credentials: renew them and check this machine's clock"
_TLS = (
    "a TLS-intercepting proxy may be in the way: set AWS_CA_BUNDLE to its CA certificate; also check this "
    "machine's clock"
)
_PROXY = "check HTTPS_PROXY: no proxy answers there"
_UNREACHABLE = (
    "check this machine's DNS and network, HTTPS_PROXY and AWS_ENDPOINT_URL: no endpoint answers there"
)
_CONNECTION = (
    "the connection to AWS failed on every attempt: check the network, HTTPS_PROXY and AWS_ENDPOINT_URL, "
    "then run again"
)
_BROKEN_ANSWER = (
    "AWS does not send such answers: check which endpoint or proxy answers (AWS_ENDPOINT_URL, HTTPS_PROXY), "
    "then run again"
)
_THROTTLED = (
    "AWS kept throttling this call: other programs share its quota; lower collect.requests_per_second, or "
    "run again at a quieter time"
)
_AWS_TROUBLE = "AWS kept answering with an error of its own: look at the AWS Health Dashboard, then run again"
_KMS = "allow the role kms:Decrypt on the key that encrypts the instance, in its policy and in the key's own"
_KMS_KEY = "check the key that encrypts the instance in AWS KMS: it is disabled or deleted"
NOT_THE_SUBJECT = (
    "AWS reports that something other than the requested resource was not found: check that the instance and "
    "its identity store still exist, then run again"
)
_NO_PERMISSION_SETS = (
    "check whether this instance has permission sets: an account instance has none, nor does an instance "
    "with permission sets turned off; and use the instance's primary Region"
)
_DIRECTORY = (
    "AWS lists the users and groups of this identity source only with a filter, as for some Active Directory "
    "instances: users and groups without any assignment or membership cannot be reported"
)
_UNKNOWN_OPERATION = (
    "this endpoint does not offer {operation.name}: check that {operation.service} is available in this "
    "Region and that no proxy or AWS_ENDPOINT_URL answers in its place; a newer version of sso-batch may help"
)
_NOT_FOUND = (
    "it was deleted while it was read, or the caller cannot see it: run again to read the current state"
)
_SETTING = (
    "fix this setting in the environment (AWS_* variables) or in the AWS configuration file "
    "(AWS_CONFIG_FILE, by default ~/.aws/config)"
)

_WEB_IDENTITY: Mapping[str, str] = {
    "ExpiredTokenException": "the token in AWS_WEB_IDENTITY_TOKEN_FILE has expired: the platform must "
    "renew the file (in Kubernetes, a projected service account token); restart the pod, or fix what "
    "writes the file",
    "InvalidIdentityToken": "check that the account has an OIDC identity provider for the issuer of the "
    "token in AWS_WEB_IDENTITY_TOKEN_FILE, with the token's audience",
    "IDPCommunicationError": "AWS cannot reach the issuer of the token in AWS_WEB_IDENTITY_TOKEN_FILE: "
    "check that its OIDC discovery document is public, then run again",
}
_WEB_IDENTITY_DENIED = (
    "check AWS_ROLE_ARN first: AWS gives the same answer for a role that does not exist; if it exists, its "
    "trust policy must allow sts:AssumeRoleWithWebIdentity for this cluster's OIDC provider and this "
    "service account"
)
_SSO_ROLE = (
    "check sso_account_id and sso_role_name in the profile: the user who signed in must have this permission "
    "set in this account"
)


_UNKNOWN_CODE = (
    "look up {code} in the AWS API reference of {operation.name} ({operation.service}); CloudTrail of the "
    "caller's account shows the request"
)
_OUTPUT = "check the bucket, its policy and the settings under output in the configuration"
_BY_CODE: Sequence[tuple[frozenset[str], str]] = (
    (DENIED, "allow the role the IAM action {operation.action}"),
    (EXPIRED, "the credentials expired during the run: use a role, whose credentials are renewed"),
    (UNKNOWN_CREDENTIALS, _UNKNOWN),
    (NOT_FOUND, _NOT_FOUND),
    (frozenset({"UnknownOperationException", "UnknownOperation", "InvalidAction"}), _UNKNOWN_OPERATION),
)
"""What to do by AWS's code, whatever the operation."""


def on_key(reason: str) -> str:
    """Return the hint for AWS KMS not decrypting what the instance holds; `reason` is AWS's."""
    return _KMS if "DENIED" in reason.upper() else _KMS_KEY


def on_connection(error: Exception) -> str:
    """Return the hint for a request or an answer that did not get through."""
    if isinstance(error, botocore.SSLError):
        return _TLS
    if isinstance(error, botocore.ProxyConnectionError):
        return _PROXY
    if isinstance(error, botocore.EndpointConnectionError | botocore.ConnectTimeoutError):
        return _UNREACHABLE
    if isinstance(error, botocore.HTTPClientError | botocore.ConnectionError):
        return _CONNECTION
    return _BROKEN_ANSWER


def on_trouble(code: str) -> str:
    """Return the hint for a throttle, or for an error of AWS's own, that did not pass."""
    return _THROTTLED if code in THROTTLES else _AWS_TROUBLE


def on_broken_answer() -> str:
    """Return the hint for an answer that is not what AWS promises."""
    return _BROKEN_ANSWER


def on_setting(error: Exception, variables: Sequence[str]) -> str:
    """Return the hint for a setting of AWS's tools that cannot work; `variables` may hold it."""
    if isinstance(error, botocore.PartialCredentialsError):
        return "set both the access key id and the secret access key where the message says, or neither"
    if isinstance(error, botocore.ConfigParseError):
        return "fix the syntax of the file that the message names"
    if variables:
        return f"fix {' or '.join(variables)} in the environment, or remove it"
    return _SETTING


def on_profile(profile: str, variable: str) -> str:
    """Return the hint for an unknown profile; `variable` names it, unless the configuration does."""
    if not profile:
        return f"{variable or 'AWS_PROFILE'} is set but empty: unset it, or set it to the name of a profile"
    where = f"; {variable} names it" if variable else ""
    return (
        "run `aws configure list-profiles` to see which profiles this machine has; in a container, mount the "
        f"folder that holds them{where}"
    )


def on_role(code: str, message: str, *, external_id: bool) -> str:
    """Return the hint for a role that cannot be assumed; `external_id` says if one is configured."""
    if code in DENIED:
        trusting = ", with the configured `external_id`" if external_id else ""
        return (
            "check the role's name and account in `role_arn` first: AWS gives the same answer for a role "
            "that does not exist; if it exists, its trust policy must allow the caller in the message "
            f"above{trusting}, and the caller needs sts:AssumeRole on the role"
        )
    if code in EXPIRED or code in UNKNOWN_CREDENTIALS:
        return _ROLE_SOURCE
    if code == "RegionDisabledException":
        return (
            "STS is turned off in this Region: turn it on in the management account, or set another `region`"
        )
    if code == "ValidationError" and "duration" in message.lower():
        return _DURATION
    return f"check `role_arn`, `session_name` and `duration_seconds`: STS refused them with {code}"


def on_credentials(operation: str, code: str) -> str:
    """Return the hint for a refused call that the AWS SDK makes by itself to get credentials."""
    if operation == "AssumeRoleWithWebIdentity":
        if code in DENIED:
            return _WEB_IDENTITY_DENIED
        return _WEB_IDENTITY.get(
            "ExpiredTokenException" if code in EXPIRED else code,
            "check AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE: STS refused them",
        )
    if operation == "GetRoleCredentials":
        return _SSO_ROLE
    return (
        f"check the profile or the variables that supply the credentials: AWS refused {operation} with {code}"
    )


def on_refusal(operation: Operation, code: str, message: str) -> str:
    """Return the hint for any other call that AWS refused; never empty."""
    if "kms:" in message.lower():
        return _KMS
    for codes, hint in _BY_CODE:
        if code in codes:
            return hint.format(operation=operation, code=code)
    if code == "ValidationException" and operation.service == "sso-admin":
        return _NO_PERMISSION_SETS
    if code == "ValidationException" and operation.name in {"ListUsers", "ListGroups"}:
        return _DIRECTORY
    if operation.service == "s3":
        return _OUTPUT
    return _UNKNOWN_CODE.format(operation=operation, code=code)
