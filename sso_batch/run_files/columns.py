"""The columns of every access CSV, and the cells of one access path."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import chain

from sso_batch.access import Access, Holder
from sso_batch.sanitize import escape_formulas, escape_line_breaks, quote_field

COLUMNS = (
    "UserEmail",
    "UserName",
    "AccountId",
    "AccountName",
    "PermissionSet",
    "PrincipalType",
    "PrincipalId",
    "Organization",
    "UserId",
    "UserLogin",
    "UserStatus",
    "GroupName",
    "PrincipalState",
    "AccountState",
    "AccountPath",
    "AccessType",
    "PermissionSetArn",
    "RoleArn",
    "SessionDuration",
    "ManagedPolicies",
    "CustomerManagedPolicies",
    "InlinePolicy",
    "PermissionsBoundary",
    "Privilege",
    "PrivilegeReason",
    "PrivilegeUnread",
    "AssignedAt",
    "AssignedBy",
    "MemberSince",
    "MemberAddedBy",
    "FirstSeen",
    "LastSignIn",
)
"""The columns of every report, without those of attributes."""

ATTRIBUTES = {
    "title": "Title",
    "user_type": "UserType",
    "department": "Department",
    "division": "Division",
    "cost_center": "CostCenter",
    "employee_number": "EmployeeNumber",
    "manager": "Manager",
}
"""The columns of the attributes that `collect.people` can name."""

IDS = frozenset(
    {
        *("AccountId", "PrincipalId", "UserId", "PermissionSetArn", "RoleArn"),
        *("ApplicationArn", "ApplicationAccount", "ApplicationProvider"),
    }
)
"""Columns that are never escaped, because other programs look these values up."""


def columns_with(people: Iterable[str]) -> tuple[str, ...]:
    """Return the columns of a report with the attributes that `people` names."""
    return (*COLUMNS, *(ATTRIBUTES[name] for name in people))


Cells = Iterable[tuple[str, str]]
"""Columns with their values, in the order of the columns."""

_CACHED_CELLS = 10_000


def csv_renderer(*, escape: bool) -> Callable[[Cells], str]:
    """Return a function that renders cells as a part of a CSV line.

    With `escape`, formulas are escaped in all columns except ids. A row is always one line, because line
    breaks and other control characters are written visibly. Rendered cells are cached: the same accounts,
    permission sets and organizations are in many rows.
    """

    @lru_cache(_CACHED_CELLS)
    def field(column: str, value: str) -> str:
        shown = escape_line_breaks(value)
        return quote_field(escape_formulas(shown) if escape and column not in IDS else shown)

    return lambda cells: ",".join([field(column, value) for column, value in cells])


# A row is made of groups of neighbouring columns, some about the user, some about the grant, and some about
# the user's membership in the grant's group. They are rendered separately, once for each user, grant and
# membership, and only joined for each row.


def person(holder: Holder) -> Cells:
    """Return the user's cells before the grant's: who has access."""
    return (("UserEmail", holder.email), ("UserName", holder.name))


def target(access: Access) -> Cells:
    """Return the grant's cells between the user's: account, permission set and principal."""
    grant = access.grant
    return (
        ("AccountId", grant.account_id),
        ("AccountName", access.account.name),
        ("PermissionSet", access.permission_set.name),
        ("PrincipalType", grant.principal.type),
        ("PrincipalId", grant.principal.id),
        ("Organization", access.organization),
    )


def identity(holder: Holder) -> Cells:
    """Return the user's cells after the first ones of the grant."""
    return (("UserId", holder.user_id), ("UserLogin", holder.login), ("UserStatus", holder.status))


def group(access: Access) -> Cells:
    """Return the grant's cell between the user's status and the principal's state."""
    return (("GroupName", access.group_name),)


def state(holder: Holder) -> Cells:
    """Return the cell that depends on the user and the grant."""
    return (("PrincipalState", holder.state),)


def details(access: Access) -> Cells:
    """Return the last cells: account, grant and permission set."""
    grant, account, permission_set = access.grant, access.account, access.permission_set
    return (
        ("AccountState", account.state),
        ("AccountPath", account.path),
        ("AccessType", grant.access_type),
        ("PermissionSetArn", grant.permission_set_arn),
        ("RoleArn", grant.role_arn),
        ("SessionDuration", permission_set.session_duration),
        ("ManagedPolicies", permission_set.managed_policies),
        ("CustomerManagedPolicies", permission_set.customer_managed_policies),
        ("InlinePolicy", permission_set.inline_policy),
        ("PermissionsBoundary", permission_set.permissions_boundary),
        ("Privilege", access.privilege.level),
        ("PrivilegeReason", access.privilege.reason),
        ("PrivilegeUnread", access.privilege.unread),
        ("AssignedAt", access.assignment.at),
        ("AssignedBy", access.assignment.by),
    )


def membership(access: Access, holder: Holder) -> Cells:
    """Return the cells about the user's membership in the grant's group."""
    cells = access.membership(holder)
    return (("MemberSince", cells.since), ("MemberAddedBy", cells.added_by))


def first_seen(access: Access, holder: Holder) -> Cells:
    """Return the cell about the first run that had the row."""
    return (("FirstSeen", access.first_seen(holder)),)


def user_details(holder: Holder, people: Iterable[str]) -> Cells:
    """Return the user's last cells: the latest sign-in, and the attributes that `people` names."""
    attributes = ((ATTRIBUTES[name], holder.attribute(name)) for name in people)
    return (("LastSignIn", holder.last_sign_in), *attributes)


def row(access: Access, holder: Holder, people: Iterable[str] = ()) -> Iterator[tuple[str, str]]:
    """Yield all cells of one row, for callers that write few rows."""
    return chain(
        person(holder),
        target(access),
        identity(holder),
        group(access),
        state(holder),
        details(access),
        membership(access, holder),
        first_seen(access, holder),
        user_details(holder, people),
    )
