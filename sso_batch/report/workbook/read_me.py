"""The first sheet: what the workbook is, what its sheets and columns hold, and how to verify it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sso_batch import __version__
from sso_batch.report.report_input import ReportInput
from sso_batch.report.workbook.columns import Column
from sso_batch.report.workbook.missing_data import few
from sso_batch.report.workbook.page_sheet import PageSheet
from sso_batch.report.workbook.summary import write_status
from sso_batch.report.workbook.table_sheet import TableSheet
from sso_batch.run_files.file_names import MANIFEST
from sso_batch.run_files.results import RunOutcome
from sso_batch.store import FileKind

WIDTHS = (26, 14, 78, 48, 15, 9)
WRAPPED = frozenset({2, 3})
LINE = 150
_CALLERS = 10
_VALUES = {
    "(empty)": "AWS has no such value.",
    "NOT_READ, not read": "The value was not read, because a call failed or the configuration left it out. "
    "It is not known: it is neither empty nor 0.",
    "not examined, not checked": "The configuration left it out, or AWS does not offer it.",
    "≥ 7": "At least 7: something was not read that could raise the number. The cell holds 7.",
    "Dates": "Dates and times are in UTC.",
    "Ids": "Account ids and all other values from AWS are text, so leading zeros stay.",
    "[U+202E]": "A hidden character of that code. A value that is longer than a cell ends with a note that "
    "names the file with the full value.",
}
_STEPS = {
    "Step 1": "Compare the rows of each sheet with its CSV file, in the table Sheets above. In a CSV file "
    "the header line does not count, and each row is one line.",
    "Step 2": f"Compare the rows of the CSV files with `rows` of the same files in {MANIFEST}.",
    "Step 3": f"For each organization, compare `counts.rows` in {MANIFEST} with Access rows in Summary: the "
    "sum is in Rows of organizations above. Filter Access by Organization to count its rows here.",
    "Step 4": "Run `sso-batch verify` with the folder of the run: it compares every file, this workbook "
    f"included, with its SHA-256 in {MANIFEST}. A workbook in which decisions were filled in is reported as "
    "changed: verify the original.",
    "Note": "Access has the columns and the order of the CSV file. A CSV file has ' before values that a "
    "spreadsheet would run as a formula. Here they are text.",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A sheet, what it contains, and the CSV file with the same rows, if there can be one."""

    name: str
    contents: str
    sheet: TableSheet | None = None
    file: FileKind | None = None


def write_read_me(sheet: PageSheet, report: ReportInput, entries: Sequence[Entry]) -> None:
    """Write the sheet; all other sheets are written already, so that their rows are known."""
    sheet.title("Who has access to what: AWS IAM Identity Center")
    write_status(sheet, report)
    sheet.paragraph(
        "This workbook shows which users can reach which AWS accounts, with which permissions, through which "
        "group or assignment, and what should be reviewed. It contains personal data: share it only with "
        "people who need it."
    )
    _write_facts(sheet, report)
    _write_sheets(sheet, report.outcome, entries)
    _write_values(sheet)
    _write_reconciliation(sheet, report, entries)
    _write_columns(sheet, entries)
    sheet.finish()


def _write_facts(sheet: PageSheet, report: ReportInput) -> None:
    outcome, facts = report.outcome, report.facts
    callers = list(dict.fromkeys(each.instance.caller_arn for each in outcome.organizations if each.instance))
    rows = (
        ("Run", facts.names.run_id),
        ("Started", f"{outcome.started_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("Finished reading", f"{outcome.finished_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("Made by", f"sso-batch {__version__}"),
        *(("Read by", caller) for caller in callers[:_CALLERS]),
        ("Read by", "other identities: see Summary" if len(callers) > _CALLERS else ""),
        ("Organizations", few([each.name for each in outcome.organizations])),
        ("Not selected", ", ".join(facts.not_selected)),
        ("Strategy", facts.strategy),
        ("Configuration", f"SHA-256 {facts.config_sha256} (secrets masked)"),
    )
    sheet.heading("What, when and by whom")
    for name, value in rows:
        if value:
            sheet.row(name, value, first=sheet.formats.bold)


def _write_sheets(sheet: PageSheet, outcome: RunOutcome, entries: Sequence[Entry]) -> None:
    sheet.heading("Sheets")
    sheet.header("Sheet", "Rows", "Contents", "CSV file of the run", "Rows in file", "Equal")
    for entry in entries:
        names = entry.sheet.names if entry.sheet else [entry.name]
        file = outcome.file(entry.file) if entry.file else None
        rows = entry.sheet.rows if entry.sheet else ""
        if file is None:
            missing = "not written in this run" if entry.file else ""
            sheet.linked_row(names[0], entry.name, rows, entry.contents, missing)
        else:
            equal = "yes" if file.rows == rows else "NO"
            sheet.linked_row(names[0], entry.name, rows, entry.contents, file.name, file.rows, equal)
        for name in names[1:]:
            sheet.linked_row(name, name, "", f"More rows of {entry.name}.")


def _write_values(sheet: PageSheet) -> None:
    formats = sheet.formats
    sheet.heading("Values")
    for name, meaning in _VALUES.items():
        style = formats.missing if name.lower().startswith("not") else formats.bold
        sheet.row(name, "", meaning, first=style)


def _write_reconciliation(sheet: PageSheet, report: ReportInput, entries: Sequence[Entry]) -> None:
    sheet.heading("How to reconcile")
    (access,) = (entry.sheet for entry in entries if entry.sheet and entry.file is FileKind.MERGED_ACCESS_CSV)
    counted = sum(each.counts.rows for each in report.outcome.organizations)
    equal = access.rows == counted
    bold, warning = sheet.formats.bold, sheet.formats.warning
    sheet.row("Rows of Access", access.rows, first=bold)
    result = "Equal to the rows of Access." if equal else "DIFFERS FROM THE ROWS OF ACCESS."
    sheet.row("Rows of organizations", counted, result, first=bold, style=None if equal else warning)
    for name, step in _STEPS.items():
        sheet.row(name, "", step, first=bold)


def _write_columns(sheet: PageSheet, entries: Sequence[Entry]) -> None:
    found: dict[str, Column] = {}
    where: defaultdict[str, list[str]] = defaultdict(list)
    for entry in entries:
        for column in entry.sheet.columns if entry.sheet else ():
            found.setdefault(column.title, column)
            where[column.title].append(entry.name)
    sheet.heading("Columns")
    sheet.header("Column", "Cells", "Meaning", "Sheets")
    for title, column in found.items():
        sheet.row(title, column.kind.value, column.meaning, ", ".join(where[title]), first=sheet.formats.bold)
