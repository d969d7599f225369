"""botocore's exceptions as failures: whether another attempt may help, and a message and hint for people."""

import errno
import os
from collections.abc import Iterator, Mapping
from json import JSONDecodeError
from typing import Any

import botocore.exceptions as botocore
from botocore.parsers import ResponseParserError

from sso_batch import open_files
from sso_batch.aws import botocore_internals, call_hints, credential_hints
from sso_batch.aws.error_codes import (
    CACHE_NOT_WRITABLE,
    CREDENTIALS_EXPIRED,
    CREDENTIALS_UNAVAILABLE,
    KMS_PREFIX,
    LOGIN_EXPIRED,
    NO_CREDENTIALS,
    NOT_FOUND,
    THROTTLES,
    TOO_MANY_OPEN_FILES,
    TRANSIENT,
    UNUSABLE_CREDENTIALS,
)
from sso_batch.aws.exceptions import AwsFailure, TransientFailure
from sso_batch.aws.not_found import concerns_subject
from sso_batch.aws.operations import Operation
from sso_batch.sanitize import clean_message, strip_url_paths

UNUSABLE = "what supplies the credentials cannot be used"
OPEN_FILES = "the limit of open files is reached: no further connection can be opened"

_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500  # and above: an error on AWS's side
_NOT_IMPLEMENTED = 501

_IN_ANY_MESSAGE = frozenset({"", "true", "false"})
_CACHE = "cache"  # in the path of the folder in which the SDK keeps tokens
_NOT_WRITABLE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC})
_SDK_CALLS = frozenset(
    {"AssumeRoleWithWebIdentity", "GetRoleCredentials", "CreateToken", "CreateOAuth2Token"}
)
"""Operations that botocore calls by itself, to get credentials."""

_NO_ANSWER = (
    botocore.HTTPClientError,
    botocore.ConnectionError,
    botocore.IncompleteReadError,
    ResponseParserError,
    RecursionError,  # of a policy that is nested too deeply: botocore decodes it
)
_BY_CLASS: tuple[tuple[tuple[type[Exception], ...], str, str], ...] = (
    ((botocore.SSOError, botocore.TokenRetrievalError), LOGIN_EXPIRED, credential_hints.SSO_LOGIN),
    ((botocore.LoginError,), LOGIN_EXPIRED, credential_hints.LOGIN),
    (
        (
            botocore.NoCredentialsError,
            botocore.PartialCredentialsError,
            botocore.CredentialRetrievalError,
            botocore.MetadataRetrievalError,
            botocore.NoAuthTokenError,
        ),
        NO_CREDENTIALS,
        credential_hints.NO_CREDENTIALS,
    ),
)


def failure_from(
    operation: Operation,
    error: Exception,
    *,
    secrets: tuple[str, ...] = (),
    parameters: Mapping[str, object] | None = None,
) -> AwsFailure:
    """Return the failure behind an exception of botocore; raise any other exception, which is a bug.

    `secrets` are masked in the message. `parameters` are the call's.
    """
    if isinstance(error, botocore.ClientError):
        return _refusal(operation, error, secrets, parameters or {})
    message = clean_message(describe_error(error), secrets) + _asked_regions(error)
    name = _failed_operation(operation, getattr(error, "operation_name", ""))
    if ran_out_of_files(error):
        return TransientFailure(name, TOO_MANY_OPEN_FILES, OPEN_FILES, hint=open_files.hint())
    if botocore_internals.is_late_agent(error):
        hint = credential_hints.LATE_CREDENTIALS
        return TransientFailure(name, CREDENTIALS_UNAVAILABLE, message, hint=hint)
    if isinstance(error, _NO_ANSWER) and not _is_unsendable(error):
        return TransientFailure(name, type(error).__name__, message, hint=call_hints.on_connection(error))
    code, hint = _explain(error, message)
    if not code:
        raise error
    return AwsFailure(name, code, UNUSABLE if code == UNUSABLE_CREDENTIALS else message, hint=hint)


def _explain(error: Exception, message: str) -> tuple[str, str]:
    """Return code and hint of an exception that no retry resolves; empty ones for a bug in sso-batch."""
    for classes, code, hint in _BY_CLASS:
        if isinstance(error, classes):
            return code, hint
    if botocore_internals.is_still_expired(error):
        return CREDENTIALS_EXPIRED, credential_hints.EXPIRED_CREDENTIAL_PROCESS
    if isinstance(error, botocore.BotoCoreError):
        unsendable = _is_unsendable(error)
        setting_hint = credential_hints.on_setting(error, variables_quoted_in(message))
        return type(error).__name__, credential_hints.UNSENDABLE_REQUEST if unsendable else setting_hint
    if isinstance(error, OSError) and error.errno in _NOT_WRITABLE and _CACHE in str(error.filename):
        return CACHE_NOT_WRITABLE, credential_hints.UNWRITABLE_CACHE
    usable = not _is_about_credentials(error)
    return ("", "") if usable else (UNUSABLE_CREDENTIALS, credential_hints.UNUSABLE_SOURCE)


