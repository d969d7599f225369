"""Two snapshots of one organization, compared: exactly what differs, by ids, and never what was not read."""

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
    Membership,
    PermissionSet,
    Principal,
    Snapshot,
    User,
)
from sso_batch.review.comparison import changes, not_examined, why_not
from tests.review.reviews import ANN, OPS, organization, permission_set
from tests.support.records import ADMIN, INSTANCE, entitlement, gap, grant, snapshot, unexamined, user

ALONE = organization(grants=(grant(ANN),))
TOGETHER = organization(
    users=(user(), user("u-2", "Bob")),
    memberships=(Membership("g-1", ("u-1", "u-2")),),
    grants=(grant(OPS), grant(OPS, "000000000001")),
)

Row = tuple[str, str, str, str]
"""A change as far as a test compares it: its kind, what changed, the account, the user."""


def told(old: Snapshot, new: Snapshot) -> list[Row]:
    """Give every row of the changes."""
    return [
        (one.kind, one.what, one.access.grant.account_id, holder.user_id)
        for one in changes(old, new)
        for holder in one.access.holders
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
            "two instances of IAM Identity Center: arn:aws:sso:::instance/ssoins-1, then arn:other",
        ),
        (
            {"not_examined": unexamined(*NOT_SEEN_BY_PRINCIPAL)},
            {},
            "one run asked pairs and the other one principals for their grants, which do not show the same",
        ),
        (
            {},
            {"not_examined": unexamined(*NOT_SEEN_BY_PRINCIPAL)},
            "one run asked pairs and the other one principals for their grants, which do not show the same",
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
def test_why_not(old: dict[str, object], new: dict[str, object], reason: str) -> None:
    """Two snapshots are compared where both are complete, of one instance, and found in the same way."""
    assert why_not(replace(ALONE, **old), replace(ALONE, **new)) == reason  # type: ignore[arg-type] # by name


@pytest.mark.parametrize("swapped", [False, True])
def test_entitlements_that_one_side_did_not_read(*, swapped: bool) -> None:
    """What one side was told not to read is neither added nor removed, and is named."""
    pair = [
        replace(ALONE, not_examined=unexamined(Omission.ENTITLEMENTS)),
        replace(ALONE, grants=(grant(ANN), entitlement(ANN))),
    ]
    old, new = pair[::-1] if swapped else pair

    assert told(old, new) == []
    assert not_examined(old, new) == (Omission.ENTITLEMENTS,)


@pytest.mark.parametrize("swapped", [False, True])
def test_details_that_one_side_did_not_read(*, swapped: bool) -> None:
    """A value that one side did not read has not changed; what both have read has."""
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

    assert told(old, new) == [("changed", "SessionDuration", "111111111111", "u-1")]
    assert not_examined(old, new) == (Omission.PERMISSION_SET_DETAILS, Omission.ACCOUNT_PATHS)


# Compared


@pytest.mark.parametrize("one", [ALONE, TOGETHER])
def test_with_itself(one: Snapshot) -> None:
    """A snapshot does not differ from itself, nor from one that lists the same in another order."""
    again = replace(one, users=one.users[::-1], grants=one.grants[::-1], accounts=one.accounts[::-1])

    assert told(one, again) == []


def test_grants() -> None:
    """A grant that is there on one side alone is added or removed, with all who hold it."""
    fewer = replace(TOGETHER, grants=(grant(OPS),))
    rows = [("000000000001", "u-1"), ("000000000001", "u-2")]

    assert told(fewer, TOGETHER) == [("added", "", *row) for row in rows]
    assert told(TOGETHER, fewer) == [("removed", "", *row) for row in rows]


def test_members() -> None:
    """A member who came is added to each of the group's grants, alone; one who left is removed."""
    fewer = replace(TOGETHER, memberships=(Membership("g-1", ("u-1",)),))
    rows = [("000000000001", "u-2"), ("111111111111", "u-2")]

    assert told(fewer, TOGETHER) == [("added", "", *row) for row in rows]
    assert told(TOGETHER, fewer) == [("removed", "", *row) for row in rows]


def test_the_last_member() -> None:
    """A group that gains its first member, or loses its last one, tells of that member and no more."""
    empty = replace(TOGETHER, memberships=(Membership("g-1", ()),), grants=(grant(OPS),))
    one = replace(empty, memberships=(Membership("g-1", ("u-1",)),))

    assert told(empty, one) == [("added", "", "111111111111", "u-1")]
    assert told(one, empty) == [("removed", "", "111111111111", "u-1")]


def test_a_group_that_is_gone() -> None:
    """A deleted group whose grant is left tells who lost it, and that nobody stands behind it now."""
    old = replace(TOGETHER, grants=(grant(OPS),))
    new = replace(old, groups=(), memberships=(), missing=(OPS,))

    assert told(old, new) == [
        ("removed", "", "111111111111", "u-1"),
        ("removed", "", "111111111111", "u-2"),
        ("changed", "PrincipalState", "111111111111", ""),
    ]


def test_a_user_who_is_gone() -> None:
    """A deleted user whose grant is left has changed in that alone, whatever else is empty now."""
    new = replace(ALONE, users=(), missing=(ANN,))

    assert told(ALONE, new) == [("changed", "PrincipalState", "111111111111", "u-1")]


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
def test_what_changed(fields: dict[str, object], what: str) -> None:
    """Everything of which the report tells, and the inline policy's text, is named by its column."""
    old = replace(ALONE, accounts=(Account("111111111111", "Prod", "ACTIVE", "Root/Prod"),))

    assert told(old, replace(old, **fields)) == [("changed", what, "111111111111", "u-1")]  # type: ignore[arg-type] # by name


def test_an_inline_policy_that_says_the_same() -> None:
    """Blanks and the order of keys change nothing; another action does."""
    old, same, other = (
        replace(ALONE, permission_sets=(permission_set(inline_policy=text),))
        for text in ('{"a":1,"b":2}', '{ "b": 2, "a": 1 }', '{"a":1,"b":3}')
    )

    assert told(old, same) == []
    assert told(old, other) == [("changed", "InlinePolicy", "111111111111", "u-1")]


def test_a_group_that_is_renamed() -> None:
    """A change of the group concerns all of its members in all of its grants; of one member, that one."""
    new = replace(TOGETHER, groups=(Group("g-1", "Operations"),), users=(user(), user("u-2", "Bobby")))

    found = list(changes(TOGETHER, new))

    assert [(one.what, [holder.user_id for holder in one.access.holders]) for one in found] == [
        ("GroupName", ["u-1"]),
        ("UserName;GroupName", ["u-2"]),
    ] * 2
    assert {holder.name for one in found for holder in one.access.holders} == {"Ann Lee", "Bobby"}


def test_the_row_of_a_removal_is_the_old_one() -> None:
    """A removed grant is shown as it was, an added one as it is."""
    new = replace(ALONE, accounts=(Account("111111111111", "Live", "ACTIVE"),), grants=(grant(OPS),))
    old = replace(ALONE, memberships=(Membership("g-1", ()),))

    names = {one.kind: one.access.account.name for one in changes(old, new)}

    assert names == {"removed": "Prod", "added": "Live"}


def test_many_grants_are_never_held() -> None:
    """A member who joins a group of many grants is a change for each, worked out once and told in turn."""
    members = tuple(f"u-{number}" for number in range(2000))
    grants = tuple(grant(OPS, f"{number:012}") for number in range(500))
    old = organization(
        users=tuple(user(one) for one in members),
        memberships=(Membership("g-1", members[1:]),),
        grants=grants,
    )
    new = replace(old, memberships=(Membership("g-1", members),))

    found = list(changes(old, new))

    assert len(found) == 500
    assert {one.access.holders for one in found} == {(resolve_user(new, "u-0"),)}
    assert len({id(one.access.holders) for one in found}) == 1


def resolve_user(one: Snapshot, user_id: str) -> Holder:
    """Give a user as a holder."""
    first = next(resolve(one))
    return next(holder for holder in first.holders if holder.user_id == user_id)


# Against a naive comparison of all rows

_USERS = ("u-1", "u-2", "u-3")
_GROUPS = ("g-1", "g-2")
_ACCOUNTS = ("000000000001", "111111111111")
_SETS = (ADMIN, "arn:view")
_NAME = st.sampled_from(["a", "b"])


@st.composite
def worlds(draw: st.DrawFn) -> Snapshot:
    """A complete snapshot of a small organization; whoever is not there is known to be missing."""
    users = draw(st.sets(st.sampled_from(_USERS)))
    groups = draw(st.sets(st.sampled_from(_GROUPS)))
    principals = [Principal(USER, one) for one in _USERS] + [Principal(GROUP, one) for one in _GROUPS]
    texts = st.lists(_NAME, max_size=2, unique=True).map(tuple)
    possible = [
        Grant(account, "PERMISSION_SET", arn, "", principal)
        for account in _ACCOUNTS
        for arn in _SETS
        for principal in principals
    ] + [entitlement(principal) for principal in principals]
    return snapshot(
        users=tuple(User(one, draw(_NAME), draw(_NAME), draw(_NAME), draw(_NAME)) for one in sorted(users)),
        groups=tuple(Group(one, draw(_NAME)) for one in sorted(groups)),
        memberships=tuple(
            Membership(one, tuple(sorted(draw(st.sets(st.sampled_from(_USERS)))))) for one in sorted(groups)
        ),
        missing=tuple(one for one in principals if one.id not in users | groups),
        accounts=tuple(
            Account(one, draw(_NAME), draw(_NAME), draw(st.none() | _NAME))
            for one in sorted(draw(st.sets(st.sampled_from(_ACCOUNTS))))
        ),
        permission_sets=tuple(
            PermissionSet(
                one,
                draw(_NAME),
                "",
                draw(_NAME),
                draw(st.none() | texts),
                draw(st.none() | texts),
                draw(st.none() | st.sampled_from(["", "{}", "[]"])),
                draw(st.none() | _NAME),
                None,
            )
            for one in _SETS
        ),
        grants=tuple(draw(st.sets(st.sampled_from(possible), max_size=8))),
    )


def cells(one: Snapshot) -> dict[tuple[Grant, str], dict[str, str]]:
    """Give every row of a snapshot by its grant and user, as what can change in it."""
    inline = {each.arn: each.inline_policy for each in one.permission_sets}
    return {
        (access.grant, holder.user_id): _cells(
            access, holder, inline.get(access.grant.permission_set_arn, "")
        )
        for access in resolve(one)
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


_OF_THE_USER = {"UserEmail", "UserName", "UserLogin", "UserStatus", "GroupName"}


def naive(old: Snapshot, new: Snapshot) -> set[tuple[str, str, Grant, str]]:
    """Compare all rows with all rows, by grant and user."""
    before, after = cells(old), cells(new)
    found = set()
    for key in before.keys() | after.keys():
        granted, user_id = key
        in_both = granted in old.grants and granted in new.grants
        if not in_both or (user_id and (key in before) != (key in after)):
            found.add(("added" if key in after else "removed", "", *key))
            continue
        if key not in after:
            continue  # a row without a user, in whose stead there are users now
        row = after[key]
        was = before.get(key) or next(cell for (one, _), cell in before.items() if one == granted)
        words = [word for word in row if row[word] != was[word] and NOT_READ not in (row[word], was[word])]
        if "PrincipalState" in words or key not in before:
            gone = "NOT_FOUND" in (row["PrincipalState"], was["PrincipalState"])
            renamed = "GroupName" in words and not gone
            words = [word for word in words if word not in _OF_THE_USER] + ["GroupName"] * renamed
            if key not in before and row["PrincipalState"] == "EMPTY_GROUP":
                words = [word for word in words if word != "PrincipalState"]
        if words:
            found.add(("changed", ";".join(word for word in row if word in words), *key))
    return found


@settings(max_examples=100, deadline=None)
@given(worlds(), worlds())
def test_against_all_rows(old: Snapshot, new: Snapshot) -> None:
    """Grant by grant gives what a comparison of all rows gives, each row once."""
    found = [
        (one.kind, one.what, one.access.grant, holder.user_id)
        for one in changes(old, new)
        for holder in one.access.holders
    ]

    assert len(found) == len(set(found))
    assert set(found) == naive(old, new)


@settings(max_examples=30, deadline=None)
@given(worlds())
def test_nothing_changes_by_itself(one: Snapshot) -> None:
    """Whatever an organization looks like, it does not differ from itself."""
    assert list(changes(one, one)) == []
