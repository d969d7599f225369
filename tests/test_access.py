"""The rows of a report: the join of a snapshot's records, in order."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_batch.access import (
    EMPTY_GROUP,
    MEMBER_NOT_FOUND,
    MEMBERS_NOT_READ,
    NOT_FOUND,
    NOT_READ,
    OK,
    Access,
    AccountCells,
    Holder,
    PermissionSetCells,
    resolve,
)
from sso_batch.model import (
    GROUP,
    IAM_ROLE,
    PERMISSION_SET,
    USER,
    Account,
    Grant,
    Group,
    PermissionSet,
    Principal,
    Snapshot,
    User,
)
from tests.support.records import ADMIN, entitlement, grant, membership_of, permission_set, snapshot, user

ANN = Principal(USER, "u-1")
OPS = Principal(GROUP, "g-1")
UNREAD_ACCOUNT = AccountCells(NOT_READ, NOT_READ, NOT_READ)
UNREAD_PERMISSION_SET = PermissionSetCells(NOT_READ, NOT_READ, NOT_READ, NOT_READ, NOT_READ, NOT_READ)


def only(one: Snapshot) -> Access:
    (access,) = resolve(one)
    return access


@pytest.mark.parametrize(
    ("records", "group_name", "holders"),
    [
        pytest.param(
            snapshot(grants=(grant(ANN),)),
            "",
            (Holder(NOT_READ, NOT_READ, NOT_READ, "u-1", NOT_READ, NOT_READ, NOT_READ),),
            id="user not read",
        ),
        pytest.param(
            snapshot(grants=(grant(ANN),), missing=(ANN,)),
            "",
            (Holder(NOT_FOUND, user_id="u-1"),),
            id="deleted user",
        ),
        pytest.param(
            snapshot(grants=(grant(ANN),), missing=(Principal(GROUP, "u-1"),)),
            "",
            (Holder(NOT_READ, NOT_READ, NOT_READ, "u-1", NOT_READ, NOT_READ, NOT_READ),),
            id="deleted group with the id of a user",
        ),
        pytest.param(
            snapshot(grants=(grant(OPS),), missing=(OPS,)),
            "",
            (Holder(NOT_FOUND),),
            id="deleted group",
        ),
        pytest.param(
            snapshot(grants=(grant(OPS),)),
            NOT_READ,
            (Holder(MEMBERS_NOT_READ),),
            id="group not read",
        ),
        pytest.param(
            snapshot(grants=(grant(OPS),), groups=(Group("g-1", "Ops"),)),
            "Ops",
            (Holder(MEMBERS_NOT_READ),),
            id="members not read",
        ),
        pytest.param(
            snapshot(grants=(grant(OPS),), memberships=(membership_of("g-1", ()),)),
            NOT_READ,
            (Holder(EMPTY_GROUP),),
            id="empty group without a name",
        ),
        pytest.param(
            snapshot(
                grants=(grant(OPS),),
                groups=(Group("g-1", "Ops"),),
                memberships=(membership_of("g-1", ("u-3", "u-2", "u-1")),),
                users=(user("u-1"),),
                missing=(Principal(USER, "u-3"),),
            ),
            "Ops",
            (
                Holder(OK, "u-1@example.com", "Ann Lee", "u-1", "login-u-1", "ENABLED", NOT_READ),
                Holder(NOT_READ, NOT_READ, NOT_READ, "u-2", NOT_READ, NOT_READ, NOT_READ),
                Holder(MEMBER_NOT_FOUND, user_id="u-3"),
            ),
            id="members known, not read and deleted",
        ),
        pytest.param(
            snapshot(grants=(grant(Principal("ROBOT", "u-1")),), users=(user("u-1"),)),
            "",
            (Holder(NOT_READ),),
            id="unknown principal type",
        ),
    ],
)
def test_holders(records: Snapshot, group_name: str, holders: tuple[Holder, ...]) -> None:
    """A grant is never left out: its holders show what was read of its principal, and what was not."""
    access = only(records)

    assert (access.group_name, access.holders) == (group_name, holders)


@pytest.mark.parametrize(
    ("accounts", "complete", "cells"),
    [
        ((), False, UNREAD_ACCOUNT),
        ((), True, AccountCells("", "", "")),
        ((Account("111111111111", "Prod", "ACTIVE"),), False, AccountCells("Prod", "ACTIVE", NOT_READ)),
        ((Account("111111111111", "", "", ""),), True, AccountCells("", "", "")),
        ((Account("111111111111", "P", "S", "Root/P"),), True, AccountCells("P", "S", "Root/P")),
    ],
)
def test_account(accounts: tuple[Account, ...], cells: AccountCells, *, complete: bool) -> None:
    """An account that no listing names is NOT_READ, unless the listing was complete."""
    records = snapshot(grants=(grant(ANN),), accounts=accounts, accounts_complete=complete)

    assert only(records).account == cells


@pytest.mark.parametrize(
    ("permission_sets", "cells"),
    [
        ((), UNREAD_PERMISSION_SET),
        ((PermissionSet(ADMIN),), UNREAD_PERMISSION_SET),
        (
            (permission_set(ADMIN, "Admin", "PT1H"),),
            PermissionSetCells("Admin", "PT1H", NOT_READ, NOT_READ, NOT_READ, NOT_READ),
        ),
        (
            (permission_set(ADMIN, "Admin", "", (), (), "", ""),),
            PermissionSetCells("Admin", inline_policy="no"),
        ),
        (
            (permission_set(ADMIN, "Admin", "PT1H", ("b", "a"), ("/p/B", "/p/A"), "{}", "arn:boundary"),),
            PermissionSetCells("Admin", "PT1H", "a;b", "/p/A;/p/B", "yes", "arn:boundary"),
        ),
    ],
)
def test_permission_set(permission_sets: tuple[PermissionSet, ...], cells: PermissionSetCells) -> None:
    """A value that was not read is NOT_READ, and a value that AWS does not have is empty."""
    records = snapshot(grants=(grant(ANN),), permission_sets=permission_sets)

    assert only(records).permission_set == cells


def test_entitlement() -> None:
    """An entitlement to an IAM role has empty permission set cells, not NOT_READ."""
    records = snapshot(grants=(entitlement(ANN),), permission_sets=(PermissionSet(ADMIN, "Admin"),))

    assert only(records).permission_set == PermissionSetCells()


def test_group_is_worked_out_once() -> None:
    """All grants of a group share its holders, so that memory does not grow with the rows."""
    members = tuple(f"u-{number:04}" for number in range(2000))
    records = snapshot(
        users=tuple(user(member) for member in members),
        memberships=(membership_of("g-1", members),),
        grants=tuple(grant(OPS, f"{number:012}") for number in range(50)),
    )

    accesses = resolve(records)

    first = next(accesses)
    rest = list(accesses)
    assert len(first.holders) == 2000
    assert len(rest) == 49
    assert all(access.holders is first.holders for access in rest)


# The reference goes through all records again for each grant, and shares no code with the product.

IDS = ("a", "b", "B", "é", "\uffee", "\U00010000")  # UTF-16 would put the last one before the one before it
ARNS = ("arn:1", "arn:2")
Row = tuple[str, ...]


def reference(one: Snapshot) -> list[Row]:
    rows = [row for each in set(one.grants) for row in reference_rows(one, each)]
    return sorted(rows, key=lambda row: [cell.encode() for cell in row[:7]])


def reference_rows(one: Snapshot, each: Grant) -> Iterator[Row]:
    account = ("", "", "") if one.accounts_complete else ("NOT_READ",) * 3
    for listed in one.accounts:
        if listed.id == each.account_id:
            account = (listed.name, listed.state, "NOT_READ" if listed.path is None else listed.path)
    details: Row = ("",) * 6
    if each.access_type == "PERMISSION_SET":
        details = ("NOT_READ",) * 6
        for known in one.permission_sets:
            if known.arn == each.permission_set_arn:
                details = reference_details(known)
    for state, group_name, user_id, person in reference_people(one, each.principal):
        yield (
            each.account_id,
            each.access_type,
            each.permission_set_arn,
            each.role_arn,
            each.principal.type,
            each.principal.id,
            user_id,
            one.organization,
            state,
            group_name,
            *person,
            *account,
            *details,
        )


def reference_details(known: PermissionSet) -> Row:
    managed, custom, inline = known.managed_policies, known.customer_managed_policies, known.inline_policy
    return (
        "NOT_READ" if known.name is None else known.name,
        "NOT_READ" if known.session_duration is None else known.session_duration,
        "NOT_READ" if managed is None else ";".join(sorted(managed)),
        "NOT_READ" if custom is None else ";".join(sorted(custom)),
        "NOT_READ" if inline is None else ("no" if inline == "" else "yes"),
        "NOT_READ" if known.permissions_boundary is None else known.permissions_boundary,
    )


def reference_people(one: Snapshot, whom: Principal) -> list[tuple[str, str, str, Row]]:
    nothing: Row = ("", "", "", "")
    if whom.type == "USER":
        return [reference_user(one, whom.id, "", gone="NOT_FOUND")]
    if whom.type != "GROUP":
        return [("NOT_READ", "", "", nothing)]
    if whom in one.missing:
        return [("NOT_FOUND", "", "", nothing)]
    name = "NOT_READ"
    for listed in one.groups:
        if listed.id == whom.id:
            name = listed.name
    for membership in one.memberships:
        if membership.group_id == whom.id:
            everybody = {member for member in membership.user_ids}  # noqa: C416 - a walk, as everywhere here
            people = [reference_user(one, member, name, gone="MEMBER_NOT_FOUND") for member in everybody]
            return people or [("EMPTY_GROUP", name, "", nothing)]
    return [("MEMBERS_NOT_READ", name, "", nothing)]


def reference_user(one: Snapshot, user_id: str, group: str, *, gone: str) -> tuple[str, str, str, Row]:
    for known in one.users:
        if known.id == user_id:
            return ("OK", group, user_id, (known.email, known.name, known.login, known.status))
    for principal in one.missing:
        if principal.type == "USER" and principal.id == user_id:
            return (gone, group, user_id, ("", "", "", ""))
    return ("NOT_READ", group, user_id, ("NOT_READ",) * 4)


def product(one: Snapshot) -> list[Row]:
    return [
        (
            access.grant.account_id,
            access.grant.access_type,
            access.grant.permission_set_arn,
            access.grant.role_arn,
            access.grant.principal.type,
            access.grant.principal.id,
            holder.user_id,
            access.organization,
            holder.state,
            access.group_name,
            holder.email,
            holder.name,
            holder.login,
            holder.status,
            access.account.name,
            access.account.state,
            access.account.path,
            access.permission_set.name,
            access.permission_set.session_duration,
            access.permission_set.managed_policies,
            access.permission_set.customer_managed_policies,
            access.permission_set.inline_policy,
            access.permission_set.permissions_boundary,
        )
        for access in resolve(one)
        for holder in access.holders
    ]


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """Draw records that need not be consistent: unlisted, unread, missing, empty or repeated ones."""
    text = st.sampled_from(["", "x", "ß;"])
    policies = st.none() | st.lists(text, max_size=3).map(tuple)
    optional = st.none() | text
    ids = st.sampled_from(IDS)
    fate = st.sampled_from(["known", "missing", "unread"])
    users = {user_id: draw(fate) for user_id in IDS}
    groups = {group_id: draw(fate) for group_id in IDS}
    read_groups = [group_id for group_id in IDS if groups[group_id] != "missing" and draw(st.booleans())]
    principals = st.builds(Principal, st.sampled_from([USER, GROUP, "ROBOT"]), ids)
    accounts = st.sampled_from(["000000000001", "000000000010", "100000000000"])
    assignments = st.builds(
        Grant, accounts, st.just(PERMISSION_SET), st.sampled_from(ARNS), st.just(""), principals
    )
    entitlements = st.builds(
        Grant, accounts, st.just(IAM_ROLE), st.just(""), st.sampled_from(ARNS), principals
    )
    grants = draw(st.lists(assignments | entitlements, max_size=12))
    return snapshot(
        users=tuple(
            User(user_id, draw(text), draw(text), draw(text), draw(text))
            for user_id, what in users.items()
            if what == "known"
        ),
        groups=tuple(Group(group_id, draw(text)) for group_id, what in groups.items() if what == "known"),
        memberships=tuple(
            membership_of(group_id, tuple(draw(st.lists(ids, max_size=8)))) for group_id in read_groups
        ),
        missing=tuple(
            [Principal(USER, one) for one, what in users.items() if what == "missing"]
            + [Principal(GROUP, one) for one, what in groups.items() if what == "missing"]
        ),
        accounts=tuple(
            draw(
                st.lists(
                    st.builds(Account, accounts, text, text, optional),
                    max_size=2,
                    unique_by=lambda one: one.id,
                )
            )
        ),
        accounts_complete=draw(st.booleans()),
        permission_sets=tuple(
            permission_set(
                arn,
                draw(optional),
                draw(optional),
                draw(policies),
                draw(policies),
                draw(optional),
                draw(optional),
            )
            for arn in ARNS
            if draw(st.booleans())
        ),
        grants=tuple(grants + draw(st.lists(st.sampled_from(grants), max_size=3) if grants else st.just([]))),
    )


@pytest.mark.no_cover  # coverage would double the time, and other tests cover the same code
@settings(derandomize=True, max_examples=300, deadline=None)
@given(snapshots())
def test_any_snapshot(one: Snapshot) -> None:
    """For any snapshot, the rows and their order are those of the naive join."""
    assert product(one) == reference(one)


def test_attributes_of_a_user() -> None:
    """A manager is resolved among the users; what was not read is NOT_READ, and nobody has no attributes."""
    ada, ben = user("u-1"), user("u-2")
    records = snapshot(
        grants=(grant(OPS),),
        memberships=(membership_of("g-1", ("u-1", "u-2", "u-3", "u-4")),),
        users=(
            replace(ada, attributes=(("department", "IT"), ("manager", ""))),
            replace(ben, attributes=(("manager", "LOGIN-u-1"),)),
        ),
        missing=(Principal(USER, "u-4"),),
        people=("department", "manager"),
    )

    holders = only(records).holders

    assert [(holder.attribute("department"), holder.attribute("manager")) for holder in holders] == [
        ("IT", ""),
        (NOT_READ, "u-1@example.com"),
        (NOT_READ, NOT_READ),
        ("", ""),
    ]
    assert {holder.attribute("title") for holder in holders} == {NOT_READ, ""}
