"""What each user can reach, compared with the statistics of the same organization."""

from dataclasses import replace

from sso_batch.access import resolve
from sso_batch.model import GROUP, PERMISSION_SET, USER, Grant, Group, Principal
from sso_batch.privileges.paths import Privilege
from sso_batch.report.statistics import Administrator, compute_statistics
from sso_batch.report.user_access import Reach, UserAccess, users_with_access
from sso_batch.review.snapshot_index import SnapshotIndex
from tests.support.overviews import ADMINISTRATOR_ACCESS, company
from tests.support.records import ADMIN, entitlement, grant, membership_of, permission_set, snapshot, user

ACME = company("acme", 1, grants=200)
ANN = Principal(USER, "u-1")


def test_administrators() -> None:
    """The administrators are those of the statistics, with the same accounts, permission sets and groups."""
    index = SnapshotIndex(ACME)
    statistics = compute_statistics(index, resolve(ACME))

    found = [
        Administrator(
            "acme",
            each.holder,
            each.reach.level_permission_sets,
            each.reach.through,
            each.reach.level_accounts,
        )
        for each in users_with_access(index)
        if each.reach.level is Privilege.ADMINISTRATOR
    ]

    assert len(found) == statistics.administrators_total > 5
    assert {each.holder.user_id: each for each in found} == {
        each.holder.user_id: each for each in statistics.administrators
    }


def test_users() -> None:
    """Every user who exists is yielded once, with all accounts of the access report."""
    accounts: dict[str, set[str]] = {each.id: set() for each in ACME.users}
    for access in resolve(ACME):
        for holder in access.holders:
            if holder.user_id in accounts:
                accounts[holder.user_id].add(access.grant.account_id)

    found = list(users_with_access(SnapshotIndex(ACME)))

    assert [each.holder.user_id for each in found] == [each.id for each in ACME.users]
    assert {each.holder.user_id: each.reach.accounts for each in found} == {
        user_id: len(reached) for user_id, reached in accounts.items()
    }
    assert any(each.reach == Reach() for each in found)


def test_reach() -> None:
    """Access comes directly and through groups; the highest level says how it is reached."""
    acme = snapshot(
        users=(user(),),
        groups=(Group("g-1", "Ops"),),
        memberships=(membership_of("g-1", ("u-1",)),),
        permission_sets=(
            permission_set(ADMIN, "Admin", "", (ADMINISTRATOR_ACCESS,), (), "", ""),
            permission_set("arn:view", "View", "", (), (), "", ""),
        ),
        grants=(
            grant(ANN, "000000000001", "arn:view"),
            grant(Principal(GROUP, "g-1"), "000000000001"),
            grant(Principal(GROUP, "g-1"), "000000000002"),
            entitlement(ANN, "000000000003"),
        ),
    )

    (found,) = users_with_access(SnapshotIndex(acme))

    assert found.reach == Reach(
        accounts=3,
        permission_sets=("Admin", "View", "role/Audit"),
        administered=2,
        level=Privilege.ADMINISTRATOR,
        level_accounts=2,
        level_permission_sets=("Admin",),
        through=("Ops",),
        level_certain=False,  # the policies of the role are never read
    )


def test_unread_and_deleted_users() -> None:
    """A user with access who was not read is yielded, one who was deleted is not."""
    gone = Principal(USER, "u-9")
    acme = snapshot(
        users=(user(),),
        missing=(gone,),
        grants=tuple(
            Grant("111111111111", PERMISSION_SET, ADMIN, "", principal)
            for principal in (Principal(USER, "u-2"), gone)
        ),
    )

    found: list[UserAccess] = list(users_with_access(SnapshotIndex(acme)))

    assert [(each.holder.user_id, each.holder.email) for each in found] == [
        ("u-1", "u-1@example.com"),
        ("u-2", "NOT_READ"),
    ]
    assert replace(found[0].reach) == Reach()
