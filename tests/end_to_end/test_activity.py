"""Activity in a whole run: who did it in every output, and a call that fails is a gap and never "nobody"."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sso_batch.aws import gateway
from sso_batch.emulator import Behaviour, Fault
from sso_batch.emulator.faults import FaultKind
from sso_batch.emulator.world import Membership, Organization
from sso_batch.emulator.world.builder import OrganizationBuilder
from sso_batch.emulator.world.events import History
from sso_batch.model import EventName
from tests.support.activity import DAY, HOUR, NOW, PROD, Clock, acme, ago, world_of
from tests.support.audits import Audit
from tests.support.command import Command
from tests.support.oracle import NOT_READ
from tests.support.reports import Reports, parsed

ACTIVITY = "\ncollect: {activity: true, entitlements: false, account_paths: false, policy_documents: false}\n"
COLUMNS = ("PrincipalType", "UserLogin", "AssignedBy", "MemberAddedBy", "LastSignIn")

Record = Callable[[History, OrganizationBuilder], None]


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock of the runs and of the emulator."""
    clock = Clock()
    monkeypatch.setattr("sso_batch.commands.run.now", clock.time)
    return clock


def fill(history: History, _: OrganizationBuilder) -> None:
    """Record who assigned Admin to ops, who added Bob, and who signed in."""
    pipeline = history.role("Pipeline", "run-7")
    history.assigned(NOW - 10 * DAY, pipeline, "Admin", "GROUP", "ops", PROD)
    history.member(NOW - 9 * DAY, history.person("eve"), "AddMemberToGroup", "ops", "bob")
    history.signed_in(NOW - DAY, "ada")


FILLED = [
    ("GROUP", "ada", "Pipeline/run-7", "", ago(DAY)),
    ("GROUP", "bob", "Pipeline/run-7", "eve", ""),
    ("USER", "ada", NOT_READ, "", ago(DAY)),
]
UNKNOWN = [
    ("GROUP", "ada", NOT_READ, "", NOT_READ),
    ("GROUP", "bob", NOT_READ, "", NOT_READ),
    ("USER", "ada", NOT_READ, "", NOT_READ),
]


def activity_cells(reports: Reports) -> list[tuple[str, ...]]:
    """Return the cells that activity fills, sorted."""
    header, *lines = parsed(reports.raw_content("acme"))
    rows = [dict(zip(header, line, strict=True)) for line in lines]
    return sorted(tuple(row[column] for column in COLUMNS) for row in rows)


def test_a_run_with_activity(audit: Audit, clock: Clock) -> None:
    """Each event is looked up by its name, and the report says who and when."""
    reports = audit(world_of(acme(fill)), settings=ACTIVITY, clock=clock)

    assert reports.ended.code == 0
    assert activity_cells(reports) == FILLED
    assert reports.calls["acme", "LookupEvents"] == len(EventName)


def test_a_run_without_activity(audit: Audit, clock: Clock) -> None:
    """By default nothing is looked up, no permission is needed, and nothing is known."""
    world = world_of(acme(fill), denied=("cloudtrail:*",))

    reports = audit(world, settings=ACTIVITY.replace("activity: true, ", ""), clock=clock)

    assert reports.ended.code == 0
    assert activity_cells(reports) == UNKNOWN
    assert reports.calls["acme", "LookupEvents"] == 0
    assert "activity" in reports.organization("acme")["not_examined"]
    assert '"lookup"' not in json.dumps(reports.records("acme"))


def test_a_denied_lookup(audit: Audit, clock: Clock) -> None:
    """It is exactly one gap, which names the action, and no access is missing."""
    world = world_of(acme(fill), denied=("cloudtrail:LookupEvents",))

    reports = audit(world, settings=ACTIVITY, clock=clock)

    assert reports.ended.code == 4
    gap = reports.gap("acme")
    assert (gap["operation"], gap["code"]) == ("LookupEvents", "AccessDeniedException")
    assert gap["hint"] == "allow the role the IAM action cloudtrail:LookupEvents"
    assert activity_cells(reports) == UNKNOWN


@pytest.mark.parametrize(
    "kind",
    [
        "internal_error",
        "truncated",
        "broken_json",
        "other_shape",
        "foreign_json",
        "no_object",
        "error_document",
        "no_list",
        "null_list",
        "list_twice",
        "byte_order_mark",
        "utf_16",
        "utf_32",
        "misspelt_token",
        "number_as_token",
        "other_question",
        "repeated_token",
        "endless_pages",
        "endless_empty_pages",
    ],
)
def test_an_answer_that_cannot_be_used(
    audit: Audit, clock: Clock, monkeypatch: pytest.MonkeyPatch, kind: FaultKind
) -> None:
    """It is one gap for the event's name; everything else is complete, and no wrong date is reported."""
    monkeypatch.setattr(gateway, "GIVE_UP", 0.02)
    monkeypatch.setattr(gateway, "MOST_EMPTY_PAGES", 5)
    fault = Fault(kind, operation="LookupEvents", resource=EventName.SIGN_IN)

    def record(history: History, builder: OrganizationBuilder) -> None:
        fill(history, builder)
        for minutes in range(2, 62):
            history.signed_in(NOW - DAY - minutes, "ada")

    reports = audit(world_of(acme(record)), settings=ACTIVITY, clock=clock, faults=[fault])

    assert fault.injected > 0
    gap = reports.gap("acme")
    assert (gap["operation"], gap["resource"]) == ("LookupEvents", EventName.SIGN_IN)
    cells = activity_cells(reports)
    assert [row[:4] for row in cells] == [row[:4] for row in FILLED]
    assert {row[4] for row in cells} <= {NOT_READ, ago(DAY)}
    assert {row[4] for row in cells if row[1] == "bob"} == {NOT_READ}


