"""One organization with everything that is known about people: every column, finding and application row."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace

import pytest

from sso_batch.emulator import World
from sso_batch.emulator.world import Authored, Profile
from sso_batch.emulator.world.builder import OrganizationBuilder
from sso_batch.emulator.world.events import History
from sso_batch.emulator.world.provenance import SCIM, external_id, session
from tests.support.activity import DAY, DELEGATE, MANAGEMENT, NOW, PROD, Clock, ago, world_of
from tests.support.audits import Audit
from tests.support.reports import Reports, parsed

SETTINGS = """
collect: {activity: true, applications: true, people: [department, manager]}
review:
  checks: {admin-access: off, direct-grant: off, management-account-access: off, manages-access: off}
"""
BY_HAND = session("Administrator", "zoe")
CHECKS = {
    "unmanaged-user",
    "unmanaged-membership",
    "manager-missing",
    "dormant-user",
    "new-user-admin",
    "single-administrator",
    "application-open-to-all",
    "application-disabled-user",
    "disabled-user-access",
}


def company() -> World:
    """Return an organization whose identity provider manages most, but not all, of its users."""
    builder = OrganizationBuilder(
        "acme", management_account_id=MANAGEMENT, region="eu-west-1", domain="acme.example"
    )
    builder.delegated_administrators = (DELEGATE,)
    builder.account("prod", PROD)
    builder.account("identity", DELEGATE)

    def provisioned(login: str, days: int, manager: object, department: str = "Sales") -> None:
        builder.user(
            login,
            login.title(),
            status="DISABLED" if login == "dan" else "ENABLED",
            profile=Profile(
                created_at=ago(days * DAY),
                created_by=SCIM,
                external_ids=external_id(builder.store_id, builder.principal_id("USER", login)),
                extensions={"department": department, "Manager": manager},
            ),
        )

    provisioned("ada", 900, "bob")
    provisioned("bob", 800, {"value": builder.principal_id("USER", "ada"), "displayName": "Ada"})
    provisioned("cid", 10, {"Name": "Bob", "UserName": "bob"}, "IT")
    provisioned("dan", 700, "somebody@elsewhere.example")
    builder.user("eve", "Eve", profile=Profile(created_at=ago(600 * DAY), created_by=BY_HAND))
    builder.group("ops", external_ids=external_id(builder.store_id, builder.principal_id("GROUP", "ops")))
    builder.member("ops", "ada", Authored(created_at=ago(500 * DAY), created_by=SCIM))
    builder.member("ops", "cid", Authored(created_at=ago(9 * DAY), created_by=BY_HAND))
    builder.member("ops", "bob")
    builder.permission_set("Admin", managed=("AdministratorAccess",))
    builder.permission_set("Reader", managed=("ReadOnlyAccess",))
    builder.assign("Admin", "GROUP", "ops", PROD)
    builder.assign("Admin", "USER", "ada", MANAGEMENT)
    for login in ("dan", "eve"):
        builder.assign("Reader", "USER", login, PROD)
    builder.sso_application("Wiki", assignment_required=False)
    builder.sso_application("Payroll", users=("dan",), groups=("ops",))
    record(History(builder))
    return world_of(builder.build())


def record(history: History) -> None:
    """Record events of both generations; Eve's assignment is in the delegated administrator's history."""
    history.assigned(NOW - 20 * DAY, history.role("Pipeline", "run-7"), "Admin", "GROUP", "ops", PROD)
    history.assigned(NOW - 30 * DAY, history.person("ada", old=True), "Admin", "USER", "ada", MANAGEMENT)
    history.assigned(NOW - 15 * DAY, history.iam_user("zoe"), "Reader", "USER", "dan", PROD)
    history.assigned(
        NOW - 5 * DAY, history.role("Admin", "zoe"), "Reader", "USER", "eve", PROD, account_id=DELEGATE
    )
    history.member(NOW - 40 * DAY, history.person("ada"), "AddMemberToGroup", "ops", "bob")
    history.signed_in(NOW - 1 * DAY, "ada")
    history.signed_in(NOW - 2 * DAY, "cid", old=True)
    history.signed_in(NOW - 3 * DAY, "bob", failed=True)


@pytest.fixture
def reports(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> Reports:
    clock = Clock()
    monkeypatch.setattr("sso_batch.commands.run.now", clock.time)
    return audit(company(), settings=SETTINGS, clock=clock)


def rows(reports: Reports, *columns: str) -> Iterator[tuple[str, ...]]:
    """Yield these columns of the organization's report."""
    header, *lines = parsed(reports.raw_content("acme"))
    for line in lines:
        row = dict(zip(header, line, strict=True))
        yield tuple(row[column] for column in columns)


