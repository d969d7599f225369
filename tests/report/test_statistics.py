"""An organization's figures."""

from dataclasses import replace
from typing import Any

import pytest

from sso_batch.access import Holder, resolve
from sso_batch.coverage import (
    ACCOUNT_PATHS,
    ENTITLEMENTS,
    PERMISSION_SET_DETAILS,
    UNASSIGNED_PERMISSION_SETS,
    UNLISTED_PRINCIPALS,
)
from sso_batch.model import GROUP, USER, Group, Membership, PermissionSet, Principal, Snapshot, User
from sso_batch.report import statistics as digests
from sso_batch.report.statistics import DIRECT, Administrator, Digest, LargeGroup
from sso_batch.review.snapshot_index import Facts
from tests.support.overviews import ADMINISTRATOR_ACCESS, company, rows, with_gap
from tests.support.records import ADMIN, ROLE, entitlement, gap, grant, permission_set, snapshot, user

ANN, OPS = Principal(USER, "u-1"), Principal(GROUP, "g-1")
ADMINISTRATOR = permission_set(ADMIN, "Admin", "PT1H", (ADMINISTRATOR_ACCESS,), (), "", "")
UNREAD = PermissionSet("arn:unread", "Unread")


def digest(one: Snapshot) -> Digest:
    """Give the figures of an organization."""
    return digests.digest(Facts(one), resolve(one))


def test_nothing() -> None:
    """Without grants all figures are zero, and that is certain."""
    assert digest(snapshot()) == Digest(
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
    """Where a granted set's policies were not read, somebody may be an administrator unseen."""
    one = snapshot(permission_sets=(UNREAD,), grants=(grant(ANN, permission_set_arn="arn:unread"),))

    assert digest(one).administrators_certain is False
    assert digest(replace(one, grants=())).administrators_certain is True
    assert digest(replace(one, grants=(), gaps=(gap(),))).administrators_certain is False


def test_administrators() -> None:
    """Ways directly and through groups count together, each account once; whoever is gone is not there."""
    one = snapshot(
        users=(user(), User("u-2", "bob", "Bob", "", "DISABLED")),
        groups=(Group("g-1", "Ops"),),
        memberships=(Membership("g-1", ("u-1", "u-9")),),
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

    found = digest(one)

    ann = user()
    assert found.administrators == (
        Administrator(
            organization="acme",
            holder=Holder("OK", ann.email, ann.name, ann.id, ann.login, ann.status),
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
    """Groups that give many rows are told with their members and grants."""
    ids = tuple(f"u-{number:03}" for number in range(60))
    one = snapshot(
        groups=(Group("g-1", "Ops"),),
        memberships=(Membership("g-1", ids),),
        grants=(grant(OPS, "1"), grant(OPS, "2")),
    )

    assert digest(one).large_groups == (LargeGroup(OPS, "Ops", 60, 2),)
    assert digest(one).rows == 120


def test_rows_are_counted_as_they_are_written() -> None:
    """The count of rows is that of the CSV's."""
    for one in (company("acme", 1), with_gap(company("globex", 2))):
        assert digest(one).rows == len(rows((one,)))


def test_many_administrators(monkeypatch: pytest.MonkeyPatch) -> None:
    """All administrators are counted, and only those with the most accounts are kept."""
    monkeypatch.setattr(digests, "SHOWN", 2)
    people = [user(f"u-{number}") for number in range(5)]
    one = snapshot(
        users=tuple(people),
        permission_sets=(ADMINISTRATOR,),
        grants=tuple(
            grant(Principal(USER, f"u-{number}"), str(account))
            for number in range(5)
            for account in range(number + 1)
        ),
    )

    found = digest(one)

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
    ("one", "unread"),
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
        (snapshot(gaps=(gap(operation="ListUsers"),)), "other answers (gaps: 1)"),
        (snapshot(not_examined=(UNLISTED_PRINCIPALS,)), UNLISTED_PRINCIPALS),
        (snapshot(not_examined=(ENTITLEMENTS,)), ENTITLEMENTS),
    ],
)
def test_unread(one: Snapshot, unread: str) -> None:
    """Whatever was not read and could make an administrator is named, and the number is not certain."""
    found = digest(one)

    assert unread in found.administrators_unread
    assert (found.administrators_total, found.administrators_certain) == (0, False)


@pytest.mark.parametrize(
    "one",
    [
        snapshot(permission_sets=(CUSTOMER,)),
        snapshot(
            permission_sets=(replace(ADMINISTRATOR, customer_managed_policies=("/own",)),),
            grants=(grant(ANN),),
        ),
        snapshot(not_examined=(PERMISSION_SET_DETAILS, ACCOUNT_PATHS, UNASSIGNED_PERMISSION_SETS)),
    ],
)
def test_nothing_unread(one: Snapshot) -> None:
    """What reaches nobody, or makes administrators already, leaves nothing open."""
    assert digest(one).administrators_certain


def test_deleted_users_are_no_administrators() -> None:
    """A member who no longer exists is not counted, neither here nor by the checks."""
    one = snapshot(**GROUP_GRANT, memberships=(Membership("g-1", ("u-1",)),), missing=(ANN,))

    assert digest(one).administrators_total == 0
    assert dict(Facts(one).admins) == {}
