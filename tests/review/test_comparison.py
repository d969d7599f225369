"""The comparison of two snapshots of one organization: exactly what differs, never what was not read."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_batch.access import NOT_READ, Access, Holder, resolve
from sso_batch.coverage import NOT_SEEN_BY_PRINCIPAL, Omission
from sso_batch.model import (
    GROUP,
    USER,
    Account,
    Grant,
    Group,
    PermissionSet,
    Principal,
    Snapshot,
    User,
)
from sso_batch.review.comparison import changes, incomparable_reason, not_examined
from tests.review.reviews import ANN, OPS, organization, permission_set
from tests.support.records import (
    ADMIN,
    INSTANCE,
    entitlement,
    gap,
    grant,
    membership_of,
    snapshot,
    unexamined,
    user,
)

DIRECT = organization(grants=(grant(ANN),))
THROUGH_GROUP = organization(
    users=(user(), user("u-2", "Bob")),
    memberships=(membership_of("g-1", ("u-1", "u-2")),),
    grants=(grant(OPS), grant(OPS, "000000000001")),
)

Row = tuple[str, str, str, str]
"""A row of a change as tests compare it: its kind, what changed, the account, the user."""


def changed_rows(old: Snapshot, new: Snapshot) -> list[Row]:
    """Return every row of the changes."""
    return [
        (change.kind, change.what, change.access.grant.account_id, holder.user_id)
        for change in changes(old, new)
        for holder in change.access.holders
    ]


# Not compared


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ({"gaps": (gap(),)}, {}, "incomplete in the old run"),
        ({}, {"gaps": (gap(),)}, "incomplete in the new run"),
        (
            {},
            {"instance": replace(INSTANCE, arn="arn:other")},
            "different instances of IAM Identity Center: arn:aws:sso:::instance/ssoins-1, then arn:other",
        ),
        (
            {"not_examined": unexamined(*NOT_SEEN_BY_PRINCIPAL)},
            {},
            "one run listed assignments by account, the other one by principal, which shows fewer of them",
        ),
        (
            {},
            {"not_examined": unexamined(*NOT_SEEN_BY_PRINCIPAL)},
            "one run listed assignments by account, the other one by principal, which shows fewer of them",
        ),
        ({}, {}, ""),
        (
            {"not_examined": unexamined(*NOT_SEEN_BY_PRINCIPAL)},
            {"not_examined": unexamined(*NOT_SEEN_BY_PRINCIPAL)},
            "",
        ),
        ({"not_examined": unexamined(Omission.ENTITLEMENTS)}, {}, ""),
    ],
)
def test_incomparable(old: dict[str, object], new: dict[str, object], reason: str) -> None:
    """Snapshots are compared if both are complete, of one instance and collected by the same strategy."""
    assert incomparable_reason(replace(DIRECT, **old), replace(DIRECT, **new)) == reason  # type: ignore[arg-type] # by name


@pytest.mark.parametrize("swapped", [False, True])
def test_entitlements_of_one_side(*, swapped: bool) -> None:
    """Entitlements that only one side has read are reported as not compared, not as added or removed."""
    pair = [
        replace(DIRECT, not_examined=unexamined(Omission.ENTITLEMENTS)),
        replace(DIRECT, grants=(grant(ANN), entitlement(ANN))),
    ]
    old, new = pair[::-1] if swapped else pair

    assert changed_rows(old, new) == []
    assert not_examined(old, new) == (Omission.ENTITLEMENTS,)


@pytest.mark.parametrize("swapped", [False, True])
def test_details_of_one_side(*, swapped: bool) -> None:
    """A value that only one side has read does not count as changed; other values do."""
    bare = PermissionSet(ADMIN, "Admin", "", "PT1H")
    pair = [
        organization(
            permission_sets=(bare,),
            grants=(grant(ANN),),
            not_examined=unexamined(Omission.PERMISSION_SET_DETAILS, Omission.ACCOUNT_PATHS),
        ),
        organization(
            permission_sets=(permission_set(inline_policy="{}", session_duration="PT2H"),),
            grants=(grant(ANN),),
        ),
    ]
    old, new = pair[::-1] if swapped else pair

    assert changed_rows(old, new) == [("changed", "SessionDuration", "111111111111", "u-1")]
    assert not_examined(old, new) == (Omission.PERMISSION_SET_DETAILS, Omission.ACCOUNT_PATHS)


# Compared


@pytest.mark.parametrize("snapshot", [DIRECT, THROUGH_GROUP], ids=["direct", "through a group"])
def test_other_order(snapshot: Snapshot) -> None:
    """A snapshot with the same records in another order has no changes."""
    reordered = replace(
        snapshot,
        users=snapshot.users[::-1],
        grants=snapshot.grants[::-1],
        accounts=snapshot.accounts[::-1],
    )

    assert changed_rows(snapshot, reordered) == []


def test_grants() -> None:
    """A grant that only one side has is added or removed, with all of its holders."""
    fewer = replace(THROUGH_GROUP, grants=(grant(OPS),))
    rows = [("000000000001", "u-1"), ("000000000001", "u-2")]

    assert changed_rows(fewer, THROUGH_GROUP) == [("added", "", *row) for row in rows]
    assert changed_rows(THROUGH_GROUP, fewer) == [("removed", "", *row) for row in rows]


def test_members() -> None:
    """A new member is added to each of the group's grants, a former member is removed from each."""
    fewer = replace(THROUGH_GROUP, memberships=(membership_of("g-1", ("u-1",)),))
    rows = [("000000000001", "u-2"), ("111111111111", "u-2")]

    assert changed_rows(fewer, THROUGH_GROUP) == [("added", "", *row) for row in rows]
    assert changed_rows(THROUGH_GROUP, fewer) == [("removed", "", *row) for row in rows]


