"""The columns of every access CSV, and the cells that one grant puts into them."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import chain

from sso_batch.access import Access, Holder
from sso_batch.sanitize.csv import escape_formulas, escape_line_breaks, quote_field

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
)

IDS = frozenset({"AccountId", "PrincipalId", "UserId", "PermissionSetArn", "RoleArn"})
"""Columns that are never escaped: other programs look these values up."""


Cells = Iterable[tuple[str, str]]
"""Columns with their values, in the order of the columns."""

_REMEMBERED = 10_000


def csv_renderer(*, escape: bool) -> Callable[[Cells], str]:
    """What makes cells a part of a CSV's line; with `escape`, formulas are made inert in all but ids.

    Whatever a name holds, a row stays one line: line breaks and other controls are written visibly.

    It remembers cells: an account, a permission set or an organization comes again and again.
    """

    @lru_cache(_REMEMBERED)
    def field(column: str, value: str) -> str:
        shown = escape_line_breaks(value)
        return quote_field(escape_formulas(shown) if escape and column not in IDS else shown)

    return lambda cells: ",".join([field(column, value) for column, value in cells])


# A row is four runs of neighbouring columns, two that tell of the user and two that tell of the grant.
# They are rendered apart, a user's once and a grant's once, and only put together for each row.


def person(holder: Holder) -> Cells:
    """The cells before the grant's: who."""
    return (("UserEmail", holder.email), ("UserName", holder.name))


def target(access: Access) -> Cells:
    """The cells between the user's: where, with what, through whom."""
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
    """The user's cells after the grant's first ones."""
    return (("UserId", holder.user_id), ("UserLogin", holder.login), ("UserStatus", holder.status))


def group(access: Access) -> Cells:
    """The one cell of the grant between the user's status and the principal's state."""
    return (("GroupName", access.group_name),)


def state(holder: Holder) -> Cells:
    """The one cell that depends on the user and the grant."""
    return (("PrincipalState", holder.state),)


def details(access: Access) -> Cells:
    """The rest: the account, the grant and the permission set."""
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
    )


def row(access: Access, holder: Holder) -> Iterator[tuple[str, str]]:
    """All cells of one row, for those who write few."""
    return chain(
        person(holder), target(access), identity(holder), group(access), state(holder), details(access)
    )
