"""The access CSV: a header, and one line for each access path of each user."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_batch.access import (
    NOT_READ,
    Access,
    AccountCells,
    AssignmentCells,
    Holder,
    PermissionSetCells,
    PrivilegeCells,
    resolve,
)
from sso_batch.model import GROUP, USER, Grant, Principal
from sso_batch.run_files.access_csv import header, lines
from sso_batch.run_files.columns import COLUMNS, IDS
from sso_batch.sanitize import escape_formulas, escape_line_breaks
from tests.support.records import ADMIN, ROLE, grant, membership_of, small_organization, snapshot, user

TEXT = st.text(st.sampled_from("=+-@'\";,\t\r\naé"), max_size=6)


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(header() + text, newline=""), strict=True))


def test_hostile_names() -> None:
    """Formulas are escaped and line breaks made visible; ids and other values are unchanged."""
    text = [chunk for chunk, _ in lines(resolve(small_organization()), escape=True)]

    prod, dev = "000000000042,Prod,Admin", "111111111111,'-dev"
    ann = "acme,u-1,login-u-1,ENABLED"
    not_read = (
        "NOT_READ,,AWS managed policy arn:a;AWS managed policy arn:b;customer managed policy /x/y;"
        "statements of the inline policy that cannot be understood"
    )
    of_admin = f"PERMISSION_SET,{ADMIN},,PT12H,arn:a;arn:b,/x/y,yes,,{not_read}"
    in_prod, in_dev = "ACTIVE,NOT_READ", ",Root/Dev"
    bob = f"acme,u-2,'=cmd(),DISABLED,Ops; +x,OK,{in_prod},{of_admin}"
    known, unknown = ",NOT_READ,NOT_READ,,,,NOT_READ\r\n", ",NOT_READ,NOT_READ,,,,\r\n"
    ops = (
        f"u-1@example.com,Ann Lee,{prod},GROUP,g-1,{ann},Ops; +x,OK,{in_prod},{of_admin}{known}",
        f',"Bob ""the, builder""[U+000D][U+000A]",{prod},GROUP,g-1,{bob}{known}',
        f",,{prod},GROUP,g-1,acme,u-9,,,Ops; +x,MEMBER_NOT_FOUND,{in_prod},{of_admin}{unknown}",
    )
    unread = (
        "PERMISSION_SET,arn:unread,,NOT_READ,NOT_READ,NOT_READ,NOT_READ,NOT_READ,"
        "NOT_READ,,AWS managed policies;names of customer managed policies;the inline policy"
    )
    assert text == [
        "".join(ops),
        f",,{prod},USER,u-9,acme,u-9,,,,NOT_FOUND,{in_prod},{of_admin}{unknown}",
        (
            f"u-1@example.com,Ann Lee,{dev},,USER,u-1,{ann},,OK,{in_dev},IAM_ROLE,,{ROLE},,,,,,"
            f"NOT_READ,,policies of the IAM role{known}"
        ),
        f"u-1@example.com,Ann Lee,{dev},Admin,USER,u-1,{ann},,OK,{in_dev},{of_admin}{known}",
        f",,{dev},NOT_READ,GROUP,g-2,acme,,,,Nobody,EMPTY_GROUP,{in_dev},{unread}{unknown}",
    ]


def test_not_escaped() -> None:
    """Without escaping, the values are AWS's own, on one line."""
    escaped = [chunk for chunk, _ in lines(resolve(small_organization()), escape=True)]
    plain = [chunk for chunk, _ in lines(resolve(small_organization()), escape=False)]

    assert plain == [chunk.replace("'-dev", "-dev").replace("'=cmd", "=cmd") for chunk in escaped]


def test_no_grants() -> None:
    """Without grants there are no rows."""
    assert list(lines(resolve(snapshot()), escape=True)) == []


@pytest.fixture
def large_group() -> Iterator[Access]:
    members = tuple(f"u-{number:04}" for number in range(2000))
    return resolve(
        snapshot(
            users=tuple(user(member) for member in members),
            memberships=(membership_of("g-1", members),),
            grants=tuple(grant(Principal(GROUP, "g-1"), f"{number:012}") for number in range(50)),
        )
    )