def test_first_and_last_member() -> None:
    """A group that gains its first member, or loses its last one, changes by that member only."""
    empty = replace(THROUGH_GROUP, memberships=(membership_of("g-1", ()),), grants=(grant(OPS),))
    single = replace(empty, memberships=(membership_of("g-1", ("u-1",)),))

    assert changed_rows(empty, single) == [("added", "", "111111111111", "u-1")]
    assert changed_rows(single, empty) == [("removed", "", "111111111111", "u-1")]


def test_deleted_group() -> None:
    """A deleted group whose grant remains is removed for each member, and changes its state."""
    old = replace(THROUGH_GROUP, grants=(grant(OPS),))
    new = replace(old, groups=(), memberships=(), missing=(OPS,))

    assert changed_rows(old, new) == [
        ("removed", "", "111111111111", "u-1"),
        ("removed", "", "111111111111", "u-2"),
        ("changed", "PrincipalState", "111111111111", ""),
    ]


def test_deleted_user() -> None:
    """A deleted user whose grant remains changes only the state, even though other cells are empty now."""
    new = replace(DIRECT, users=(), missing=(ANN,))

    assert changed_rows(DIRECT, new) == [("changed", "PrincipalState", "111111111111", "u-1")]


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        (
            {"users": (User("u-1", "ann", "Ann May", "may@example.com", "DISABLED"),)},
            "UserEmail;UserName;UserLogin;UserStatus",
        ),
        ({"users": (replace(user(), status="DISABLED"),)}, "UserStatus"),
        (
            {"accounts": (Account("111111111111", "Live", "CLOSED", "Root/Old"),)},
            "AccountName;AccountState;AccountPath",
        ),
        (
            {
                "permission_sets": (
                    permission_set(
                        name="Root",
                        session_duration="PT2H",
                        managed_policies=("a",),
                        customer_managed_policies=("/b",),
                        inline_policy="{}",
                        permissions_boundary="c",
                    ),
                )
            },
            "PermissionSet;SessionDuration;ManagedPolicies;CustomerManagedPolicies;InlinePolicy;PermissionsBoundary",
        ),
    ],
)
def test_changed_columns(fields: dict[str, object], what: str) -> None:
    """Every column of the report, and the inline policy's text, is named if it changed."""
    old = replace(DIRECT, accounts=(Account("111111111111", "Prod", "ACTIVE", "Root/Prod"),))

    assert changed_rows(old, replace(old, **fields)) == [("changed", what, "111111111111", "u-1")]  # type: ignore[arg-type] # by name


