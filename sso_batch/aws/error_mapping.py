"""What botocore raises, understood: worth another try or not, and explained to a person."""

import errno
import os
import sys
from collections.abc import Iterator, Mapping
from json import JSONDecodeError
from traceback import walk_tb
from typing import Any

import botocore.exceptions as botocore
from botocore.parsers import ResponseParserError

from sso_batch import open_files
from sso_batch.aws import hints
from sso_batch.aws.error_codes import NOT_FOUND, THROTTLES, TRANSIENT
from sso_batch.aws.exceptions import AwsFailure, TransientFailure
from sso_batch.aws.not_found import is_of_subject
from sso_batch.aws.operations import Operation
from sso_batch.sanitize.log import clean, without_paths

UNUSABLE_CODE = "UnusableCredentials"
UNUSABLE = "what gives the credentials cannot be used"

OPEN_FILES_CODE = "TooManyOpenFiles"
OPEN_FILES = "the limit of open files is reached: no further connection can be opened"

_PROCESS = "custom-process"  # as botocore calls it
_AGENTS = frozenset({"container-role", "iam-role", "Ec2InstanceMetadata", "sso"})  # likewise
_LATE_HINT = (
    "look at what gives this machine its credentials (the EKS Pod Identity agent, the ECS agent, EC2's "
    "instance metadata service, or the endpoint of SSO tokens), and run again once it does"
)
_GIVERS = frozenset(
    {"botocore.credentials", "botocore.tokens", "botocore.auth", "sso_batch.aws.credential_providers"}
)
_LIBRARIES = frozenset({"botocore", "dateutil", *sys.stdlib_module_names})
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500  # and above: AWS's trouble and not ours
_NOT_IMPLEMENTED = 501

_IN_ANY_MESSAGE = frozenset({"", "true", "false"})
_CACHE = "cache"  # in the path of the folder in which the SDK keeps tokens
_NOT_WRITABLE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC})
_FOR_CREDENTIALS = frozenset(
    {"AssumeRoleWithWebIdentity", "GetRoleCredentials", "CreateToken", "CreateOAuth2Token"}
)
"""What botocore calls by itself, to get credentials."""

_UNREACHED = (
    botocore.HTTPClientError,
    botocore.ConnectionError,
    botocore.IncompleteReadError,
    ResponseParserError,
)
_BY_KIND: tuple[tuple[tuple[type[Exception], ...], str, str], ...] = (
    ((botocore.SSOError, botocore.TokenRetrievalError), "LoginExpired", hints.SSO_LOGIN),
    ((botocore.LoginError,), "LoginExpired", hints.LOGIN),
    (
        (
            botocore.NoCredentialsError,
            botocore.PartialCredentialsError,
            botocore.CredentialRetrievalError,
            botocore.MetadataRetrievalError,
            botocore.NoAuthTokenError,
        ),
        "NoCredentials",
        hints.NO_CREDENTIALS,
    ),
)


def from_exception(
    operation: Operation,
    error: Exception,
    *,
    secrets: tuple[str, ...] = (),
    asked: Mapping[str, object] | None = None,
) -> AwsFailure:
    """The failure behind an exception of botocore's; anything else is a bug and is raised as it is.

    `secrets` are masked wherever they appear. `asked` has the call's parameters.
    """
    if isinstance(error, botocore.ClientError):
        return _refused(operation, error, secrets, asked or {})
    message = clean(in_words(error), secrets) + _asked(error)
    name = getattr(error, "operation_name", operation.name)  # AssumeRole where that is what failed
    if lacks_descriptors(error):
        return TransientFailure(name, OPEN_FILES_CODE, OPEN_FILES, hint=open_files.hint())
    if _is_late(error):
        return TransientFailure(name, "CredentialsUnavailable", message, hint=_LATE_HINT)
    if isinstance(error, _UNREACHED) and not _is_strange(error):
        return TransientFailure(name, type(error).__name__, message, hint=hints.on_connection(error))
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
        return "CredentialsExpired", hints.CREDENTIAL_PROCESS
    if isinstance(error, botocore.BotoCoreError):
        hint = hints.STRANGE if _is_strange(error) else hints.on_setting(error, variables_in(message))
        return type(error).__name__, hint
    if isinstance(error, OSError) and error.errno in _NOT_WRITABLE and _CACHE in str(error.filename):
        return "CacheNotWritable", hints.CACHE
    return (UNUSABLE_CODE, hints.UNUSABLE) if _is_of_credentials(error) else ("", "")


def variables_in(message: str) -> list[str]:
    """Return the names of the AWS_* variables whose values a message repeats."""
    return sorted(
        name
        for name, value in os.environ.items()
        if name.startswith("AWS_") and value not in _IN_ANY_MESSAGE and value in message
    )


