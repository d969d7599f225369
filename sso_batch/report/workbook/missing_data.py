"""How the workbook shows what was not read: a count is never 0 where it is not known. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields

from sso_batch.coverage import Omission
from sso_batch.model import GapKind
from sso_batch.report.workbook.cells import UNCHECKED, UNEXAMINED, UNREAD, Cell, count
from sso_batch.review.finding import SEVERITIES
from sso_batch.run_files.results import Counts, OrganizationOutcome, RunOutcome, Status

_NAMED = 5

_UNKNOWN = frozenset({GapKind.ORGANIZATION, GapKind.OUTPUT, GapKind.MERGE, GapKind.BUG})
"""Gaps that can hide anything."""
_ASSIGNMENTS = frozenset({GapKind.PERMISSION_SETS, GapKind.PROVISIONING, GapKind.ASSIGNMENTS})
_GRANTS = _ASSIGNMENTS | {GapKind.ENTITLEMENTS}
_GAPS: dict[str, frozenset[GapKind]] = {
    "users": frozenset({GapKind.USERS}),
    "groups": frozenset({GapKind.GROUPS}),
    "accounts": frozenset({GapKind.ACCOUNTS}),
    "permission_sets": frozenset({GapKind.PERMISSION_SETS}),
    "assignments": _ASSIGNMENTS,
    "entitlements": frozenset({GapKind.ENTITLEMENTS}),
    "rows": _GRANTS | {GapKind.MEMBERS},
    "orphaned": _GRANTS | {GapKind.USERS, GapKind.GROUPS},
}
"""By count, the gaps that make it too low."""
_OMISSIONS: dict[str, frozenset[Omission]] = {
    "permission_sets": frozenset({Omission.UNASSIGNED_PERMISSION_SETS}),
    "assignments": frozenset({Omission.UNLISTED_PRINCIPALS}),
    "entitlements": frozenset({Omission.ENTITLEMENTS, Omission.OTHER_APPLICATIONS}),
    "rows": frozenset({Omission.UNLISTED_PRINCIPALS, Omission.ENTITLEMENTS, Omission.OTHER_APPLICATIONS}),
    "orphaned": frozenset({Omission.ORPHANED_ASSIGNMENTS}),
}
"""By count, what the collection can leave out of it."""

COUNTS = tuple(field.name for field in fields(Counts))


def counts(organization: OrganizationOutcome) -> Iterator[Cell]:
    """Yield the cells of an organization's counts, in the order of COUNTS."""
    kinds = {gap.kind for gap in organization.gaps}
    omitted = {item.what for item in organization.not_examined}
    for name in COUNTS:
        number = getattr(organization.counts, name)
        hidden = bool(kinds & (_GAPS[name] | _UNKNOWN))
        left_out = bool(omitted & _OMISSIONS.get(name, frozenset()))
        if not organization.status.was_read or (hidden and not number):
            yield UNREAD
        elif left_out and not number:
            yield UNEXAMINED
        else:
            yield count(number, certain=not (hidden or left_out))


def finding_counts(organization: OrganizationOutcome) -> Iterator[Cell]:
    """Yield the cells of an organization's findings, by severity."""
    certain = organization.status is Status.COMPLETE and not organization.unchecked
    for severity in SEVERITIES:
        if organization.findings is None:
            yield UNCHECKED if organization.status.was_read else UNREAD
        else:
            yield count(getattr(organization.findings, severity), certain=certain)


def incomplete_note(outcome: RunOutcome) -> str:
    """Return which organizations are not complete, in a sentence; empty if all are."""
    incomplete = [each.name for each in outcome.organizations if each.status is Status.INCOMPLETE]
    unread = [each.name for each in outcome.organizations if not each.status.was_read]
    parts = []
    if incomplete:
        parts.append(f"not read completely: {few(incomplete)}")
    if unread:
        parts.append(f"not read at all: {few(unread)}")
    return f"INCOMPLETE: {'; '.join(parts)}. What is missing is in Summary and Gaps." if parts else ""


def few(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def sentences(*parts: str) -> str:
    """Return the parts that are not empty, one after the other."""
    return " ".join(filter(None, parts))


def unread_first(rows: Iterable[OrganizationOutcome]) -> list[OrganizationOutcome]:
    """Return the organizations, those that are not complete first."""
    return sorted(rows, key=lambda each: each.status is Status.COMPLETE)