def test_changed_privilege() -> None:
    """A change of the level has both values; any other change has no level of the old run."""
    deploys, passes = (
        organization(grants=(grant(ANN),), permission_sets=(permission_set(inline_policy=policy),))
        for policy in (
            '{"Statement": {"Effect": "Allow", "Action": "lambda:*", "Resource": "*"}}',
            '{"Statement": {"Effect": "Allow", "Action": ["lambda:*", "iam:PassRole"], "Resource": "*"}}',
        )
    )
    renamed = replace(passes, permission_sets=(replace(passes.permission_sets[0], name="Renamed"),))

    [raised] = changes(deploys, passes)
    [other] = changes(passes, renamed)

    assert (raised.what, raised.privilege_before) == ("InlinePolicy;Privilege", "WRITE")
    assert raised.words == "InlinePolicy, became CAN_ESCALATE (was WRITE)"
    assert (other.what, other.privilege_before, other.words) == ("PermissionSet", "", "PermissionSet")


def test_equivalent_inline_policy() -> None:
    """White space and the order of keys are no change; another value is."""
    old, same, other = (
        replace(DIRECT, permission_sets=(permission_set(inline_policy=text),))
        for text in ('{"a":1,"b":2}', '{ "b": 2, "a": 1 }', '{"a":1,"b":3}')
    )

    assert changed_rows(old, same) == []
    assert changed_rows(old, other) == [("changed", "InlinePolicy", "111111111111", "u-1")]


def test_renamed_group() -> None:
    """A renamed group changes all of its members in all of its grants; a renamed user only that user."""
    new = replace(THROUGH_GROUP, groups=(Group("g-1", "Operations"),), users=(user(), user("u-2", "Bobby")))

    found = list(changes(THROUGH_GROUP, new))

    assert [(change.what, [holder.user_id for holder in change.access.holders]) for change in found] == [
        ("GroupName", ["u-1"]),
        ("UserName;GroupName", ["u-2"]),
    ] * 2
    assert {holder.name for change in found for holder in change.access.holders} == {"Ann Lee", "Bobby"}


def test_side_of_a_row() -> None:
    """A removed grant has the values of the old run, an added one those of the new run."""
    new = replace(DIRECT, accounts=(Account("111111111111", "Live", "ACTIVE"),), grants=(grant(OPS),))
    old = replace(DIRECT, memberships=(membership_of("g-1", ()),))

    names = {change.kind: change.access.account.name for change in changes(old, new)}

    assert names == {"removed": "Prod", "added": "Live"}


def test_group_with_many_grants() -> None:
    """A new member of a group with many grants is a change of each, and is compared only once."""
    members = tuple(f"u-{number}" for number in range(2000))
    grants = tuple(grant(OPS, f"{number:012}") for number in range(500))
    old = organization(
        users=tuple(user(member) for member in members),
        memberships=(membership_of("g-1", members[1:]),),
        grants=grants,
    )
    new = replace(old, memberships=(membership_of("g-1", members),))

    found = list(changes(old, new))

    assert len(found) == 500
    assert {change.access.holders for change in found} == {(resolve_user(new, "u-0"),)}
    assert len({id(change.access.holders) for change in found}) == 1


def resolve_user(snapshot: Snapshot, user_id: str) -> Holder:
    """Return a user as a holder."""
    first = next(resolve(snapshot))
    return next(holder for holder in first.holders if holder.user_id == user_id)


# Compared with a naive comparison of all rows

_USERS = ("u-1", "u-2", "u-3")
_GROUPS = ("g-1", "g-2")
_ACCOUNTS = ("000000000001", "111111111111")
_SETS = (ADMIN, "arn:view")
_NAME = st.sampled_from(["a", "b"])


