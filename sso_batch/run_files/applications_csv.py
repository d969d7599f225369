"""The applications CSV: a header, and one row for each user who is assigned to an application."""

from collections.abc import Iterable, Iterator

from sso_batch.access import Holder
from sso_batch.application_access import ApplicationAccess
from sso_batch.run_files.columns import csv_renderer

COLUMNS = (
    "UserEmail",
    "UserName",
    "ApplicationName",
    "ApplicationArn",
    "ApplicationAccount",
    "ApplicationProvider",
    "ApplicationStatus",
    "AssignmentRequired",
    "PrincipalType",
    "PrincipalId",
    "Organization",
    "UserId",
    "UserLogin",
    "UserStatus",
    "GroupName",
    "PrincipalState",
)

HEADER = ",".join(COLUMNS) + "\r\n"


def cells(access: ApplicationAccess, holder: Holder) -> tuple[str, ...]:
    """Return the values of a row's columns, before escaping."""
    application = access.application
    return (
        holder.email,
        holder.name,
        application.name,
        application.arn,
        application.account_id,
        application.provider_arn,
        application.status,
        access.assignment_required,
        access.principal.type,
        access.principal.id,
        access.organization,
        holder.user_id,
        holder.login,
        holder.status,
        access.group_name,
        holder.state,
    )


def lines(accesses: Iterable[ApplicationAccess], *, escape: bool) -> Iterator[tuple[str, int]]:
    """Yield the rows of each assignment, without the header, and their number.

    With `escape`, formulas are escaped in every column that is not an id.
    """
    render = csv_renderer(escape=escape)
    for access in accesses:
        rows = [render(zip(COLUMNS, cells(access, holder), strict=True)) for holder in access.holders]
        yield "".join(f"{row}\r\n" for row in rows), len(rows)
