"""What to do about a call that failed, in words for the person who reads of it."""

import botocore.exceptions as botocore

from sso_batch.aws.codes import DENIED, EXPIRED, UNKNOWN_CREDENTIALS
from sso_batch.aws.operations import Operation

SSO_LOGIN = "sign in again: run `aws sso login --profile PROFILE` with this organization's profile"
LOGIN = "sign in again: run `aws login --profile PROFILE` with this organization's profile"
NO_CREDENTIALS = (
    "give the organization a `profile` that has credentials, or credentials in the environment; "
    "`aws sts get-caller-identity` shows whether there are any"
)
CREDENTIAL_PROCESS = "the profile's credential_process gives credentials that have run out: mend it"
UNUSABLE = (
    "look at the profile's credential_process, AWS_WEB_IDENTITY_TOKEN_FILE and AWS_CONTAINER_CREDENTIALS_*: "
    "something there does not exist, or has not the form that AWS's tools ask for"
)
STRANGE = (
    "look for line breaks and other strange characters in the credentials, AWS_ENDPOINT_URL and HTTPS_PROXY; "
    "they may be secrets and are not repeated here"
)

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
NOT_THE_SUBJECT = (
    "AWS did not find something else than was asked for: check that the instance and its identity store "
    "still exist, and run again"
)
_NO_PERMISSION_SETS = (
    "look whether this instance holds permission sets: an account instance does not, nor does one whose "
    "permission sets are turned off; and use the instance's primary Region"
)


def on_key(reason: str) -> str:
    """Where AWS KMS would not decrypt what the instance holds; `reason` is AWS's."""
    return _KMS if "DENIED" in reason.upper() else _KMS_KEY


def on_way(error: Exception) -> str:
    """Where a request did not get through."""
    if isinstance(error, botocore.SSLError):
        return _TLS
    if isinstance(error, botocore.ProxyConnectionError):
        return _PROXY
    if isinstance(error, botocore.EndpointConnectionError):
        return _UNREACHABLE
    return ""


def on_role(code: str, message: str) -> str:
    """Where AWS refused to let the role be assumed."""
    if code in DENIED:
        return _TRUST
    if code in EXPIRED or code in UNKNOWN_CREDENTIALS:
        return _ROLE_SOURCE
    if code == "RegionDisabledException":
        return (
            "STS is turned off in this Region: turn it on in the management account, or give another `region`"
        )
    if code == "ValidationError" and "duration" in message.lower():
        return _DURATION
    return ""


def on_refusal(operation: Operation, code: str, message: str) -> str:
    """Where AWS refused any other call."""
    if "kms:" in message.lower():
        return _KMS
    if code in DENIED:
        return f"allow the role the IAM action {operation.action}"
    if code in EXPIRED:
        return "the credentials ran out during the run: use a role, whose credentials are renewed"
    if code in UNKNOWN_CREDENTIALS:
        return _UNKNOWN
    if code == "ValidationException" and operation.service == "sso-admin":
        return _NO_PERMISSION_SETS
    return ""
