"""What a preflight's findings come to."""

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


LACKING = replace(READY, permissions=(permission(Verdict.DENIED, code="AccessDeniedException"),))


@pytest.mark.parametrize(
    ("found", "lacking"),
    [
        (permission(Verdict.ALLOWED), False),
        (permission(Verdict.DENIED, code="AccessDeniedException"), True),
        (permission(Verdict.UNKNOWN, code="ThrottlingException"), True),
        (permission(Verdict.UNKNOWN), False),
        (permission(Verdict.DENIED, code="X", instead="another call"), False),
        (permission(Verdict.UNKNOWN, code="X", instead="another call"), False),
    ],
)
def test_lacking(found: Permission, *, lacking: bool) -> None:
    """A run lacks what is denied or failed, but not what it would not ask or can do without."""
    one = replace(READY, permissions=(found,))

    assert found.lacking == lacking
    assert one.status == ("incomplete" if lacking else "ready")


@pytest.mark.parametrize(
    ("checks", "code"),
    [
        ((READY, READY), 0),
        ((READY, LACKING), 4),
        ((READY, FAILED), 4),
        ((LACKING,), 4),
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
    """The asking account is the management account, or one that administers for it."""
    one = replace(READY, instance=replace(INSTANCE, management_account_id=management_account_id))

    assert (one.account_id, one.account_kind) == ("111122223333", kind)
    assert replace(READY, instance=None).account_kind == "unknown"
