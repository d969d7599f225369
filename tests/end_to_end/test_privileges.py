"""What access amounts to, from end to end: columns, findings, the page, and what was not read."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from sso_batch.emulator import HUB, World, audit_role
from sso_batch.emulator.world import ManagedPolicy, PolicyReference
from sso_batch.emulator.world.builder import OrganizationBuilder
from tests.end_to_end.test_changes import newest_changes
from tests.support.audits import Audit
from tests.support.expected_reports import EVERYTHING
from tests.support.reports import Reports
from tests.support.sample_worlds import denying

MANAGEMENT, DELEGATED, MEMBER = "111111111111", "222222222222", "333333333333"
ACCOUNTS = (MANAGEMENT, DELEGATED, MEMBER)
WITHOUT_DOCUMENTS = "\ncollect: {policy_documents: false}\n"
Levels = dict[tuple[str, str], str]


def allow(*actions: str) -> str:
    """Return a policy that allows these actions on every resource."""
    return json.dumps(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": actions, "Resource": "*"}}
    )


def levels_world(changes: str = "s3:PutObject") -> World:
    """Return an organization whose permission sets are all assigned in all kinds of accounts.

    `changes` is the action that AWS's policy `TeamAccess` allows.
    """
    acme = OrganizationBuilder(
        "acme", management_account_id=MANAGEMENT, region="eu-west-1", domain="acme.example"
    )
    acme.account("identity", DELEGATED)
    acme.account("shop", MEMBER)
    acme.user("ann", "Ann Lee")
    acme.permission_set("Admin", managed=("AdministratorAccess",))
    acme.permission_set("Escalate", inline=allow("iam:CreateAccessKey"))
    acme.permission_set("Assign", inline=allow("sso:CreateAccountAssignment"))
    acme.permission_set("Organize", inline=allow("organizations:AttachPolicy"))
    acme.permission_set("Team", managed=("TeamAccess",))
    acme.permission_set("Read", managed=("ReadOnlyAccess",))
    acme.permission_set("Nothing")
    for name in ("Admin", "Escalate", "Assign", "Organize", "Team", "Read", "Nothing"):
        acme.assign(name, "USER", "ann", *ACCOUNTS)
    acme.delegated_administrators = (DELEGATED,)
    built = acme.build()
    team = ManagedPolicy(allow(changes), "v2" if changes == "s3:PutObject" else "v3")
    return World((built,), (HUB,), (audit_role(built),), {"TeamAccess": team})


def levels(reports: Reports, column: str = "Privilege") -> Levels:
    """Return the level, or another column, by permission set and account."""
    return {(row["PermissionSet"], row["AccountId"]): row[column] for row in reports.rows("acme")}


def in_accounts(**expected: str | tuple[str, str, str]) -> Levels:
    """Return the levels by permission set and account; one level is the same in all accounts."""
    return {
        (name, account): level if isinstance(level, str) else level[number]
        for name, level in expected.items()
        for number, account in enumerate(ACCOUNTS)
    }


EXPECTED = in_accounts(
    Admin="ADMINISTRATOR",
    Escalate="CAN_ESCALATE",
    Assign=("MANAGES_ACCESS", "MANAGES_ACCESS", "WRITE"),
    Organize=("MANAGES_ACCESS", "WRITE", "WRITE"),
    Team="WRITE",
    Read="READ",
    Nothing="NONE",
)


def found(reports: Reports, check: str) -> set[tuple[str, str]]:
    """Return the permission sets and accounts of a check's findings."""
    return {
        (finding["PermissionSet"], finding["AccountId"])
        for finding in reports.findings()
        if finding["Check"] == check
    }


def levels_of_page(reports: Reports) -> Levels:
    """Return the level of each grant in the page's records."""
    (page,) = reports.folder.glob("*.html")
    (written,) = re.findall(
        r'<script type="application/json" id="records">(.*?)</script>', page.read_text(), re.DOTALL
    )
    (record,) = json.loads(written)
    numbers = record["grants"]
    return {
        (record["access"][target][0], record["accounts"][account][0]): record["access"][target][3]
        for account, target, _ in zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True)
    }


def with_level(level: str) -> set[tuple[str, str]]:
    """Return the permission sets and accounts that must have a level."""
    return {key for key, value in EXPECTED.items() if value == level}


def test_each_level_in_each_kind_of_account(audit: Audit) -> None:
    """Column, reason and findings say the same of each assignment, and nothing was left unread."""
    reports = audit(levels_world(), "--format", "csv", "--format", "html", settings=EVERYTHING)

    assert reports.ended.code == 0
    assert levels(reports) == EXPECTED
    assert levels_of_page(reports) == EXPECTED
    assert set(levels(reports, "PrivilegeUnread").values()) == {""}
    reasons = levels(reports, "PrivilegeReason")
    assert reasons["Escalate", MEMBER] == (
        "the inline policy: can create an access key of any user (iam:CreateAccessKey)"
    )
    assert reasons["Assign", MEMBER] == (
        "the inline policy allows changes, such as sso:CreateAccountAssignment"
    )
    assert reasons["Team", MEMBER] == "TeamAccess allows changes, such as s3:PutObject"
    assert found(reports, "admin-access") == with_level("ADMINISTRATOR")
    assert found(reports, "privilege-escalation") == with_level("CAN_ESCALATE")
    assert found(reports, "manages-access") == with_level("MANAGES_ACCESS")


