"""The sheet that answers first: what is missing, and the numbers with links to their sheets."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sso_batch.coverage import CHECKS_WITHOUT_SETTINGS, Scope, by_item, checks_without_settings
from sso_batch.privileges.paths import Privilege
from sso_batch.report.report_input import ReportInput
from sso_batch.report.workbook.cells import UNCHECKED, UNEXAMINED, UNREAD, Cell, count
from sso_batch.report.workbook.gaps import all_gaps
from sso_batch.report.workbook.missing_data import (
    COUNTS,
    counts,
    few,
    finding_counts,
    unread_first,
)
from sso_batch.report.workbook.page_sheet import PageSheet
from sso_batch.report.workbook.people import Unread
from sso_batch.review.finding import SEVERITIES
from sso_batch.run_files.results import OrganizationOutcome, Status

WIDTHS = (28, 12, 16, 16, 13, *(12,) * len(COUNTS), 9, *(14,) * len(SEVERITIES), 62)
LINE = 165

_LISTED = 10
"""The maximum number of reasons that are listed; the sheet of gaps has all."""
_ORGANIZATION_TITLES = (
    *("Organization", "Status", "Organization id", "Management account", "Region"),
    *(name.replace("_", " ").capitalize().replace("Rows", "Access rows") for name in COUNTS),
    "Gaps",
    *(f"Findings: {severity}" for severity in SEVERITIES),
    "Read by",
)


@dataclass(frozen=True, slots=True)
class Written:
    """What the other sheets show: their rows by name, the users by level, and what could add administrators.

    `applications` is None if applications were not examined.
    """

    people: int
    access: int
    changes: int
    applications: int | None
    levels: Mapping[Privilege, int]
    unread: Unread


def write_summary(sheet: PageSheet, report: ReportInput, written: Written) -> None:
    """Write the status, what is missing, the numbers, and a table of the organizations."""
    sheet.title("Who has access to what: AWS IAM Identity Center")
    _write_status(sheet, report)
    _write_unread(sheet, report, written.unread)
    _write_numbers(sheet, report, written)
    _write_unexamined(sheet, report)
    _write_organizations(sheet, report)
    sheet.freeze(0, 1)
    sheet.finish()


def write_status(sheet: PageSheet, report: ReportInput) -> None:
    """Write whether the data is complete, highlighted."""
    status, formats = report.outcome.status, sheet.formats
    if status is Status.COMPLETE:
        sheet.paragraph("Complete: every organization was read completely.", formats.good)
    elif status is Status.FAILED:
        sheet.paragraph(
            "FAILED: no data was read. An empty workbook does not mean that nobody has access.",
            formats.warning,
        )
    else:
        sheet.paragraph(
            "INCOMPLETE: some data was not read. Users may have access that is not in this workbook.",
            formats.warning,
        )
    if report.outcome.endpoint_overrides:
        overrides = ", ".join(map(str, report.outcome.endpoint_overrides))
        sheet.paragraph(
            f"Endpoint override: {overrides} (these answers did not come from AWS)", formats.warning
        )


def _write_status(sheet: PageSheet, report: ReportInput) -> None:
    write_status(sheet, report)
    started = f"{report.outcome.started_at:%Y-%m-%d %H:%M} UTC"
    sheet.paragraph(f"Run {report.facts.names.run_id}, started {started}.", sheet.formats.note)
    if report.facts.not_selected:
        sheet.paragraph(
            f"Not selected for this run: {', '.join(report.facts.not_selected)}.", sheet.formats.warning
        )


def _write_numbers(sheet: PageSheet, report: ReportInput, written: Written) -> None:
    outcome = report.outcome
    complete = outcome.status is Status.COMPLETE
    read = any(each.status.was_read for each in outcome.organizations)
    sheet.heading("Numbers")
    states = Counter(each.status for each in outcome.organizations)
    parts = [f"{states[status]:,} {status.value}" for status in Status if states[status]]
    sheet.row("Organizations", len(outcome.organizations), ", ".join(parts))
    uncertain = [name for name, spots in written.unread.administrators.items() if spots]
    for level, name in (
        (Privilege.ADMINISTRATOR, "Administrators"),
        (Privilege.CAN_ESCALATE, "Can become administrator"),
        (Privilege.MANAGES_ACCESS, "Manage access"),
    ):
        number = count(written.levels[level], certain=complete and not uncertain)
        _number(sheet, "Administrators", name, number if read else UNREAD, _LEVEL_NOTES[level])
    people, access = (count(number, certain=complete) for number in (written.people, written.access))
    _number(sheet, "People", "People", people if read else UNREAD, "joined by email address")
    _number(sheet, "Access", "Access paths", access if read else UNREAD, "rows: one user and one assignment")
    for name, cell, note in _findings(report):
        _number(sheet, "Findings", name, cell, note)
    changes = count(written.changes, certain=not report.not_compared) if _compared(report) else "not compared"
    _number(sheet, "Changes", "Changes", changes, "rows since the previous run")
    if written.applications is None:
        sheet.row("Application assignments", UNEXAMINED, "collect.applications is off")
    else:
        applications = count(written.applications, certain=complete) if read else UNREAD
        _number(sheet, "Applications", "Application assignments", applications, "rows")
    gaps = sum(1 for _ in all_gaps(outcome))
    _number(sheet, "Gaps", "Gaps", gaps, "what could not be read")


_LEVEL_NOTES = {
    Privilege.ADMINISTRATOR: "users, of each organization, with every action on every resource of an account",
    Privilege.CAN_ESCALATE: "other users who can make themselves administrators of an account",
    Privilege.MANAGES_ACCESS: "other users who decide who has access to an organization",
}


def _findings(report: ReportInput) -> Iterator[tuple[str, Cell, str]]:
    certain = report.outcome.findings_certain
    for severity in SEVERITIES:
        number = sum(each.severity == severity and each.waiver is None for each in report.findings)
        cell = count(number, certain=certain) if report.checked else UNCHECKED
        yield f"Findings: {severity}", cell, ""
    if report.checked:
        waived = sum(each.waiver is not None for each in report.findings)
        yield "Findings: waived", waived, "accepted by the configuration"


def _compared(report: ReportInput) -> bool:
    """Return whether any organization was compared with an earlier run."""
    read = sum(each.status.was_read for each in report.outcome.organizations)
    return report.changes is not None and len(report.not_compared) < read


def _number(sheet: PageSheet, target: str, name: str, cell: Cell, note: str) -> None:
    sheet.linked_row(target, name, cell, note, column=1)


def _write_unread(sheet: PageSheet, report: ReportInput, unread: Unread) -> None:
    sheet.heading("What was not read")
    warning = sheet.formats.warning
    calls = Counter((name, gap.operation, gap.code, gap.hint) for name, gap in all_gaps(report.outcome))
    for (name, operation, code, hint), number in calls.most_common(_LISTED):
        sheet.linked_row("Gaps", name, number, f"{operation}: {code}: {hint}", column=1, first=warning)
    if len(calls) > _LISTED:
        sheet.linked_row(
            "Gaps", f"{len(calls) - _LISTED:,} more reasons", "see Gaps", column=1, first=warning
        )
    uncertain = {name: spots for name, spots in unread.administrators.items() if spots}
    for name, spots in uncertain.items():
        sheet.row(name, "", f"There can be more administrators: {'; '.join(spots)}")
    if not calls and not uncertain:
        sheet.row("Nothing: every call was answered.", style=sheet.formats.good)


def _write_unexamined(sheet: PageSheet, report: ReportInput) -> None:
    sheet.heading("What was not examined")
    listed = by_item((each.name, each.not_examined) for each in report.outcome.organizations)
    checks: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for item, names in listed:
        where = _where(names, report.outcome.organizations)
        if item.scope is Scope.CHECK:
            checks[where, "" if item.setting else str(item.what)].append(item.check)
        else:
            style = sheet.formats.warning if item.hides_access else None
            sheet.row(where, "", item.text, first=style)
    for (where, what), names in checks.items():
        if what:
            sheet.row(where, "", f"{'check' if len(names) == 1 else 'checks'} {', '.join(names)}: {what}")
    if off := checks_without_settings(item for item, _ in listed):
        sheet.row("all organizations", "", f"{CHECKS_WITHOUT_SETTINGS}: {off}")
    if not listed:
        sheet.row("Nothing was left out.", style=sheet.formats.good)


def _where(names: Sequence[str], organizations: Sequence[OrganizationOutcome]) -> str:
    read = [each.name for each in organizations if each.status.was_read]
    return "all organizations" if len(read) > 1 and names == read else few(names)


def _write_organizations(sheet: PageSheet, report: ReportInput) -> None:
    sheet.heading("Organizations")
    header = sheet.header(*_ORGANIZATION_TITLES)
    for each in unread_first(report.outcome.organizations):
        instance = each.instance
        sheet.row(
            each.name,
            each.status.value,
            (instance.organization_id if instance else None) or UNREAD,
            (instance.management_account_id if instance else None) or UNREAD,
            (instance.region if instance else each.region) or UNREAD,
            *counts(each),
            len(each.gaps),
            *finding_counts(each),
            instance.caller_arn if instance else UNREAD,
            first=sheet.formats.levels[each.status.value],
        )
    sheet.table("Organizations", header, _ORGANIZATION_TITLES)
