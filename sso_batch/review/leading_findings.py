"""The findings to look at first, grouped by cause, for the summary of a run with exit code 3. Pure."""

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sso_batch.review.finding import OFF, SEVERITIES, Finding

MAX_CAUSES = 5


@dataclass(frozen=True, slots=True)
class LeadingCause:
    """A cause: its first finding, how many findings and accounts it has, and whether all of them are new."""

    first: Finding
    findings: int
    accounts: int
    new: bool


@dataclass(frozen=True, slots=True)
class LeadingFindings:
    """The first causes in order, and the number of the others."""

    causes: tuple[LeadingCause, ...] = ()
    others: int = 0


@dataclass(slots=True)
class _Group:
    first: Finding
    findings: int
    accounts: set[tuple[str, str]]
    new: bool


def leading_findings(
    findings: Iterable[Finding], severity: str, *, checkpoint: Callable[[], None] = lambda: None
) -> LeadingFindings:
    """Return the causes of this severity or a higher one: new ones first, then by severity and accounts.

    Waived findings are left out. `checkpoint` is called for each finding and each cause; an exception that it
    raises ends the search.
    """
    counted = () if severity == OFF else SEVERITIES[: SEVERITIES.index(severity) + 1]
    groups: dict[str, _Group] = {}
    for finding in findings:
        checkpoint()
        if finding.severity not in counted or finding.waiver is not None:
            continue
        group = groups.setdefault(finding.cause, _Group(finding, 0, set(), new=True))
        group.findings += 1
        group.new &= finding.new
        if finding.account_id:
            group.accounts.add((finding.organization, finding.account_id))

    def order(group: _Group) -> tuple[bool, int, int, int]:
        checkpoint()
        severity = SEVERITIES.index(group.first.severity)
        return not group.new, severity, -len(group.accounts), -group.findings

    leading = heapq.nsmallest(MAX_CAUSES, groups.values(), key=order)
    causes = tuple(
        LeadingCause(group.first, group.findings, len(group.accounts), group.new) for group in leading
    )
    return LeadingFindings(causes, len(groups) - len(causes))