@st.composite
def worlds(draw: st.DrawFn) -> Snapshot:
    """Draw a complete snapshot of a small organization; absent users and groups are known to be missing."""
    users = draw(st.sets(st.sampled_from(_USERS)))
    groups = draw(st.sets(st.sampled_from(_GROUPS)))
    principals = [Principal(USER, user_id) for user_id in _USERS]
    principals += [Principal(GROUP, group_id) for group_id in _GROUPS]
    texts = st.lists(_NAME, max_size=2, unique=True).map(tuple)
    possible = [
        Grant(account, "PERMISSION_SET", arn, "", principal)
        for account in _ACCOUNTS
        for arn in _SETS
        for principal in principals
    ] + [entitlement(principal) for principal in principals]
    return snapshot(
        users=tuple(
            User(user_id, draw(_NAME), draw(_NAME), draw(_NAME), draw(_NAME)) for user_id in sorted(users)
        ),
        groups=tuple(Group(group_id, draw(_NAME)) for group_id in sorted(groups)),
        memberships=tuple(
            membership_of(group_id, tuple(sorted(draw(st.sets(st.sampled_from(_USERS))))))
            for group_id in sorted(groups)
        ),
        missing=tuple(principal for principal in principals if principal.id not in users | groups),
        accounts=tuple(
            Account(account_id, draw(_NAME), draw(_NAME), draw(st.none() | _NAME))
            for account_id in sorted(draw(st.sets(st.sampled_from(_ACCOUNTS))))
        ),
        permission_sets=tuple(
            PermissionSet(
                arn,
                draw(_NAME),
                "",
                draw(_NAME),
                draw(st.none() | texts),
                draw(st.none() | texts),
                draw(st.none() | st.sampled_from(["", "{}", "[]"])),
                draw(st.none() | _NAME),
                None,
            )
            for arn in _SETS
        ),
        grants=tuple(draw(st.sets(st.sampled_from(possible), max_size=8))),
    )


def cells(snapshot: Snapshot) -> dict[tuple[Grant, str], dict[str, str]]:
    """Return every row of a snapshot by its grant and user, with the columns that are compared."""
    inline = {permission_set.arn: permission_set.inline_policy for permission_set in snapshot.permission_sets}
    return {
        (access.grant, holder.user_id): _cells(
            access, holder, inline.get(access.grant.permission_set_arn, "")
        )
        for access in resolve(snapshot)
        for holder in access.holders
    }


def _cells(access: Access, holder: Holder, inline: str | None) -> dict[str, str]:
    account, permission = access.account, access.permission_set
    return {
        "UserEmail": holder.email,
        "UserName": holder.name,
        "AccountName": account.name,
        "PermissionSet": permission.name,
        "UserLogin": holder.login,
        "UserStatus": holder.status,
        "GroupName": access.group_name,
        "PrincipalState": holder.state,
        "AccountState": account.state,
        "AccountPath": account.path,
        "SessionDuration": permission.session_duration,
        "ManagedPolicies": permission.managed_policies,
        "CustomerManagedPolicies": permission.customer_managed_policies,
        "InlinePolicy": NOT_READ if inline is None else inline,
        "PermissionsBoundary": permission.permissions_boundary,
    }


_OF_THE_USER = {"UserEmail", "UserName", "UserLogin", "UserStatus"}


def naive(old: Snapshot, new: Snapshot) -> set[tuple[str, str, Grant, str]]:
    """Return the changes by comparing all rows with all rows, by grant and user."""
    before, after = cells(old), cells(new)
    found = set()
    for key in before.keys() | after.keys():
        granted, user_id = key
        in_both = granted in old.grants and granted in new.grants
        if not in_both or (user_id and (key in before) != (key in after)):
            found.add(("added" if key in after else "removed", "", *key))
            continue
        if key not in after:
            continue  # a row without a user, which was replaced with users
        row = after[key]
        earlier = before.get(key) or next(cell for (grant, _), cell in before.items() if grant == granted)
        changed = {
            column
            for column in row
            if row[column] != earlier[column] and NOT_READ not in (row[column], earlier[column])
        }
        if "PrincipalState" in changed or key not in before:
            deleted = "NOT_FOUND" in (row["PrincipalState"], earlier["PrincipalState"])
            changed -= _OF_THE_USER | ({"GroupName"} if deleted else set())
            if key not in before and row["PrincipalState"] == "EMPTY_GROUP":
                changed.discard("PrincipalState")
        if changed:
            found.add(("changed", ";".join(column for column in row if column in changed), *key))
    return found


@settings(max_examples=100, deadline=None)
@given(worlds(), worlds())
def test_naive_comparison(old: Snapshot, new: Snapshot) -> None:
    """Comparing grant by grant has the same result as comparing all rows, with each row once."""
    found = [
        (change.kind, change.what, change.access.grant, holder.user_id)
        for change in changes(old, new)
        for holder in change.access.holders
    ]

    assert len(found) == len(set(found))
    assert set(found) == naive(old, new)


@settings(max_examples=30, deadline=None)
@given(worlds())
def test_no_changes(snapshot: Snapshot) -> None:
    """A snapshot does not differ from itself."""
    assert list(changes(snapshot, snapshot)) == []
