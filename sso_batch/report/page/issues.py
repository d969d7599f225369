"""Findings grouped into issues: what has the same cause is decided once. Pure."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sso_batch.access import NOT_READ
from sso_batch.model import GROUP, USER
from sso_batch.report.page.links import access_link
from sso_batch.report.report_input import ReportInput
from sso_batch.review.checks import ADMIN_GAINED, CHECKS, Check
from sso_batch.review.finding import SEVERITIES, Finding, normalize_address

MAX_ROWS = 100
"""The maximum number of findings that an issue lists."""

MAX_WAIVERS = 200
"""The maximum number of waivers that can be copied from an issue."""

_ADMINISTRATORS = {"admin-access", ADMIN_GAINED, "cross-organization-admin", "new-user-admin"}
_ALIKE = 3
"""So many causes that differ only in the user or group are one issue."""

_PLURAL = {
    "administers": "administer",
    "reaches": "reach",
    "decides": "decide",
    "lists": "list",
    "does": "do",
    "has": "have",
    "is": "are",
}

_CHECKS = {check.id: check for check in CHECKS}


@dataclass(frozen=True, slots=True)
class Issue:
    """Findings of one cause that count, and how many more are waived; a waived issue has only those.

    Causes that differ only in the user or group are one issue, too. `link` leads to the access that it is
    about; it is empty if there is none.
    """

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
    link: str
    waivers: str
    """Waivers to copy into the configuration, in YAML."""


def group_findings(report: ReportInput) -> tuple[Issue, ...]:
    """Return the issues of a run: new ones first, then by severity and by the accounts they reach.

    Groups with the same name in several organizations, and the same access, are one issue.
    """
    by_cause: defaultdict[tuple[str, ...], list[Finding]] = defaultdict(list)
    for finding in report.findings:
        report.checkpoint()
        by_cause[_key(finding)].append(finding)
    alike: defaultdict[tuple[object, ...], list[_Cause]] = defaultdict(list)
    for findings in by_cause.values():
        report.checkpoint()
        cause = _Cause.of(findings)
        alike[cause.pattern].append(cause)
    issues = []
    for causes in alike.values():
        for group in [causes] if len(causes) >= _ALIKE else [[cause] for cause in causes]:
            report.checkpoint()
            issues.append(_issue(group))
    return tuple(sorted(issues, key=_order))


def _key(finding: Finding) -> tuple[str, ...]:
    if finding.group_name not in ("", NOT_READ) and finding.permission_set != NOT_READ:
        return finding.severity, finding.check, "group", finding.group_name, _access(finding)
    return finding.severity, finding.check, "cause", finding.cause or _subject(finding), _access(finding)


def _access(finding: Finding) -> str:
    return finding.permission_set or finding.role_arn.rpartition("/")[2]


def _kind(finding: Finding) -> str:
    return GROUP if finding.group_name or finding.principal_type == GROUP else USER


def _subject(finding: Finding) -> str:
    return normalize_address(finding.user_email) or finding.principal_id or finding.user_id


@dataclass(frozen=True, slots=True)
class _Cause:
    """The findings of one cause: those that count, or all of them if all are waived."""

    shown: tuple[Finding, ...]
    waived: int
    counts: bool
    new: bool

    @classmethod
    def of(cls, findings: Sequence[Finding]) -> "_Cause":
        counting = tuple(finding for finding in findings if finding.waiver is None)
        new = bool(counting) and all(finding.new for finding in counting)
        return cls(counting or tuple(findings), len(findings) - len(counting), bool(counting), new)

    @property
    def pattern(self) -> tuple[object, ...]:
        """What causes have in common that differ only in the user or group."""
        first = self.shown[0]
        title = _CHECKS[first.check].title
        if first.permission_set == NOT_READ:
            about = first.cause  # nobody knows whether it is the same permission set
        elif title.startswith("{what}"):
            about = ""
        else:
            about = _kind(first) if title and name_of(first) else first.cause
        return first.severity, first.check, about, _access(first), self.counts, self.new


def _issue(causes: Sequence[_Cause]) -> Issue:
    shown = [finding for cause in causes for finding in cause.shown]
    first, check = shown[0], _CHECKS[shown[0].check]
    accounts = len({(each.organization, each.account_id) for each in shown if each.account_id})
    counts = causes[0].counts
    return Issue(
        id=_id(causes),
        severity=first.severity,
        check=first.check,
        title=_title(check, causes, accounts),
        why=check.why,
        remedy=check.remedy,
        new=causes[0].new,
        accounts=accounts,
        organizations=tuple(dict.fromkeys(each.organization for each in shown)),
        findings=tuple(shown[:MAX_ROWS]),
        total=len(shown) if counts else 0,
        waived=sum(cause.waived for cause in causes),
        link=_link(causes),
        waivers=_waivers(shown) if counts else "",
    )


def _id(causes: Sequence[_Cause]) -> str:
    first = causes[0].shown[0]
    if len(causes) == 1:
        return first.cause or f"{first.check}-{_subject(first)}"
    return "-".join(filter(None, (first.check, _kind(first), _access(first), "new" if causes[0].new else "")))


def _link(causes: Sequence[_Cause]) -> str:
    """Return the question under Access whose answer has what the issue is about."""
    first = causes[0].shown[0]
    access = "" if first.permission_set == NOT_READ else _access(first)
    if len(causes) > 1:
        question = {"what": access, "by": "person" if _kind(first) == USER else "group"}
        question |= {"level": "ADMINISTRATOR"} if first.check in _ADMINISTRATORS else {}
        question |= {"state": "disabled"} if first.check == "disabled-user-access" else {}
        question |= {"new": "yes"} if causes[0].new else {}
        question |= {"way": "group" if _kind(first) == GROUP else "directly"} if access else {}
    elif first.user_email not in ("", NOT_READ):
        question = {"who": first.user_email, "what": access}
    elif first.group_name not in ("", NOT_READ):
        question = {"through": first.group_name, "what": access, "by": "person"}
    else:
        question = {"what": access}
    named = any(value for name, value in question.items() if name != "by")
    return access_link(**question) if named else ""


def _title(check: Check, causes: Sequence[_Cause], accounts: int) -> str:
    finding = causes[0].shown[0]
    who, what = _name_with_kind(finding), _access(finding)
    template = check.title
    if len(causes) > 1 and template.startswith("{who}"):
        who = f"{len(causes):,} {'groups' if _kind(finding) == GROUP else 'users'}"
        template = " ".join(_PLURAL.get(word, word) for word in template.split(" "))
    if not check.title or ("{who}" in check.title and not who) or ("{what}" in check.title and not what):
        return finding.message
    title = template.format(
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
    if _kind(finding) == GROUP:
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
