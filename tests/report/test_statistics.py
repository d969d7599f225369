"""The statistics of an organization."""

import json
from dataclasses import replace
from typing import Any

import pytest

from sso_batch.access import Holder, resolve
from sso_batch.coverage import Omission
from sso_batch.model import GROUP, USER, GapKind, Group, PermissionSet, Principal, Snapshot, User
from sso_batch.privileges.paths import Privilege
from sso_batch.report import statistics
from sso_batch.report.statistics import DIRECT, Administrator, LargeGroup, Statistics, compute_statistics
from sso_batch.review.snapshot_index import SnapshotIndex
from tests.privileges.policies import allow
from tests.support.overviews import ADMINISTRATOR_ACCESS, company, rows, with_gap
from tests.support.records import (
    ADMIN,
    ROLE,
    entitlement,
    gap,
    grant,
    membership_of,
    permission_set,
    snapshot,
    unexamined,
    user,
)

ANN, OPS = Principal(USER, "u-1"), Principal(GROUP, "g-1")
ADMINISTRATOR = permission_set(ADMIN, "Admin", "PT1H", (ADMINISTRATOR_ACCESS,), (), "", "")
UNREAD = PermissionSet("arn:unread", "Unread")
PASSES = json.dumps({"Statement": allow("iam:PassRole", "ec2:RunInstances")})
ASSIGNS = json.dumps({"Statement": allow("sso:CreateAccountAssignment")})


def computed(organization: Snapshot) -> Statistics:
    """Return the statistics of an organization."""
    return compute_statistics(SnapshotIndex(organization), resolve(organization))


def test_nothing() -> None:
    """Without grants all figures are zero and certain."""
    assert computed(snapshot()) == Statistics(
        organization="acme",
        people=0,
        grants=0,
        rows=0,
        direct=0,
        by_access={},
        administrators=(),
        administrators_total=0,
        administrators_unread=(),
        large_groups=(),
    )


def test_unread_policies() -> None:
    """If policies of a granted permission set or grants were not read, administrators are uncertain."""
    organization = snapshot(permission_sets=(UNREAD,), grants=(grant(ANN, permission_set_arn="arn:unread"),))

    assert computed(organization).administrators_certain is False
    assert computed(replace(organization, grants=())).administrators_certain is True
    assert computed(replace(organization, grants=(), gaps=(gap(),))).administrators_certain is False


def test_administrators() -> None:
    """Direct grants and groups count together, each account once; deleted users are not counted."""
    organization = snapshot(
        users=(user(), User("u-2", "bob", "Bob", "", "DISABLED")),
        groups=(Group("g-1", "Ops"),),
        memberships=(membership_of("g-1", ("u-1", "u-9")),),
        missing=(Principal(USER, "u-9"),),
        permission_sets=(ADMINISTRATOR, PermissionSet("arn:view", "View", "", "PT1H", (), (), "", "", ())),
        grants=(
            grant(ANN, "1"),
            grant(OPS, "1"),
            grant(OPS, "2"),
            grant(Principal(USER, "u-2"), "3", permission_set_arn="arn:view"),
            entitlement(ANN),
        ),
    )

    found = computed(organization)

    ann = user()
    assert found.administrators == (
        Administrator(
            organization="acme",
            holder=Holder("OK", ann.email, ann.name, ann.id, ann.login, ann.status, "NOT_READ"),
            permission_sets=("Admin",),
            through=("Ops", DIRECT),
            accounts=2,
        ),
    )
    assert (found.people, found.grants, found.rows, found.direct) == (2, 5, 7, 3)
    assert found.by_access == {"Admin": 3, "View": 1, ROLE.partition(":role/")[2]: 1}
    assert found.administrators_total == 1
    assert found.administrators_unread == ("what IAM roles of entitlements allow: 1",)


def test_large_groups() -> None:
    """Groups with many rows are listed with their members and grants."""
    ids = tuple(f"u-{number:03}" for number in range(60))
    organization = snapshot(
        groups=(Group("g-1", "Ops"),),
        memberships=(membership_of("g-1", ids),),
        grants=(grant(OPS, "1"), grant(OPS, "2")),
    )

    assert computed(organization).large_groups == (LargeGroup(OPS, "Ops", 60, 2),)
    assert computed(organization).rows == 120


def test_number_of_rows() -> None:
    """The number of rows is that of the CSV file."""
    for organization in (company("acme", 1), with_gap(company("globex", 2))):
        assert computed(organization).rows == len(rows((organization,)))


def test_many_administrators(monkeypatch: pytest.MonkeyPatch) -> None:
    """All administrators are counted, but only those with the most accounts are named."""
    monkeypatch.setattr(statistics, "MAX_ADMINISTRATORS", 2)
    people = [user(f"u-{number}") for number in range(5)]
    organization = snapshot(
        users=tuple(people),
        permission_sets=(ADMINISTRATOR,),
        grants=tuple(
            grant(Principal(USER, f"u-{number}"), str(account))
            for number in range(5)
            for account in range(number + 1)
        ),
    )

    found = computed(organization)

    assert [(each.holder.user_id, each.accounts) for each in found.administrators] == [("u-4", 5), ("u-3", 4)]
    assert found.administrators_total == 5
    assert found.administrators_certain