def test_snapshot_has_the_documents(audit: Audit) -> None:
    """The snapshot has each document with its version, and the delegated administrators."""
    records = audit(levels_world(), settings=EVERYTHING).records("acme")

    policies = {record["arn"]: record for record in records if record["record"] == "policy"}
    assert set(policies) == {
        f"arn:aws:iam::aws:policy/{name}" for name in ("AdministratorAccess", "ReadOnlyAccess", "TeamAccess")
    }
    team = policies["arn:aws:iam::aws:policy/TeamAccess"]
    assert (team["version_id"], json.loads(team["document"])) == ("v2", json.loads(allow("s3:PutObject")))
    assert records[0]["delegated_administrators"] == [DELEGATED]


def not_examined(reports: Reports) -> Iterable[str]:
    return list(reports.organization("acme")["not_examined"])


def test_without_documents(audit: Audit) -> None:
    """Left out by the configuration: only AdministratorAccess and inline policies are known."""
    reports = audit(levels_world(), settings=WITHOUT_DOCUMENTS)

    assert reports.ended.code == 0
    assert levels(reports) == EXPECTED | in_accounts(
        Assign=("MANAGES_ACCESS", "NOT_READ", "NOT_READ"),
        Organize=("MANAGES_ACCESS", "NOT_READ", "NOT_READ"),
        Team="NOT_READ",
        Read="NOT_READ",
    )
    unread = levels(reports, "PrivilegeUnread")
    assert unread["Read", MEMBER] == "AWS managed policy ReadOnlyAccess"
    assert unread["Assign", MEMBER] == "whether the account manages Identity Center"
    assert levels(reports, "PrivilegeReason")["Assign", MEMBER] == (
        "at least WRITE: the inline policy allows changes, such as sso:CreateAccountAssignment"
    )
    reasons = not_examined(reports)
    assert "what AWS managed policies allow" in reasons
    unread_policies = "policies of permission sets that were not read or not understood: 2"
    assert f"check admin-access: {unread_policies}" in reasons
    assert f"check privilege-escalation: {unread_policies}" in reasons
    assert f"check manages-access: which accounts administer Identity Center; {unread_policies}" in reasons
    operations = {operation for _, operation in reports.calls}
    assert not operations & {"GetPolicy", "GetPolicyVersion", "ListDelegatedAdministrators"}


@pytest.mark.parametrize("action", ["iam:GetPolicy", "iam:GetPolicyVersion"])
def test_denied_documents(audit: Audit, action: str) -> None:
    """A denied call is one gap; levels that depend on a document are NOT_READ, the others are known."""
    reports = audit(denying(levels_world(), action), settings=EVERYTHING)

    assert reports.ended.code == 4
    gap = reports.gap("acme")
    assert gap["operation"] == action.removeprefix("iam:")
    assert action in gap["hint"]
    assert levels(reports) == EXPECTED | in_accounts(Team="NOT_READ", Read="NOT_READ")


def test_denied_delegated_administrators(audit: Audit) -> None:
    """Without them, what manages Identity Center is known of the management account only."""
    denied = denying(levels_world(), "organizations:ListDelegatedAdministrators")

    reports = audit(denied, settings=EVERYTHING)

    assert reports.ended.code == 4
    assert reports.gap("acme")["operation"] == "ListDelegatedAdministrators"
    assert levels(reports) == EXPECTED | in_accounts(
        Assign=("MANAGES_ACCESS", "NOT_READ", "NOT_READ"),
        Organize=("MANAGES_ACCESS", "NOT_READ", "NOT_READ"),
    )


def test_what_was_read_counts(audit: Audit) -> None:
    """With unread policies, the reason says what the rest amounts to; a role's policies are never read."""
    acme = OrganizationBuilder(
        "acme", management_account_id=MANAGEMENT, region="eu-west-1", domain="acme.example"
    )
    acme.account("shop", MEMBER)
    acme.user("ann", "Ann Lee")
    acme.permission_set("Partly", managed=("ReadOnlyAccess",), inline=allow("iam:CreateAccessKey"))
    acme.permission_set("Custom", customer_managed=(PolicyReference("Own", "/teams/"),))
    for name in ("Partly", "Custom"):
        acme.assign(name, "USER", "ann", MEMBER)
    acme.entitle("USER", "ann", "Operator", MEMBER)
    built = acme.build()

    reports = audit(World((built,), (HUB,), (audit_role(built),)), settings=WITHOUT_DOCUMENTS)

    cells = {
        row["PermissionSet"]: tuple(row[f"Privilege{suffix}"] for suffix in ("", "Reason", "Unread"))
        for row in reports.rows("acme")
    }
    assert cells == {
        "Partly": (
            "NOT_READ",
            (
                "at least CAN_ESCALATE: the inline policy: can create an access key of any user "
                "(iam:CreateAccessKey)"
            ),
            "AWS managed policy ReadOnlyAccess",
        ),
        "Custom": (
            "NONE",
            "no policy that was read allows anything",
            "customer managed policy /teams/Own",
        ),
        "": ("NOT_READ", "", "policies of the IAM role"),
    }
    assert found(reports, "privilege-escalation") == {("Partly", MEMBER)}


def test_changed_document(audit: Audit, tmp_path: Path) -> None:
    """AWS publishes another version of a policy: the level changes, though no assignment did."""
    folder, previous = tmp_path / "runs", "\ncollect: {}\nreview: {compare: previous}\n"
    audit(levels_world(), folder=folder, settings=previous)

    audit(levels_world("iam:CreateAccessKey"), folder=folder, settings=previous)

    changes = newest_changes(folder)
    assert [(change, what, account) for change, what, _, account, _ in changes] == [
        ("changed", "Privilege", account) for account in ACCOUNTS
    ]