def lacks_descriptors(error: BaseException) -> bool:
    """Return whether an exception, or one behind it, says that no further file can be opened."""
    return any(isinstance(cause, OSError) and cause.errno in open_files.EXHAUSTED for cause in _behind(error))


def _behind(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception, and those that it was raised from or while handling, or holds as its reason."""
    waiting, seen = [error], set[int]()
    while waiting:
        current = waiting.pop()
        if id(current) not in seen:
            seen.add(id(current))
            yield current
            held = getattr(current, "kwargs", {})
            reasons = (current.__cause__, current.__context__, *current.args, held.get("error"))
            waiting += [reason for reason in reasons if isinstance(reason, BaseException)]


def in_words(error: Exception) -> str:
    """What an exception says, but for the words of botocore's that can hold secrets."""
    if type(error) is botocore.HTTPClientError:  # it repeats headers, and what it cannot parse
        return f"the HTTP client raised {type(error.kwargs['error']).__name__}"
    if isinstance(error, botocore.CredentialRetrievalError) and error.kwargs["provider"] == _PROCESS:
        return "the profile's credential_process failed; run it yourself: its words are not repeated here"
    return clean(without_paths(str(error)))


def _is_strange(error: Exception) -> bool:
    """Whether no request could be made at all: another try would not mend that."""
    return type(error) is botocore.HTTPClientError and isinstance(error.kwargs["error"], ValueError)


def _is_late(error: Exception) -> bool:
    """Whether an agent that gives credentials did not; it is there, and another try may succeed."""
    return isinstance(error, botocore.MetadataRetrievalError) or (
        isinstance(error, botocore.CredentialRetrievalError) and error.kwargs["provider"] in _AGENTS
    )


def _is_of_credentials(error: Exception) -> bool:
    """Whether a file or a program that gives credentials is at fault: botocore's calls touch no others."""
    if isinstance(error, JSONDecodeError | UnicodeDecodeError):
        return True
    named = isinstance(error, OSError) and error.filename is not None
    return named or _comes_from_credentials(error)


def _comes_from_credentials(error: Exception) -> bool:
    """Whether botocore stumbled over the credentials themselves, and not over what code of ours does.

    Their form is checked nowhere: a list, null or a time without a zone raises whatever Python makes of it.
    """
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    modules = [str(frame.f_globals.get("__name__")) for frame in frames]
    last = max((place for place, module in enumerate(modules) if module in _GIVERS), default=None)
    if last is None or frames[last].f_code.co_name == "payload":  # which signs the body of a request of ours
        return False
    return all(module.partition(".")[0] in _LIBRARIES for module in modules[last + 1 :])


def _asked(error: Exception) -> str:
    """The Regions whose STS was asked for credentials, as the end of a message."""
    regions: tuple[str, ...] = getattr(error, "sts_regions", ())
    return f" (STS was asked in {', '.join(regions)})" if regions else ""


def _is_trouble(status: int) -> bool:
    """Return whether a status is of trouble that can pass; 501 says that a service lacks something."""
    return status >= _SERVER_ERROR and status != _NOT_IMPLEMENTED


def _refused(
    operation: Operation, error: botocore.ClientError, secrets: tuple[str, ...], asked: Mapping[str, object]
) -> AwsFailure:
    answer: dict[str, Any] = dict(error.response)
    code = clean(str(answer.get("Error", {}).get("Code", "Unknown")), secrets)
    message = clean(str(answer.get("Error", {}).get("Message", "")), secrets) + _asked(error)
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    name = error.operation_name or operation.name  # AssumeRole where the credentials had to be renewed
    if code in THROTTLES | TRANSIENT or status == _TOO_MANY_REQUESTS or _is_trouble(status):
        return TransientFailure(name, code, message, hint=hints.on_trouble(code))
    reason = clean(str(answer.get("Reason") or ""), secrets)
    if reason.startswith("KMS"):  # a key that is not found says nothing of what was asked about
        return AwsFailure(name, reason, message, hint=hints.on_key(reason))
    if code in NOT_FOUND and not is_of_subject(operation, asked, answer):
        return AwsFailure(name, code, message, hint=hints.NOT_THE_SUBJECT, of_subject=False)
    if name == "AssumeRole":
        hint = hints.on_role(code, message, external_id=bool(secrets))
        return AwsFailure(name, code, message, hint=hint)
    if name != operation.name and name in _FOR_CREDENTIALS:
        return AwsFailure(name, code, message, hint=hints.on_credentials(name, code))
    return AwsFailure(name, code, message, hint=hints.on_refusal(operation, code, message))
