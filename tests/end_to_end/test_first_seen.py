"""FirstSeen: the start of the first complete run in the output place that had a row."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sso_batch.emulator import generate
from sso_batch.emulator.world import Assignment, Membership, Organization
from sso_batch.run_files import snapshot
from tests.support import audits
from tests.support.audits import Audit
from tests.support.reports import Reports, parsed, run_folder
from tests.support.sample_worlds import denying, small, with_first

Key = tuple[str, ...]

COMPLETE = "\ncollect: {strategy: complete}\n"
FASTEST = "\ncollect: {strategy: fastest}\n"
WITHOUT_ENTITLEMENTS = "\ncollect: {entitlements: false}\n"


def first_seen(reports: Reports, name: str = "org-0") -> dict[Key, str]:
    """Return FirstSeen of each row, by account, permission set or role, principal and user."""
    header, *lines = parsed(reports.raw_content(name))
    columns = ("AccountId", "PermissionSetArn", "RoleArn", "PrincipalId", "UserId")
    rows = [dict(zip(header, line, strict=True)) for line in lines]
    return {tuple(row[column] for column in columns): row["FirstSeen"] for row in rows}


def start_of(reports: Reports) -> str:
    """Return the start of a run as the report's dates are written."""
    return f"{str(reports.manifest['started_at'])[:19]}Z"


def with_new_member(organization: Organization) -> Organization:
    """Add a user to the group of the first assignment to a group."""
    group_id = next(each.principal_id for each in organization.assignments if each.principal_type == "GROUP")
    members = {each.user_id for each in organization.memberships if each.group_id == group_id}
    new = next(user.id for user in organization.users if user.id not in members)
    return replace(organization, memberships=(*organization.memberships, Membership(group_id, new)))


def with_new_assignment(organization: Organization) -> Organization:
    """Add an assignment of a permission set that is provisioned already."""
    pair = organization.assignments[0]
    taken = {each.principal_id for each in organization.assignments}
    new = next(user.id for user in organization.users if user.id not in taken)
    assignment = Assignment(pair.account_id, pair.permission_set_arn, "USER", new)
    return replace(organization, assignments=(*organization.assignments, assignment))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "all-runs"


@pytest.fixture
def night(audit: Audit, folder: Path) -> Callable[..., Reports]:
    """Return `night(world, settings)`: a run in the one output place."""
    return lambda world, settings=COMPLETE: audit(world, folder=folder, settings=settings)


Night = Callable[..., Reports]


def test_the_first_run(night: Night) -> None:
    """Everything that the first complete run has was first seen by it."""
    reports = night(small())

    assert set(first_seen(reports).values()) == {start_of(reports)}


def test_three_nights(night: Night) -> None:
    """Dates survive; a new assignment and a new member get the start of the run that had them first."""
    world = generate(5, users=9, members=3, groups=2, permission_sets=2, accounts=3, pairs=4)
    first = night(world)
    world = with_first(world, with_new_assignment(world.organizations[0]))
    second = night(world)
    world = with_first(world, with_new_member(world.organizations[0]))
    third = night(world)

    before, after, last = first_seen(first), first_seen(second), first_seen(third)
    assert {key: date for key, date in after.items() if key in before} == before
    assert {date for key, date in after.items() if key not in before} == {start_of(second)}
    assert len(after) > len(before)
    assert {key: date for key, date in last.items() if key in after} == after
    assert {date for key, date in last.items() if key not in after} == {start_of(third)}
    assert len(last) > len(after)


def test_removed_and_given_again(night: Night) -> None:
    """Access that a complete run did not have was first seen by the run that has it again."""
    world = small()
    night(world)
    first = world.organizations[0]
    night(with_first(world, replace(first, assignments=first.assignments[1:])))

    third = night(world)

    lost = first.assignments[0]
    dates = first_seen(third)
    again = {date for key, date in dates.items() if key[:2] == (lost.account_id, lost.permission_set_arn)}
    assert start_of(third) in again


def test_an_incomplete_run_resets_nothing(night: Night) -> None:
    """An incomplete run takes dates over, gives none, and is not looked at by the next one."""
    world = small()
    first = night(world)
    more = with_first(world, with_new_assignment(world.organizations[0]))
    incomplete = night(denying(more, "sso:GetInlinePolicyForPermissionSet"))

    third = night(more)

    before, during, after = first_seen(first), first_seen(incomplete), first_seen(third)
    assert {key: date for key, date in during.items() if key in before} == before
    assert {date for key, date in during.items() if key not in before} == {""}
    assert {key: date for key, date in after.items() if key in before} == before
    assert {date for key, date in after.items() if key not in before} == {start_of(third)}


@pytest.mark.parametrize("settings", [FASTEST, WITHOUT_ENTITLEMENTS])
def test_a_run_that_sees_less_resets_nothing(night: Night, settings: str) -> None:
    """Orphaned assignments and entitlements keep their dates over a run that could not see them."""
    world = generate(
        5, users=5, groups=2, permission_sets=3, accounts=20, pairs=30, orphans=2, entitlements=3
    )
    first = night(world)
    second = night(world, settings)

    third = night(world)

    assert len(first_seen(second)) < len(first_seen(first))
    assert first_seen(third) == first_seen(first)


def test_unreadable_snapshot(night: Night, folder: Path) -> None:
    """If the newest snapshot was damaged, the one before it is used, and the report says so."""
    world = small()
    first = night(world)
    night(world)
    (file,) = run_folder(folder).glob("organizations/org-0/snapshot.jsonl")
    file.write_text(file.read_text().replace("ENABLED", "enabled"))

    third = night(world)

    assert third.ended.code == 0
    assert first_seen(third) == first_seen(first)
    (note,) = [text for text in third.organization("org-0")["not_examined"] if text.startswith("first seen")]
    assert note.startswith("first seen: earlier runs that cannot be read: ")
    assert "organizations/org-0/snapshot.jsonl (FileChanged)" in note
    assert not any(text.startswith("first seen") for text in third.organization("org-1")["not_examined"])


def test_snapshot_of_another_version(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """A place with runs of another version gives dates from now on, and the report says so."""
    world = small(1)
    night(world)
    monkeypatch.setattr(snapshot, "SCHEMA", snapshot.SCHEMA + 1)
    monkeypatch.setattr(audits, "_assert_record_fits", lambda _line: None)

    second = night(world)

    assert set(first_seen(second).values()) == {start_of(second)}
    (warning,) = second.ended.named("history.run_unusable")
    assert "has version 3 of its format" in warning["message"]
