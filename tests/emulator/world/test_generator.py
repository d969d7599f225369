"""Tests of generated worlds: sizes, special cases and reproducibility."""

from dataclasses import replace

import pytest

from sso_batch.emulator import Shape, generate
from sso_batch.emulator.world import Group, Organization, User
from sso_batch.emulator.world.provenance import SCIM
from tests.support.oracle import expected_rows

SIZES = Shape(users=50, groups=12, permission_sets=10, accounts=40, pairs=120)


def only(**sizes: float) -> Organization:
    """Return the organization of a generated world."""
    shape = replace(SIZES, **sizes)  # type: ignore[arg-type] # counts are integers, shares are floats
    return generate(1, shape=shape).organizations[0]


def test_the_same_seed_gives_the_same_world() -> None:
    """The seed determines the world."""
    assert generate(1, shape=SIZES) == generate(1, shape=SIZES)
    assert generate(1, shape=SIZES) != generate(2, shape=SIZES)


def test_the_sizes_are_as_requested() -> None:
    """Every provisioned pair has an assignment, except the bare pairs."""
    organization = only(bare_pairs=5)
    assigned = {
        (assignment.account_id, assignment.permission_set_arn) for assignment in organization.assignments
    }

    assert len(organization.users) == 50
    assert len(organization.groups) == 12
    assert len(organization.permission_sets) == 10
    assert len(organization.accounts) == 40
    assert (len(organization.provisioned), len(assigned)) == (125, 120)


@pytest.mark.parametrize(("direct", "kinds"), [(1.0, {"USER"}), (0.0, {"GROUP"}), (0.5, {"USER", "GROUP"})])
def test_the_share_of_direct_assignments(direct: float, kinds: set[str]) -> None:
    """Assignments are all direct, all through groups, or both."""
    assert {assignment.principal_type for assignment in only(direct=direct).assignments} == kinds


def test_special_cases_are_generated() -> None:
    """The requested numbers of orphans, deleted members, empty groups and so on exist."""
    organization = only(
        orphans=6,
        gone_members=3,
        empty_groups=2,
        unlisted_users=4,
        unlisted_groups=1,
        missing_names=0.5,
        entitlements=7,
        applications=12,
    )
    users = {user.id for user in organization.users}
    principals = users | {group.id for group in organization.groups}

    assert len({assignment.principal_id for assignment in organization.assignments} - principals) == 6
    assert len({membership.user_id for membership in organization.memberships} - users) == 3
    assert (
        len(
            {group.id for group in organization.groups}
            - {membership.group_id for membership in organization.memberships}
        )
        == 2
    )
    assert sum(not user.listed for user in organization.users) == 4
    assert sum(not group.listed for group in organization.groups) == 1
    assert 10 < sum(not user.emails for user in organization.users) < 40
    assert len(organization.applications[0].entitlements) == 7
    assert sum(not application.assignment_required for application in organization.sso_applications) == 3
    assert sum(not application.assignments for application in organization.sso_applications) == 2
    assert sum(application.status == "DISABLED" for application in organization.sso_applications) == 2


def test_applications_change_nothing_else() -> None:
    """An organization is the same with and without applications."""
    with_applications = only(applications=5)

    assert len(with_applications.sso_applications) == 5
    assert replace(with_applications, sso_applications=()) == only()


def test_objects_have_several_authors_and_old_ones_none() -> None:
    """Most objects come from SCIM with external ids, some from people, and some have no dates."""
    organization = only(members=20, gone_members=2)
    principals: list[User | Group] = [*organization.users, *organization.groups]
    authors = {record.created_by for record in (*principals, *organization.memberships)}

    assert len(authors) == 4
    assert authors >= {SCIM, None}
    for principal in principals:
        assert bool(principal.external_ids) == (principal.created_by == SCIM)
    for record in (*principals, *organization.memberships):
        assert (record.created_at is None) == (record.created_by is None)
        assert (record.created_at or "") <= (record.updated_at or "") < "2026-11-26"
    created = {record.id: record.created_at or "" for record in principals}
    assert all(
        entry.created_at >= created.get(entry.user_id, "")
        for entry in organization.memberships
        if entry.created_at
    )


def test_attributes_have_every_form() -> None:
    """Managers are strings and objects of two kinds, keys have both cases, and some users have none."""
    extensions = [user.extensions for user in only().users]
    managers = [
        value for entry in extensions for key, value in (entry or {}).items() if key.lower() == "manager"
    ]

    assert None in extensions
    assert {next(iter(entry)) for entry in extensions if entry} == {"department", "Department"}
    assert {
        type(value).__name__ if isinstance(value, str) else tuple(sorted(value)) for value in managers
    } == {
        "str",
        ("displayName", "value"),
        ("Name", "UserName"),
        ("value",),
    }


def test_organizations_of_one_world_share_nothing() -> None:
    """Accounts, users, instances and Regions of two organizations differ."""
    first, second = generate(1, organizations=2).organizations

    assert not {account.id for account in first.accounts} & {account.id for account in second.accounts}
    assert not {user.id for user in first.users} & {user.id for user in second.users}
    assert first.instance_arn != second.instance_arn
    assert first.region != second.region


def test_an_organization_without_groups_has_direct_assignments() -> None:
    """All assignments go to users if there are no groups."""
    world = generate(1, groups=0, direct=0.0)
    rows = expected_rows(world, "org-0", details=False, entitlements=True, account_paths=False)

    assert {row["PrincipalType"] for row in rows} == {"USER"}
