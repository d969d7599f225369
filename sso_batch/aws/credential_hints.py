"""Hints about credentials, and about the settings and files of the AWS SDK."""

from collections.abc import Mapping, Sequence

import botocore.exceptions as botocore

from sso_batch.aws.error_codes import DENIED, EXPIRED, UNKNOWN_CREDENTIALS

SSO_LOGIN = "sign in again: run `aws sso login --profile PROFILE` with this organization's profile"
LOGIN = "sign in again: run `aws login --profile PROFILE` with this organization's profile"
NO_CREDENTIALS = (
    "give the organization a `profile` that has credentials, or set credentials in the environment; "
    "`aws sts get-caller-identity` shows whether there are any"
)
NO_CREDENTIALS_IN_TIME = (
    "check what supplies this organization's credentials, first of all the profile's credential_process: it "
    "must answer without asking anybody for input"
)
LATE_CREDENTIALS = (
    "check what supplies this machine's credentials (the EKS Pod Identity agent, the ECS agent, EC2's "
    "instance metadata service, or the endpoint of SSO tokens), then run again"
)
EXPIRED_CREDENTIAL_PROCESS = "the profile's credential_process returns expired credentials: fix it"
UNUSABLE_SOURCE = (
    "check the profile's credential_process, AWS_WEB_IDENTITY_TOKEN_FILE and AWS_CONTAINER_CREDENTIALS_*: "
    "one of them is missing, unreadable or malformed"
)
UNSENDABLE_REQUEST = (
    "look for line breaks and other special characters in the credentials, AWS_ENDPOINT_URL and HTTPS_PROXY; "
    "they may be secrets and are not repeated here"
)
UNKNOWN_KEYS = "AWS does not know these credentials: renew them and check this machine's clock"
UNWRITABLE_CACHE = (
    "the AWS SDK stores renewed sign-in tokens there: make the folder writable for this user (in a "
    "container, mount a volume), or use credentials that need no sign-in"
)
MFA_REQUIRED = (
    "name a profile without mfa_serial: one of IAM Identity Center (`aws configure sso`), or a role whose "
    "trust policy requires an external id instead of MFA"
)
UNUSABLE_SETTINGS = (
    "check AWS_ENDPOINT_URL, the other AWS_* variables and the profile: one of their values is malformed"
)
INVALID_ENDPOINT = (
    "write https://HOST or http://HOST:PORT in AWS_ENDPOINT_URL, or in the profile's endpoint_url"
)

_SETTING = (
    "fix this setting in the environment (AWS_* variables) or in the AWS configuration file "
    "(AWS_CONFIG_FILE, by default ~/.aws/config)"
)
_ROLE_SOURCE = (
    "the credentials that assume the role do not work: renew those of the environment or of "
    "`source_profile`, and check this machine's clock"
)
_DURATION = "lower `duration_seconds`, or raise the role's maximum; AWS allows 3600 for a chain of roles"
_STS_OFF = "STS is turned off in this Region: turn it on in the management account, or set another `region`"
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


def on_setting(error: Exception, variables: Sequence[str]) -> str:
    """Return the hint for an invalid setting of the AWS SDK; `variables` may hold it."""
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


def on_unreadable_file(variable: str) -> str:
    """Return the hint for a file of the AWS SDK that cannot be read; `variable` sets its path."""
    return f"let the user that runs sso-batch read the file and its folder, or set {variable}"


def on_ca_bundle(setting: str) -> str:
    """Return the hint for a CA bundle that cannot be used; `setting` names it."""
    return f"set {setting} to a readable file of CA certificates in PEM form, or remove the setting"


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
        return _STS_OFF
    if code == "ValidationError" and "duration" in message.lower():
        return _DURATION
    return f"check `role_arn`, `session_name` and `duration_seconds`: STS refused them with {code}"


def on_sdk_call(operation: str, code: str) -> str:
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
