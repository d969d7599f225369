"""An organization's figures."""

from dataclasses import replace

from sso_batch.access import Holder
from sso_batch.model import GROUP, USER, Group, Membership, PermissionSet, Principal, User
from sso_batch.report.digest import DIRECT, Administrator, Digest, LargeGroup, digest
from tests.overviews import ADMINISTRATOR_ACCESS, company, rows, with_hole
from tests.records import ADMIN, ROLE, entitlement, gap, grant, permission_set, snapshot, user

ANN, OPS = Principal(USER, "u-1"), Principal(GROUP, "g-1")
ADMINISTRATOR = permission_set(ADMIN, "Admin", "PT1H", (ADMINISTRATOR_ACCESS,), (), "", "")
UNREAD = PermissionSet("arn:unread", "Unread")


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
        administrators_certain=True,
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
    assert found.administrators_certain


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
    for one in (company("acme", 1), with_hole(company("globex", 2))):
        assert digest(one).rows == len(rows((one,)))
