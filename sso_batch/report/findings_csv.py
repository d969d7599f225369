"""The findings CSV: a header and one row for each finding."""

from collections.abc import Iterable, Iterator

from sso_batch.review.finding import Finding
from sso_batch.run_files.columns import csv_renderer

COLUMNS = (
    "Severity",
    "Check",
    "Organization",
    "Message",
    "UserEmail",
    "UserName",
    "UserId",
    "GroupName",
    "PrincipalType",
    "PrincipalId",
    "AccountId",
    "AccountName",
    "PermissionSet",
    "RoleArn",
    "Cause",
    "Waived",
    "WaivedUntil",
    "WaiverReason",
)

HEADER = ",".join(COLUMNS) + "\r\n"


def cells(finding: Finding) -> tuple[str, ...]:
    """Return the values of a finding's columns, before escaping."""
    waiver = finding.waiver
    return (
        finding.severity,
        finding.check,
        finding.organization,
        finding.message,
        finding.user_email,
        finding.user_name,
        finding.user_id,
        finding.group_name,
        finding.principal_type,
        finding.principal_id,
        finding.account_id,
        finding.account_name,
        finding.permission_set,
        finding.role_arn,
        finding.cause,
        "yes" if waiver else "no",
        waiver.until.isoformat() if waiver else "",
        waiver.reason if waiver else "",
    )


def lines(findings: Iterable[Finding], *, escape: bool) -> Iterator[tuple[str, int]]:
    """Yield each row's text, without the header, and 1; with `escape`, formulas are escaped except in ids."""
    render = csv_renderer(escape=escape)
    for finding in findings:
        yield f"{render(zip(COLUMNS, cells(finding), strict=True))}\r\n", 1
