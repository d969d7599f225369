"""Tests of the errors that are reported to users."""

import pytest

from sso_batch.errors import (
    ConfigurationError,
    ConfigurationUnavailableError,
    OrganizationError,
    OutputError,
    OutputUnavailableError,
    SsoBatchError,
    UsageError,
)
from sso_batch.run_files.snapshot import SnapshotError


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (SsoBatchError("no"), 1),
        (UsageError("no"), 2),
        (ConfigurationError(["no"]), 2),
        (ConfigurationUnavailableError(["no"]), 5),
        (OutputError("no"), 2),
        (OutputUnavailableError("no"), 5),
        (SnapshotError("no"), 1),
        (OrganizationError("no", code="NoInstance"), 5),
    ],
)
def test_exit_codes(error: SsoBatchError, exit_code: int) -> None:
    """Each class has the exit code of the contract, and its message is its text."""
    assert (error.exit_code, str(error), error.message, error.hint) == (exit_code, "no", "no", "")


def test_configuration_error() -> None:
    """Every problem of a file is kept and has a line of its own."""
    error = ConfigurationError(problem for problem in ("a.yaml:1: x: no", "a.yaml:2: y: no"))

    assert error.problems == ("a.yaml:1: x: no", "a.yaml:2: y: no")
    assert str(error) == "a.yaml:1: x: no\na.yaml:2: y: no"


def test_organization_error() -> None:
    """The error of an organization names the call, the code and what to do."""
    error = OrganizationError("none", code="NoInstance", operation="ListInstances", hint="set `region`")

    assert (error.message, error.code, error.operation, error.hint) == (
        "none",
        "NoInstance",
        "ListInstances",
        "set `region`",
    )