GROUP_GRANT: dict[str, Any] = {
    "groups": (Group("g-1", "Ops"),),
    "grants": (grant(OPS),),
    "permission_sets": (ADMINISTRATOR,),
}
CUSTOMER = permission_set(ADMIN, "Own", "PT1H", (), ("/path/own",), "", "")


@pytest.mark.parametrize(
    ("organization", "unread"),
    [
        (
            snapshot(permission_sets=(CUSTOMER,), grants=(grant(ANN),)),
            "what customer managed policies allow: 1",
        ),
        (
            snapshot(permission_sets=(replace(CUSTOMER, managed_policies=None),), grants=(grant(ANN),)),
            "policies of permission sets that were not read or not understood: 1",
        ),
        (
            snapshot(permission_sets=(replace(CUSTOMER, inline_policy="{"),), grants=(grant(ANN),)),
            "policies of permission sets that were not read or not understood: 1",
        ),
        (
            snapshot(
                permission_sets=(replace(CUSTOMER, customer_managed_policies=None),), grants=(grant(ANN),)
            ),
            "policies of permission sets that were not read or not understood: 1",
        ),
        (snapshot(grants=(entitlement(ANN),)), "what IAM roles of entitlements allow: 1"),
        (snapshot(**GROUP_GRANT), "members of groups that were not read: 1"),
        (snapshot(gaps=(gap(),)), "grants that were not read (gaps: 1)"),
        (snapshot(gaps=(gap(kind=GapKind.USERS),)), "other answers (gaps: 1)"),
        (snapshot(not_examined=unexamined(Omission.UNLISTED_PRINCIPALS)), Omission.UNLISTED_PRINCIPALS),
        (snapshot(not_examined=unexamined(Omission.ENTITLEMENTS)), Omission.ENTITLEMENTS),
    ],
)
def test_unread(organization: Snapshot, unread: str) -> None:
    """Unread data that could add administrators is named, and their number is uncertain."""
    found = computed(organization)

    assert unread in found.administrators_unread
    assert (found.administrators_total, found.administrators_certain) == (0, False)


@pytest.mark.parametrize(
    "organization",
    [
        snapshot(permission_sets=(CUSTOMER,)),
        snapshot(
            permission_sets=(replace(ADMINISTRATOR, customer_managed_policies=("/own",)),),
            grants=(grant(ANN),),
        ),
        snapshot(
            not_examined=unexamined(
                Omission.PERMISSION_SET_DETAILS, Omission.ACCOUNT_PATHS, Omission.UNASSIGNED_PERMISSION_SETS
            )
        ),
    ],
)
def test_nothing_unread(organization: Snapshot) -> None:
    """Unread data that cannot add administrators leaves their number certain."""
    assert computed(organization).administrators_certain


def test_deleted_users() -> None:
    """A deleted member is not counted as administrator, neither here nor by the checks."""
    organization = snapshot(**GROUP_GRANT, memberships=(membership_of("g-1", ("u-1",)),), missing=(ANN,))

    assert computed(organization).administrators_total == 0
    assert dict(SnapshotIndex(organization).admins) == {}


def test_people_close_to_administrators() -> None:
    """Each user counts once, at the highest level; a deleted user does not count."""
    sets = (
        ADMINISTRATOR,
        replace(ADMINISTRATOR, arn="arn:passes", name="Passes", managed_policies=(), inline_policy=PASSES),
        replace(ADMINISTRATOR, arn="arn:assigns", name="Assigns", managed_policies=(), inline_policy=ASSIGNS),
    )
    bo, cy, gone = (Principal(USER, user_id) for user_id in ("u-2", "u-3", "u-9"))
    management = "000000000001"
    organization = snapshot(
        users=(user(), user("u-2", "Bo"), user("u-3", "Cy")),
        missing=(gone,),
        permission_sets=sets,
        grants=(
            grant(ANN, "1"),
            grant(ANN, "2", "arn:passes"),
            grant(bo, "1", "arn:passes"),
            grant(bo, "2", "arn:passes"),
            grant(bo, management, "arn:assigns"),
            grant(cy, management, "arn:assigns"),
            grant(cy, "1", "arn:assigns"),
            grant(gone, "1", "arn:passes"),
        ),
        delegated_administrators=(),
    )

    found = computed(organization)

    assert [each.holder.user_id for each in found.administrators] == ["u-1"]
    assert [
        (each.holder.user_id, each.level, each.permission_sets, each.accounts) for each in found.close
    ] == [
        ("u-2", Privilege.CAN_ESCALATE, ("Passes",), 2),
        ("u-3", Privilege.MANAGES_ACCESS, ("Assigns",), 1),
    ]
    assert (found.administrators_total, found.can_become, found.manage_access) == (1, 1, 1)
