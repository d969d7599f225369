"""The findings that gave a run exit code 3, for its closing summary: the first ones, grouped by cause."""

import csv
import io
from collections.abc import Iterator
from datetime import date

from sso_batch.access import NOT_READ
from sso_batch.exit_codes import ExitCode
from sso_batch.review.finding import Finding, Waiver
from sso_batch.review.leading_findings import LeadingCause, LeadingFindings, leading_findings
from sso_batch.run_files.results import RunOutcome
from sso_batch.store import FileKind, Store


def finding_lines(outcome: RunOutcome, store: Store) -> tuple[str, ...]:
    """Return a line for each of the first causes; none if findings did not decide the exit code.

    The findings of a run that an earlier attempt has completed are read from its findings CSV, if there is
    one that can be read: the summary is optional.
    """
    if outcome.exit_code != ExitCode.FINDINGS:
        return ()
    leading = outcome.leading_findings or _stored(outcome, store)
    lines = [_line(cause) for cause in leading.causes]
    if leading.others:
        lines.append(f"and {leading.others:,} more causes")
    return tuple(lines)


def _stored(outcome: RunOutcome, store: Store) -> LeadingFindings:
    """Return the first causes in the findings CSV of a run."""
    file = outcome.file(FileKind.FINDINGS_CSV)
    if file is None:
        return LeadingFindings()
    try:
        text = b"".join(store.read(file.name)).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return LeadingFindings()
    return leading_findings(_findings(text), outcome.fail_on)


def _findings(text: str) -> Iterator[Finding]:
    for row in csv.DictReader(io.StringIO(text, newline="")):
        yield Finding(
            severity=row["Severity"],
            check=row["Check"],
            organization=row["Organization"],
            message=row["Message"],
            user_email=row["UserEmail"],
            user_name=row["UserName"],
            group_name=row["GroupName"],
            principal_id=row["PrincipalId"],
            account_id=row["AccountId"],
            permission_set=row["PermissionSet"],
            role_arn=row["RoleArn"],
            cause=row["Cause"],
            waiver=Waiver(row["WaiverReason"], date.max) if row["Waived"] == "yes" else None,
        )


def _line(cause: LeadingCause) -> str:
    finding = cause.first
    names = (finding.user_email, finding.user_name, finding.group_name, finding.principal_id)
    who = next((name for name in names if name not in ("", NOT_READ)), "")
    access = finding.permission_set or finding.role_arn
    what = ", ".join(filter(None, (who, access))) or finding.message
    kind = f"{finding.severity} {finding.check}{', new' if cause.new else ''}"
    return f"{kind}: {what} ({_extent(cause)})"


def _extent(cause: LeadingCause) -> str:
    if cause.accounts > 1:
        return f"{cause.accounts:,} accounts"
    return f"{cause.findings:,} findings" if cause.findings > 1 else cause.first.organization
