"""Hints about calls: the connection, the answer, and AWS's refusals."""

from collections.abc import Sequence

import botocore.exceptions as botocore

from sso_batch.aws.credential_hints import UNKNOWN_KEYS
from sso_batch.aws.error_codes import DENIED, EXPIRED, NOT_FOUND, THROTTLES, UNKNOWN_CREDENTIALS
from sso_batch.aws.operations import LIST_SSO_APPLICATIONS, OF_ONE_APPLICATION, Operation

OTHER_RESOURCE_NOT_FOUND = (
    "AWS reports that something other than the requested resource was not found: check that the instance and "
    "its identity store still exist, then run again"
)
LIST_LEFT_OUT = "allow the role the IAM action sso:ListPermissionSets, so that another listing can confirm it"
CONTRADICTION = "run again; if it happens again, check that AWS answers and not a proxy in between"
ENDLESS_LISTING = "AWS never returns this many pages: check which endpoint or proxy answers, then run again"
MALFORMED = (
    "AWS does not send such answers: check which endpoint or proxy answers (AWS_ENDPOINT_URL, HTTPS_PROXY), "
    "then run again"
)

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
_THROTTLED = (
    "AWS kept throttling this call: other programs share its quota; lower collect.requests_per_second, or "
    "run again at a quieter time"
)
_AWS_ERROR = "AWS kept answering with an error of its own: look at the AWS Health Dashboard, then run again"
_KMS_DENIED = (
    "allow the role kms:Decrypt on the key that encrypts the instance, in its policy and in the key's own"
)
_KMS_KEY = "check the key that encrypts the instance in AWS KMS: it is disabled or deleted"
_NO_PERMISSION_SETS = (
    "check whether this instance has permission sets: an account instance has none, nor does an instance "
    "with permission sets turned off; and use the instance's primary Region"
)
_FILTER_REQUIRED = (
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
_POLICY_DENIED = (
    "allow the role the IAM action {operation.action}, or set collect.policy_documents: false; without it, "
    "Privilege is NOT_READ where it depends on an AWS managed policy"
)
_POLICY_NOT_FOUND = (
    "AWS does not offer this AWS managed policy, perhaps no longer: replace it in the permission sets that "
    "have it, or review them yourself; Privilege is NOT_READ where it depends on the policy"
)
_APPLICATION_DENIED = (
    "allow the role the IAM action {operation.action}, or set collect.applications: false. AWS may refuse "
    "the call for an application that it manages itself: then no permission helps"
)
_APPLICATION_REFUSED = (
    "AWS may not offer {operation.name} for an application that it manages itself: look at the application "
    "in the IAM Identity Center console, or set collect.applications: false"
)
_UNKNOWN_CODE = (
    "look up {code} in the AWS API reference of {operation.name} ({operation.service}); CloudTrail of the "
    "caller's account shows the request"
)
OUTPUT = "check the bucket, its policy and the settings under output in the configuration"
_OF_IAM: Sequence[tuple[frozenset[str], str]] = ((DENIED, _POLICY_DENIED), (NOT_FOUND, _POLICY_NOT_FOUND))
"""Hints by the code of IAM, which is only asked about AWS managed policies."""
_OF_APPLICATIONS: Sequence[tuple[frozenset[str], str]] = (
    (DENIED, _APPLICATION_DENIED),
    (frozenset({"ValidationException"}), _APPLICATION_REFUSED),
)
"""Hints by the code of a call about one application."""
_BY_CODE: Sequence[tuple[frozenset[str], str]] = (
    (DENIED, "allow the role the IAM action {operation.action}"),
    (EXPIRED, "the credentials expired during the run: use a role, whose credentials are renewed"),
    (UNKNOWN_CREDENTIALS, UNKNOWN_KEYS),
    (NOT_FOUND, _NOT_FOUND),
    (frozenset({"UnknownOperationException", "UnknownOperation", "InvalidAction"}), _UNKNOWN_OPERATION),
)
"""Hints by AWS's code, for any operation."""


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
    return MALFORMED


def on_transient_error(code: str) -> str:
    """Return the hint for throttling, or an error on AWS's side, that did not pass."""
    return _THROTTLED if code in THROTTLES else _AWS_ERROR


def on_instance_key(reason: str) -> str:
    """Return the hint for an instance that AWS KMS does not decrypt; `reason` is AWS's."""
    return _KMS_DENIED if "DENIED" in reason.upper() else _KMS_KEY


def on_refusal(operation: Operation, code: str, message: str) -> str:
    """Return the hint for any other call that AWS refused; never empty."""
    if "kms:" in message.lower():
        return _KMS_DENIED
    for codes, hint in (*_specific_hints(operation), *_BY_CODE):
        if code in codes:
            return hint.format(operation=operation, code=code)
    if (
        code == "ValidationException"
        and operation.service == "sso-admin"
        and operation is not LIST_SSO_APPLICATIONS
    ):
        return _NO_PERMISSION_SETS
    if code == "ValidationException" and operation.name in {"ListUsers", "ListGroups"}:
        return _FILTER_REQUIRED
    if operation.service == "s3":
        return OUTPUT
    return _UNKNOWN_CODE.format(operation=operation, code=code)


def _specific_hints(operation: Operation) -> Sequence[tuple[frozenset[str], str]]:
    """Return the hints that come before those for any operation."""
    if operation.service == "iam":
        return _OF_IAM
    return _OF_APPLICATIONS if operation in OF_ONE_APPLICATION else ()
