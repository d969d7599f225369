"""Tests of the result of a preflight."""

from dataclasses import replace

import pytest

from sso_batch.model import Gap, GapKind, Instance
from sso_batch.preflight.record import OrganizationCheck, Permission, Verdict, exit_code

CALLER = "arn:aws:sts::111122223333:assumed-role/Audit/x"
INSTANCE = Instance("arn", "d-1", "eu-west-1", "o-1", "111122223333", CALLER)
READY = OrganizationCheck("acme", (), INSTANCE, (), None, 3)
FAILED = replace(
    READY, instance=None, failure=Gap(GapKind.ORGANIZATION, "ListInstances", "acme", "NoInstance", "no", "")
)


def permission(verdict: Verdict, *, code: str = "", instead: str = "") -> Permission:
    return Permission("ListUsers", "identitystore:ListUsers", verdict, "d-1", code, instead=instead)


INCOMPLETE = replace(READY, permissions=(permission(Verdict.DENIED, code="AccessDeniedException"),))


@pytest.mark.parametrize(
    ("permission_", "missing"),
    [
        (permission(Verdict.ALLOWED), False),
        (permission(Verdict.DENIED, code="AccessDeniedException"), True),
        (permission(Verdict.UNKNOWN, code="ThrottlingException"), True),
        (permission(Verdict.UNKNOWN), False),
        (permission(Verdict.DENIED, code="X", instead="another call"), False),
        (permission(Verdict.UNKNOWN, code="X", instead="another call"), False),
    ],
)
def test_missing_permission(permission_: Permission, *, missing: bool) -> None:
    """A permission is missing if it was denied or failed, unless a run does not need the call."""
    check = replace(READY, permissions=(permission_,))

    assert permission_.missing == missing
    assert check.status == ("incomplete" if missing else "ready")


@pytest.mark.parametrize(
    ("checks", "code"),
    [
        ((READY, READY), 0),
        ((READY, INCOMPLETE), 4),
        ((READY, FAILED), 4),
        ((INCOMPLETE,), 4),
        ((FAILED, FAILED), 5),
        ((READY, replace(FAILED, bug=True)), 1),
    ],
)
def test_exit_code(checks: tuple[OrganizationCheck, ...], code: int) -> None:
    """The exit code is the one that a run would have."""
    assert exit_code(checks) == code


@pytest.mark.parametrize(
    ("management_account_id", "kind"),
    [("111122223333", "management"), ("999999999999", "delegated administrator"), (None, "unknown")],
)
def test_account_kind(management_account_id: str | None, kind: str) -> None:
    """The caller's account is the management account or the delegated administrator."""
    check = replace(READY, instance=replace(INSTANCE, management_account_id=management_account_id))

    assert (check.account_id, check.account_kind) == ("111122223333", kind)
    assert replace(READY, instance=None).account_kind == "unknown"