def test_the_columns(reports: Reports) -> None:
    """Who is in, since when, by whom, last seen when, in which department, and who is the manager."""
    columns = (
        *("UserLogin", "PermissionSet", "AssignedAt", "AssignedBy", "MemberSince", "MemberAddedBy"),
        *("LastSignIn", "Department", "Manager"),
    )
    run = "Pipeline/run-7"

    assert reports.ended.code == 0
    ada, bob = "ada@acme.example", "bob@acme.example"
    assert sorted(rows(reports, *columns)) == [
        ("ada", "Admin", ago(30 * DAY), "ada", "", "", ago(DAY), "Sales", bob),
        ("ada", "Admin", ago(20 * DAY), run, ago(500 * DAY), SCIM, ago(DAY), "Sales", bob),
        ("bob", "Admin", ago(20 * DAY), run, ago(40 * DAY), "ada", "", "Sales", ada),
        ("cid", "Admin", ago(20 * DAY), run, ago(9 * DAY), BY_HAND, ago(2 * DAY), "IT", bob),
        ("dan", "Reader", ago(15 * DAY), "zoe", "", "", "", "Sales", "somebody@elsewhere.example"),
        ("eve", "Reader", "NOT_READ", "NOT_READ", "", "", "", "", ""),
    ]
    assert set(rows(reports, "FirstSeen")) == {(ago(0),)}


def test_the_findings(reports: Reports) -> None:
    """Each check about people and applications finds what it must, and nothing else."""
    found = sorted(
        (finding["Check"], finding["UserName"] or finding["GroupName"] or finding["AccountName"])
        for finding in reports.findings()
        if finding["Check"] in CHECKS
    )

    assert found == [
        ("application-disabled-user", "Dan"),
        ("application-open-to-all", ""),
        ("disabled-user-access", "Dan"),
        ("dormant-user", "Bob"),
        ("dormant-user", "Eve"),
        ("manager-missing", "Eve"),
        ("new-user-admin", "Cid"),
        ("single-administrator", "acme"),
        ("unmanaged-membership", "ops"),
        ("unmanaged-user", "Eve"),
    ]


def test_the_applications(reports: Reports) -> None:
    """Every user of an assigned group has a row, and the application without assignments has one, too."""
    (entry,) = (file for file in reports.manifest["files"] if file["kind"] == "applications_csv")
    text = (reports.folder / entry["name"]).read_bytes().decode()
    columns = ("ApplicationName", "AssignmentRequired", "GroupName", "UserLogin", "UserStatus")

    found = sorted(tuple(row[column] for column in columns) for row in csv.DictReader(io.StringIO(text)))

    assert found == [
        ("Payroll", "yes", "", "dan", "DISABLED"),
        ("Payroll", "yes", "ops", "ada", "ENABLED"),
        ("Payroll", "yes", "ops", "bob", "ENABLED"),
        ("Payroll", "yes", "ops", "cid", "ENABLED"),
        ("Wiki", "no", "", "", ""),
    ]


def test_the_calls(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    """With everything off, the run needs none of the new calls and permissions."""
    world = company()
    clock = Clock()
    monkeypatch.setattr("sso_batch.commands.run.now", clock.time)
    denied = ("cloudtrail:*", "sso:ListApplications", "sso:ListApplicationAssignments")
    (role,) = world.roles
    world = replace(world, roles=(replace(role, denied=denied),))

    reports = audit(world, settings="\ncollect: {}\n", clock=clock)

    assert reports.ended.code == 0
    assert not {name for _, name in reports.calls} & {"LookupEvents", "GetApplicationAssignmentConfiguration"}