def variables_quoted_in(message: str) -> list[str]:
    """Return the names of the AWS_* variables whose values a message repeats."""
    return sorted(
        name
        for name, value in os.environ.items()
        if name.startswith("AWS_") and value not in _IN_ANY_MESSAGE and value in message
    )


def ran_out_of_files(error: BaseException) -> bool:
    """Return whether an exception, or one behind it, means that no further file can be opened."""
    return any(isinstance(cause, OSError) and cause.errno in open_files.EXHAUSTED for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception, those that it was raised from or while handling, and those that it holds."""
    waiting, seen = [error], set[int]()
    while waiting:
        current = waiting.pop()
        if id(current) not in seen:
            seen.add(id(current))
            yield current
            reason = botocore_internals.reason_of(current)
            causes = (current.__cause__, current.__context__, *current.args, reason)
            waiting += [cause for cause in causes if isinstance(cause, BaseException)]


def describe_error(error: Exception) -> str:
    """Return the message of an exception, or a safe one where botocore's can contain secrets."""
    unsent = botocore_internals.unsent_request_error(error)
    if unsent is not None:
        return f"the HTTP client raised {type(unsent).__name__}"
    if botocore_internals.is_credential_process_error(error):
        return "the profile's credential_process failed; run it yourself: its output is not repeated here"
    return clean_message(strip_url_paths(str(error)))


def _is_unsendable(error: Exception) -> bool:
    """Return whether the request could not be made at all, so that a retry would not help."""
    return isinstance(botocore_internals.unsent_request_error(error), ValueError)


def _is_about_credentials(error: Exception) -> bool:
    """Return whether a file or program that supplies credentials is at fault; calls use no others."""
    if isinstance(error, JSONDecodeError | UnicodeDecodeError):
        return True
    names_a_file = isinstance(error, OSError) and error.filename is not None
    return names_a_file or botocore_internals.failed_on_credentials(error)


def _asked_regions(error: Exception) -> str:
    """Return the Regions whose STS was asked for credentials, as the end of a message."""
    regions: tuple[str, ...] = getattr(error, "sts_regions", ())
    return f" (STS was asked in {', '.join(regions)})" if regions else ""


def _failed_operation(operation: Operation, name: str) -> str:
    """Return the label of the operation, or the name of the one that failed before it, such as AssumeRole."""
    return operation.label if name in ("", operation.name) else name


def _may_pass(status: int) -> bool:
    """Return whether the error behind an HTTP status may pass; 501 means that a service lacks something."""
    return status == _TOO_MANY_REQUESTS or (status >= _SERVER_ERROR and status != _NOT_IMPLEMENTED)


def _refusal(
    operation: Operation,
    error: botocore.ClientError,
    secrets: tuple[str, ...],
    parameters: Mapping[str, object],
) -> AwsFailure:
    """Return the failure of a call that AWS refused."""
    answer: dict[str, Any] = dict(error.response)
    code = clean_message(str(answer.get("Error", {}).get("Code", "Unknown")), secrets)
    message = clean_message(str(answer.get("Error", {}).get("Message", "")), secrets) + _asked_regions(error)
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    name = _failed_operation(operation, error.operation_name)
    if code in THROTTLES | TRANSIENT or _may_pass(status):
        return TransientFailure(name, code, message, hint=call_hints.on_transient_error(code))
    reason = clean_message(str(answer.get("Reason") or ""), secrets)
    if reason.startswith(KMS_PREFIX):  # a missing key does not mean that the requested resource is missing
        return AwsFailure(name, reason, message, hint=call_hints.on_instance_key(reason))
    if code in NOT_FOUND and not concerns_subject(operation, parameters, answer):
        hint = call_hints.OTHER_RESOURCE_NOT_FOUND
        return AwsFailure(name, code, message, hint=hint, of_subject=False)
    if name == "AssumeRole":
        hint = credential_hints.on_role(code, message, external_id=bool(secrets))
    elif name in _SDK_CALLS:
        hint = credential_hints.on_sdk_call(name, code)
    else:
        hint = call_hints.on_refusal(operation, code, message)
    return AwsFailure(name, code, message, hint=hint)
