"""Every error that a user can meet, each with the exit code it ends the process with."""

from collections.abc import Iterable
from typing import ClassVar

from sso_batch.exit_codes import ExitCode
from sso_batch.model import Gap


class SsoBatchError(Exception):
    """A user's trouble: what happened, and in `hint` what to do about it."""

    exit_code: ClassVar[ExitCode] = ExitCode.INTERNAL_ERROR

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(SsoBatchError):
    """A command line or a setting that cannot be obeyed; found before the first call."""

    exit_code = ExitCode.USAGE


class ConfigurationError(UsageError):
    """A configuration file with `problems`, all of the file at once, one line for each.

    A problem reads `file.yaml:LINE: path.to.key: what is wrong and what to write`.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class OutputError(UsageError):
    """An output place that cannot be written, found before the first call."""


class OutputUnavailableError(OutputError):
    """An output place that did not answer in time, before the first call: a later attempt may succeed."""

    exit_code = ExitCode.FAILED


class OrganizationError(SsoBatchError):
    """One organization that cannot be audited at all; the others go on.

    `code` is AWS's error code, or a word of ours in the same form; `operation` the call that told.
    """

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, *, code: str, operation: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.operation = operation

    def gap(self, organization: str) -> Gap:
        """Return the gap of an organization of which nothing was read."""
        return Gap(self.operation, organization, self.code, self.message, self.hint)