@pytest.mark.parametrize("kind", ["throttle", "unavailable", "reset", "expired_token"])
def test_a_call_that_fails_once(audit: Audit, clock: Clock, kind: FaultKind) -> None:
    """It is made again, and nothing is lost."""
    fault = Fault(kind, operation="LookupEvents", times=2)

    reports = audit(world_of(acme(fill)), settings=ACTIVITY, clock=clock, faults=[fault])

    assert (reports.ended.code, fault.injected) == (0, 2)
    assert activity_cells(reports) == FILLED


def test_three_nights_of_the_program(audit: Audit, clock: Clock) -> None:
    """A run finds out by itself what the previous one knew: it looks up an hour more than the time since."""

    def record(history: History, builder: OrganizationBuilder) -> None:
        fill(history, builder)
        for half_hours in range(-10, 50):
            history.signed_in(NOW + 900 + half_hours * 1800, "ada")

    world = world_of(acme(record))
    seen: list[tuple[int, str]] = []
    for night in (0.0, DAY, 150 * DAY):
        clock.now = NOW + night
        reports = audit(world, settings=ACTIVITY, clock=clock, behaviour=Behaviour(page_size=1))
        assert reports.ended.code == 0
        cells = activity_cells(reports)
        assert [row[:4] for row in cells] == [row[:4] for row in FILLED]
        seen.append((reports.calls["acme", "LookupEvents"], cells[0][4]))

    others = len(EventName) - 1
    assert seen == [
        (others + 10 + 1, ago(900)),
        (others + 2 * (24 + 1), ago(-DAY + 900)),
        (others + 1, ago(-DAY + 900)),
    ]


# Who made a change


def without_bob(organization: Organization) -> Organization:
    """Return the organization before Bob was added to ops and ops got Admin."""
    bob = next(user.id for user in organization.users if user.user_name == "bob")
    return replace(
        organization,
        memberships=tuple(each for each in organization.memberships if each.user_id != bob),
        assignments=tuple(each for each in organization.assignments if each.principal_type == "USER"),
    )


def test_who_made_a_change(audit: Audit, clock: Clock, sso_batch: Command, tmp_path: Path) -> None:
    """`diff` in all formats, the changes and the page say who assigned it."""
    organization = acme(fill)
    compare = ACTIVITY + "review: {compare: previous}\n"
    clock.now = NOW - 11 * DAY
    audit(
        world_of(replace(without_bob(organization), events=())),
        "--run-id",
        "one",
        settings=compare,
        clock=clock,
    )
    clock.now = NOW
    audit(world_of(organization), "--run-id", "two", "--format", "csv,html", settings=compare, clock=clock)
    place = tmp_path / "reports"

    table, as_json, as_csv = (
        sso_batch("diff", place / "one", place / "two", "--format", format_)
        for format_ in ("table", "json", "csv")
    )

    by = "assigned by Pipeline/run-7 on 2030-03-07"
    assert by in " ".join(table.stdout.split())
    document = json.loads(as_json.stdout)
    assert {row["Author"] for row in document["changes"]} == {by}
    header, *lines = parsed(as_csv.stdout.encode())
    assert {dict(zip(header, line, strict=True))["AssignedBy"] for line in lines} == {"Pipeline/run-7"}
    (page,) = (place / "two").glob("*.html")
    assert by in page.read_text()


def test_who_made_somebody_administrator(audit: Audit, clock: Clock, tmp_path: Path) -> None:
    """The finding says who added the user to the group."""
    organization = acme(fill)
    settings = ACTIVITY.replace(", policy_documents: false", "") + (
        "review: {compare: previous, checks: {admin-gained: high}}\n"
    )
    before = replace(
        organization,
        events=(),
        memberships=tuple(
            Membership(each.group_id, each.user_id)
            for each in organization.memberships
            if each.user_id != organization.users[1].id
        ),
    )
    clock.now = NOW - 9 * DAY - HOUR
    audit(world_of(before), "--run-id", "one", settings=settings, clock=clock)
    clock.now = NOW
    reports = audit(world_of(organization), "--run-id", "two", settings=settings, clock=clock)

    (gained,) = [row for row in reports.findings() if row["Check"] == "admin-gained"]
    assert gained["Message"] == (
        "Bob became administrator through ops (accounts: 1), added to the group by eve on 2030-03-08"
    )
    assert (tmp_path / "reports" / "two").is_dir()
