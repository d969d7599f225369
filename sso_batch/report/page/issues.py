"""Findings grouped into issues: what has the same cause is decided once. Pure."""

import json
from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sso_batch.access import NOT_READ
from sso_batch.model import GROUP, USER
from sso_batch.report.report_input import ReportInput
from sso_batch.review.checks import CHECKS, Check
from sso_batch.review.finding import SEVERITIES, Finding, normalize_address

MAX_ROWS = 20
"""The maximum number of findings that an issue lists."""

MAX_WAIVERS = 200
"""The maximum number of waivers that can be copied from an issue."""

GrantKey = tuple[str, str, str, str]
"""Organization, account, principal, and permission set or role."""

_GAINED = "admin-gained"
_CHECKS = {check.id: check for check in CHECKS}


@dataclass(frozen=True, slots=True)
class Issue:
    """Findings of one cause that count, and how many more are waived; a waived issue has only those."""

    id: str
    severity: str
    check: str
    title: str
    why: str
    remedy: str
    new: bool
    accounts: int
    organizations: tuple[str, ...]
    findings: tuple[Finding, ...]
    total: int
    waived: int
    waivers: str
    """Waivers to copy into the configuration, in YAML."""

    @property
    def people(self) -> tuple[str, ...]:
        """The ids of the users or groups that it is about."""
        return tuple(sorted({each.principal_id for each in self.findings if each.principal_id}))


def group_findings(report: ReportInput, gained: Container[GrantKey]) -> tuple[Issue, ...]:
    """Return the issues of a run: new ones first, then by severity and by the accounts they reach.

    `gained` has the grants that give more than in the previous run. Groups with the same name in several
    organizations, and the same access, are one issue.
    """
    groups: defaultdict[tuple[str, ...], list[Finding]] = defaultdict(list)
    for finding in report.findings:
        report.checkpoint()
        groups[_key(finding)].append(finding)
    issues = []
    for group in groups.values():
        report.checkpoint()
        issues.append(_issue(group, gained))
    return tuple(sorted(issues, key=_order))


def grant_key(organization: str, account: str, principal: str, access: str) -> GrantKey:
    """Return what identifies a grant in findings and in changes."""
    return organization, account, principal, access.rpartition(":role/")[2]


def _key(finding: Finding) -> tuple[str, ...]:
    access = finding.permission_set or finding.role_arn.rpartition("/")[2]
    if finding.group_name not in ("", NOT_READ):
        return finding.severity, finding.check, "group", finding.group_name, access
    return finding.severity, finding.check, "cause", finding.cause or _subject(finding), access


def _subject(finding: Finding) -> str:
    return normalize_address(finding.user_email) or finding.principal_id or finding.user_id


def _issue(group: Sequence[Finding], gained: Container[GrantKey]) -> Issue:
    counting = [finding for finding in group if finding.waiver is None]
    shown = counting or group
    first, check = shown[0], _CHECKS[shown[0].check]
    accounts = len({(each.organization, each.account_id) for each in shown if each.account_id})
    return Issue(
        id=first.cause or f"{first.check}-{_subject(first)}",
        severity=first.severity,
        check=first.check,
        title=_title(check, first, accounts),
        why=check.why,
        remedy=check.remedy,
        new=bool(counting) and all(_is_new(finding, gained) for finding in counting),
        accounts=accounts,
        organizations=tuple(dict.fromkeys(each.organization for each in shown)),
        findings=tuple(shown[:MAX_ROWS]),
        total=len(counting),
        waived=len(group) - len(counting),
        waivers=_waivers(counting),
    )


def _is_new(finding: Finding, gained: Container[GrantKey]) -> bool:
    access = finding.permission_set or finding.role_arn
    key = grant_key(finding.organization, finding.account_id, finding.principal_id, access)
    return finding.check == _GAINED or key in gained


def _title(check: Check, finding: Finding, accounts: int) -> str:
    who = _name_with_kind(finding)
    what = finding.permission_set or finding.role_arn.rpartition("/")[2]
    if not check.title or ("{who}" in check.title and not who) or ("{what}" in check.title and not what):
        return finding.message
    title = check.title.format(
        who=who,
        what="a permission set that was not read" if what == NOT_READ else what,
        accounts=f"{accounts:,} {'account' if accounts == 1 else 'accounts'}",
    )
    return title[:1].upper() + title[1:] if title.startswith(("group ", "user ", "a ")) else title


def _name_with_kind(finding: Finding) -> str:
    """Return who it is about: a person by name alone, a group or an unknown user with its kind."""
    name = name_of(finding)
    if not name:
        return ""
    if finding.group_name or finding.principal_type == GROUP:
        return f"group {name}"
    return f"user {name}" if name in {finding.principal_id, finding.user_id} else name


def name_of(finding: Finding) -> str:
    """Return the best name of the finding's user or group, or an empty text."""
    names = (finding.group_name, finding.user_name, finding.user_email, finding.user_id, finding.principal_id)
    return next((name for name in names if name not in ("", NOT_READ)), "")


def _order(issue: Issue) -> tuple[bool, bool, int, int, str, str]:
    severity = SEVERITIES.index(issue.severity)
    return (not issue.total, not issue.new, severity, -issue.accounts, issue.check, issue.title)


def _waivers(findings: Iterable[Finding]) -> str:
    """Return a waiver for each check, organization and principal, without its reason and date."""
    entries: dict[tuple[str, str, str], None] = {}
    for finding in findings:
        principal = finding.user_email if finding.principal_type == USER else finding.group_name
        principal = finding.principal_id if principal in ("", NOT_READ) else principal
        entries[finding.check, finding.organization, principal or "*"] = None
        if len(entries) == MAX_WAIVERS:
            break
    return "".join(
        f"- check: {_quoted(check)}\n  organization: {_quoted(organization)}\n"
        f"  principal: {_quoted(principal)}\n  reason: \n  until: \n"
        for check, organization, principal in entries
    )


def _quoted(text: str) -> str:
    return json.dumps(text)  # JSON is YAML


def next_expiry(findings: Iterable[Finding]) -> tuple[int, date | None]:
    """Return how many different waivers are in force, and the first day on which one of them ends."""
    waivers = {finding.waiver for finding in findings if finding.waiver is not None}
    return len(waivers), min((waiver.until for waiver in waivers), default=None)
