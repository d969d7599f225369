"""Each call is made once: the emulator counts exactly the calls that its world requires."""

from collections import Counter
from collections.abc import Iterable, Sized
from math import ceil
from typing import Any

import pytest

from sso_batch.emulator import Behaviour, generate
from sso_batch.emulator.world import Organization
from tests.support.audits import Audit
from tests.support.sample_worlds import ODDITIES, listed_principals, three_access_paths

ITEMS_A_PAGE = 100
ACCOUNTS_A_PAGE = 20


def floor(organization: Organization, page: int | None = None) -> Counter[str]:
    """Return the minimum number of calls that read everything about an organization, by operation."""

    def pages(items: Sized, items_a_page: int = ITEMS_A_PAGE) -> int:
        return max(1, ceil(len(items) / (page or items_a_page)))

    def sum_of_pages(listings: Iterable[Sized]) -> int:
        return sum(pages(listing) for listing in listings)

    users = {user.id for user in organization.users}
    groups = {group.id for group in organization.groups}
    listed = listed_principals(organization)
    assigned = {
        (assignment.principal_type, assignment.principal_id) for assignment in organization.assignments
    }
    members = {
        group_id: [
            membership.user_id for membership in organization.memberships if membership.group_id == group_id
        ]
        for kind, group_id in assigned
        if kind == "GROUP"
    }
    with_access = {user_id for kind, user_id in assigned if kind == "USER"}.union(*members.values())
    assert with_access - listed, "the world must have an unlisted user with access"
    assert users - with_access, "the world must have a user without access"
    permission_sets = {permission_set.arn for permission_set in organization.permission_sets}
    accounts = {account.id for account in organization.accounts}
    pairs = {(role.account_id, role.permission_set_arn) for role in organization.provisioned}
    by_permission_set = len(permission_sets) <= len(accounts)
    return Counter(
        {
            "GetCallerIdentity": 1,
            "DescribeOrganization": 1,
            "ListInstances": 1,
            "ListUsers": pages(users & listed),
            "ListGroups": pages(groups & listed),
            "ListAccounts": pages(accounts, ACCOUNTS_A_PAGE),
            "ListPermissionSets": pages(permission_sets),
            "DescribePermissionSet": len(permission_sets),
            "ListAccountsForProvisionedPermissionSet": sum_of_pages(
                [pair for pair in pairs if pair[1] == arn] for arn in permission_sets
            )
            * by_permission_set,
            "ListPermissionSetsProvisionedToAccount": sum_of_pages(
                [pair for pair in pairs if pair[0] == account] for account in accounts
            )
            * (not by_permission_set),
            "ListAccountAssignments": sum_of_pages(
                [
                    assignment
                    for assignment in organization.assignments
                    if (assignment.account_id, assignment.permission_set_arn) == pair
                ]
                for pair in pairs
            ),
            "ListGroupMemberships": sum_of_pages(members.values()),
            "DescribeUser": len(with_access - listed),
            "DescribeGroup": len(members.keys() - listed),
        }
    )


def counted(calls: Counter[tuple[str, str]], organization: str) -> Counter[str]:
    """Return the calls that the emulator counted for one organization."""
    return Counter({operation: count for (name, operation), count in calls.items() if name == organization})


@pytest.mark.parametrize("page", [None, 3])
@pytest.mark.parametrize(
    "sizes",
    [{}, {"permission_sets": 24, "accounts": 7}, {"permission_sets": 9, "accounts": 9}],
    ids=["fewer permission sets", "fewer accounts", "as many of each"],
)
def test_every_call_is_made_once(audit: Audit, sizes: dict[str, Any], page: int | None) -> None:
    """A run makes no call twice, and no call that is not needed."""
    world = three_access_paths(**sizes)

    reports = audit(world, behaviour=Behaviour(page_size=page))

    for organization in world.organizations:
        assert counted(reports.calls, organization.name) == +floor(organization, page)


def test_a_role_is_assumed_once(audit: Audit) -> None:
    """All clients of an organization share one session of its role; a profile assumes no role."""
    reports = audit(three_access_paths())

    assert counted(reports.calls, "") == Counter(AssumeRole=2)


def test_the_manifest_counts_the_calls_that_aws_answered(audit: Audit) -> None:
    """The manifest's call counts equal those of the emulator."""
    world = three_access_paths()

    reports = audit(world)

    for organization in world.organizations:
        asked = counted(reports.calls, organization.name)
        assert reports.organization(organization.name)["calls"] == {
            "total": asked.total(),
            "throttled": 0,
            "retried": 0,
            "by_operation": dict(sorted(asked.items())),
        }


def test_members_of_a_group_without_assignments_are_not_read(audit: Audit) -> None:
    """Memberships are read only for groups that have assignments."""
    world = generate(3, **(ODDITIES | {"groups": 30, "pairs": 6, "direct": 0.5}))
    organization = world.organizations[0]
    assigned = {
        assignment.principal_id
        for assignment in organization.assignments
        if assignment.principal_type == "GROUP"
    }

    reports = audit(world)

    assert len(assigned) < 30
    assert reports.calls["org-0", "ListGroupMemberships"] == len(assigned)
    memberships = [record for record in reports.records("org-0") if record["record"] == "membership"]
    existing = {group.id for group in organization.groups}
    assert {membership["group_id"] for membership in memberships} == assigned & existing
