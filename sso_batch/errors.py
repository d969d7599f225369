"""The errors that are reported to users, each with its exit code."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import ClassVar

from sso_batch.exit_codes import ExitCode
from sso_batch.model import Gap, GapKind


class SsoBatchError(Exception):
    """An error for the user: what happened, and in `hint` what to do."""

    exit_code: ClassVar[ExitCode] = ExitCode.INTERNAL_ERROR

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(SsoBatchError):
    """A wrong command line or setting, found before the first AWS call to an organization."""

    exit_code = ExitCode.USAGE


class ConfigurationError(UsageError):
    """An invalid configuration; `problems` has a line for every problem of it.

    A line has the form `file.yaml:LINE: path.to.key: what is wrong: what to write`, or begins with another
    location of the configuration.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class ConfigurationUnavailableError(ConfigurationError):
    """A configuration in S3 that did not answer in time; a later attempt may succeed."""

    exit_code = ExitCode.FAILED


class OutputError(UsageError):
    """An output location that cannot be written, found before the first AWS call to an organization."""


class OutputUnavailableError(OutputError):
    """An output location that did not answer in time; a later attempt may succeed."""

    exit_code = ExitCode.FAILED


class OrganizationError(SsoBatchError):
    """An organization that cannot be audited at all; the others are not affected.

    `code` is AWS's error code, or one of sso-batch in the same form; `operation` is the failed call.
    """

    exit_code = ExitCode.FAILED
    is_bug = False

    def __init__(self, message: str, *, code: str, operation: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.operation = operation

    def __reduce__(self) -> tuple[Callable[[], "OrganizationError"], tuple[()]]:
        """Let another process get the error: pickle knows no keyword arguments."""
        words = {"code": self.code, "operation": self.operation, "hint": self.hint}
        return partial(OrganizationError, self.message, **words), ()

    def gap(self, organization: str) -> Gap:
        """Return the gap of an organization of which nothing was read."""
        return Gap(GapKind.ORGANIZATION, self.operation, organization, self.code, self.message, self.hint)
