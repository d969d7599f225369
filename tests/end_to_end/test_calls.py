"""Each question is asked once: what the emulator counted is the floor that the world itself sets."""

from collections import Counter
from collections.abc import Iterable, Sized
from math import ceil
from typing import Any

import pytest

from sso_batch.emulator import Behaviour, generate
from sso_batch.emulator.world import Organization
from tests.end_to_end.conftest import Audit
from tests.end_to_end.worlds import ODDITIES, three_ways_in

MOST = 100
MOST_ACCOUNTS = 20


def floor(organization: Organization, page: int | None = None) -> Counter[str]:
    """The fewest calls with which everything about an organization can be known, by operation."""

    def pages(items: Sized, most: int = MOST) -> int:
        return max(1, ceil(len(items) / (page or most)))

    def sum_of_pages(listings: Iterable[Sized]) -> int:
        return sum(pages(one) for one in listings)

    users = {one.id for one in organization.users}
    groups = {one.id for one in organization.groups}
    listed = {one.id for one in organization.users if one.listed}
    listed |= {one.id for one in organization.groups if one.listed}
    assigned = {(one.principal_type, one.principal_id) for one in organization.assignments}
    members = {
        group: [one.user_id for one in organization.memberships if one.group_id == group]
        for kind, group in assigned
        if kind == "GROUP"
    }
    seen = {one for kind, one in assigned if kind == "USER"}.union(*members.values())
    assert seen - listed, "an unlisted user is part of the question"
    assert users - seen, "a user whom nobody has to ask for is part of the question"
    permission_sets = {one.arn for one in organization.permission_sets}
    accounts = {one.id for one in organization.accounts}
    pairs = {(one.account_id, one.permission_set_arn) for one in organization.provisioned}
    by_permission_set = len(permission_sets) <= len(accounts)
    return Counter(
        {
            "GetCallerIdentity": 1,
            "DescribeOrganization": 1,
            "ListInstances": 1,
            "ListUsers": pages([one for one in users if one in listed]),
            "ListGroups": pages([one for one in groups if one in listed]),
            "ListAccounts": pages(accounts, MOST_ACCOUNTS),
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
                [one for one in organization.assignments if (one.account_id, one.permission_set_arn) == pair]
                for pair in pairs
            ),
            "ListGroupMemberships": sum_of_pages(members.values()),
            "DescribeUser": len(seen - listed),
            "DescribeGroup": len(members.keys() - listed),
        }
    )


def counted(calls: Counter[tuple[str, str]], organization: str) -> Counter[str]:
    """What the emulator counted for one organization."""
    return Counter({operation: count for (name, operation), count in calls.items() if name == organization})


@pytest.mark.parametrize("page", [None, 3])
@pytest.mark.parametrize(
    "sizes",
    [{}, {"permission_sets": 24, "accounts": 7}, {"permission_sets": 9, "accounts": 9}],
    ids=["fewer permission sets", "fewer accounts", "as many of each"],
)
def test_every_question_is_asked_once(audit: Audit, sizes: dict[str, Any], page: int | None) -> None:
    """The calls of a run are the floor: no question twice, none that does not matter."""
    world = three_ways_in(**sizes)

    reports = audit(world, behaviour=Behaviour(page_size=page))

    for organization in world.organizations:
        assert counted(reports.calls, organization.name) == +floor(organization, page)


def test_a_role_is_assumed_once(audit: Audit) -> None:
    """An organization's clients share one session of its role; a profile assumes none."""
    reports = audit(three_ways_in())

    assert counted(reports.calls, "") == Counter(AssumeRole=2)


def test_the_manifest_counts_as_aws_does(audit: Audit) -> None:
    """The manifest's calls are those that the emulator answered for the organization."""
    world = three_ways_in()

    reports = audit(world)

    for organization in world.organizations:
        asked = counted(reports.calls, organization.name)
        assert reports.organization(organization.name)["calls"] == {
            "total": asked.total(),
            "throttled": 0,
            "retried": 0,
            "by_operation": dict(sorted(asked.items())),
        }


def test_a_group_without_a_grant_is_not_asked_for_its_members(audit: Audit) -> None:
    """Memberships are read for the groups that hold a grant, and for no other."""
    world = generate(3, **(ODDITIES | {"groups": 30, "pairs": 6, "direct": 0.5}))
    grants = world.organizations[0].assignments
    assigned = {one.principal_id for one in grants if one.principal_type == "GROUP"}

    reports = audit(world)

    assert len(assigned) < 30
    assert reports.calls["org-0", "ListGroupMemberships"] == len(assigned)
    assert {one["group_id"] for one in reports.records("org-0") if one["record"] == "membership"} == {
        one for one in assigned if one in {group.id for group in world.organizations[0].groups}
    }