def test_rows_are_lazy(large_group: Iterator[Access]) -> None:
    """Rows are made one grant at a time, and each chunk comes with its number of rows."""
    resolved = 0

    def counted() -> Iterator[Access]:
        nonlocal resolved
        for access in large_group:
            resolved += 1
            yield access

    chunks = lines(counted(), escape=True)
    first, count = next(chunks)

    assert resolved == 1
    assert (count, first.count("\r\n")) == (2000, 2000)
    assert [count for _, count in chunks] == [2000] * 49
    assert resolved == 50


def test_users_are_rendered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's cells are rendered once, for all grants and groups."""
    rendered = 0

    def counting(value: str) -> str:
        nonlocal rendered
        rendered += 1
        return escape_formulas(value)

    monkeypatch.setattr("sso_batch.run_files.columns.escape_formulas", counting)
    members = tuple(f"u-{number:03}" for number in range(500))
    groups = tuple(f"g-{number}" for number in range(10))
    records = snapshot(
        users=tuple(user(member) for member in members),
        memberships=tuple(membership_of(group, members) for group in groups),
        grants=tuple(
            grant(Principal(GROUP, group), f"{number:012}") for group in groups for number in range(5)
        ),
    )

    rows = sum(count for _, count in lines(resolve(records), escape=True))

    assert rows == 25_000
    assert rendered < len(members) * 6 + len(records.grants) * len(COLUMNS)


def cells(access: Access, holder: Holder) -> tuple[str, ...]:
    return (
        holder.email,
        holder.name,
        access.grant.account_id,
        access.account.name,
        access.permission_set.name,
        access.grant.principal.type,
        access.grant.principal.id,
        access.organization,
        holder.user_id,
        holder.login,
        holder.status,
        access.group_name,
        holder.state,
        access.account.state,
        access.account.path,
        access.grant.access_type,
        access.grant.permission_set_arn,
        access.grant.role_arn,
        access.permission_set.session_duration,
        access.permission_set.managed_policies,
        access.permission_set.customer_managed_policies,
        access.permission_set.inline_policy,
        access.permission_set.permissions_boundary,
        access.privilege.level,
        access.privilege.reason,
        access.privilege.unread,
        access.assignment.at,
        access.assignment.by,
        "",
        "",
        access.assignment.first_seen,
        holder.last_sign_in,
    )


HOLDERS = st.builds(Holder, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT)
ACCESSES = st.builds(
    Access,
    TEXT,
    st.builds(Grant, TEXT, TEXT, TEXT, TEXT, st.builds(Principal, st.just(USER), TEXT)),
    st.builds(AccountCells, TEXT, TEXT, TEXT),
    st.builds(PermissionSetCells, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT),
    st.builds(PrivilegeCells, TEXT, TEXT, TEXT),
    TEXT,
    st.lists(HOLDERS, min_size=1, max_size=3).map(tuple),
    st.builds(AssignmentCells, TEXT, TEXT, st.sampled_from(["", NOT_READ, "2026-03-04T05:06:07Z"])),
)


def with_own_principal(accesses: list[Access]) -> list[Access]:
    """Give each its own principal, because the same principal has the same holders everywhere."""
    return [
        replace(
            access,
            grant=replace(access.grant, principal=Principal(USER, f"{access.grant.principal.id}{number}")),
        )
        for number, access in enumerate(accesses)
    ]


@settings(derandomize=True, deadline=None)
@given(st.lists(ACCESSES, max_size=4).map(with_own_principal), st.booleans())
def test_any_values(accesses: list[Access], escape: bool) -> None:  # noqa: FBT001 - passed by hypothesis
    """A CSV reader returns every value: ids unchanged, others escaped if requested."""
    expected = [
        {
            column: escape_formulas(escape_line_breaks(value))
            if escape and column not in IDS
            else escape_line_breaks(value)
            for column, value in zip(COLUMNS, cells(access, holder), strict=True)
        }
        for access in accesses
        for holder in access.holders
    ]

    chunks = list(lines(accesses, escape=escape))

    assert read("".join(text for text, _ in chunks)) == expected
    assert all(text.count("\n") == count for text, count in chunks)
    assert [count for _, count in chunks] == [len(access.holders) for access in accesses]
