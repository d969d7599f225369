"""The summary: what is missing comes first, and every number links to its sheet."""

from dataclasses import replace

from openpyxl.worksheet.worksheet import Worksheet

from sso_batch.coverage import BlindSpot, NotExamined, Omission, Setting
from sso_batch.model import EndpointOverride
from sso_batch.report.report_input import ReportInput
from sso_batch.run_files.results import Counts, Status
from tests.support.overviews import changes, company, findings, overview, with_gap
from tests.support.records import gap, outcome, snapshot, unexamined
from tests.support.workbooks import labelled, records, texts, workbook

ACME = company("acme", 1)


def summary(report: ReportInput) -> Worksheet:
    """Return the summary of a run."""
    return workbook(report)["Summary"]


def section(sheet: Worksheet, title: str) -> list[tuple[object, ...]]:
    """Return the rows below a title, to the next empty one."""
    rows = texts(sheet)
    start = next(number for number, row in enumerate(rows) if row[0] == title) + 1
    end = next((number for number in range(start, len(rows)) if not any(rows[number])), len(rows))
    return rows[start:end]


def test_incomplete() -> None:
    """Gaps come before the numbers: by reason, with a link to their sheet and what to do."""
    sheet = summary(overview(with_gap(ACME), failed=["initech"]))

    rows = texts(sheet)
    titles = [row[0] for row in rows]
    assert titles[1] == (
        "INCOMPLETE: some data was not read. Users may have access that is not in this workbook."
    )
    assert titles.index("What was not read") < titles.index("Numbers")
    assert section(sheet, "What was not read")[0][:3] == (
        "acme",
        1,
        (
            "ListGroupMemberships: AccessDeniedException: allow the role the IAM action "
            "sso:ListAccountAssignments"
        ),
    )
    assert ("initech", 1) in [row[:2] for row in section(sheet, "What was not read")]


def test_many_reasons() -> None:
    """Many reasons are counted, not listed: the sheet of gaps has all."""
    gaps = tuple(gap(operation=f"Operation{number}") for number in range(13))

    sheet = summary(overview(replace(ACME, gaps=gaps)))

    assert ("3 more reasons", "see Gaps") in [row[:2] for row in section(sheet, "What was not read")]


def test_failed() -> None:
    """A run that read no data never looks like one without access: nothing is 0."""
    sheet = summary(overview(failed=["acme"]))

    assert texts(sheet)[1][0] == (
        "FAILED: no data was read. An empty workbook does not mean that nobody has access."
    )
    for name in ("Administrators", "People", "Access paths"):
        assert labelled(sheet, name)[0] == "not read"
    assert labelled(sheet, "Findings: high")[0] == "not checked"
    (row,) = records(sheet)
    assert row["Status"] == "failed"
    assert {row[title] for title in ("Users", "Accounts", "Access rows", "Findings: high")} == {"not read"}


def test_not_examined() -> None:
    """What was not examined is listed with its organizations; checks with the same reason share a line."""
    what = BlindSpot("members of groups that were not read", 1)
    missing = (
        NotExamined.by_collection(Omission.ENTITLEMENTS),
        NotExamined.by_check("admin-access", what),
        NotExamined.by_check("direct-grant", what),
        NotExamined.by_check("leaver-access", BlindSpot(Setting.ROSTER)),
        *unexamined("changes: no earlier run in this place has it complete"),
    )
    both = [replace(snapshot(organization=name), not_examined=missing[:1]) for name in ("acme", "globex")]

    shared = summary(overview(*both))
    sheet = summary(overview(replace(ACME, not_examined=missing)))

    assert section(shared, "What was not examined") == [
        ("all organizations", "", "account-access entitlements", *[""] * (shared.max_column - 3))
    ]
    assert [row[2] for row in section(sheet, "What was not examined")] == [
        "account-access entitlements",
        "changes: no earlier run in this place has it complete",
        f"checks admin-access, direct-grant: {what}",
        "checks that need settings which are off: leaver-access (review.roster)",
    ]


def test_nothing_missing() -> None:
    """A complete run says that nothing is missing."""
    sheet = summary(overview(snapshot(delegated_administrators=())))

    assert section(sheet, "What was not read")[0][0] == "Nothing: every call was answered."
    assert section(sheet, "What was not examined")[0][0] == "Nothing was left out."


def test_numbers() -> None:
    """Each number is that of its sheet, and links to it."""
    changed = changes(ACME)
    read = workbook(overview(ACME, findings=findings(), changes=changed))
    sheet = read["Summary"]

    links = {
        label.value: (cell.value, cell.hyperlink.location)
        for label, cell in sheet.iter_rows(max_col=2)
        if cell.hyperlink
    }

    administrators = sum(row["Level"] == "administrator" for row in records(read["Administrators"]))
    assert links["Administrators"] == (administrators, "'Administrators'!A1")
    assert links["People"] == (len(records(read["People"])), "'People'!A1")
    assert links["Access paths"] == (len(records(read["Access"])), "'Access'!A1")
    assert [links[f"Findings: {severity}"][0] for severity in ("high", "medium", "low", "waived")] == [
        1,
        1,
        1,
        1,
    ]
    assert links["Changes"] == (sum(len(each.access.holders) for each in changed), "'Changes'!A1")
    assert links["Gaps"] == (0, "'Gaps'!A1")
    assert labelled(sheet, "Application assignments") == ("not examined", "collect.applications is off")


def test_minimum() -> None:
    """Numbers that can be higher are shown as minimums."""
    sheet = summary(overview(with_gap(ACME)))

    shown = {label.value: cell.number_format for label, cell in sheet.iter_rows(max_col=2) if cell.hyperlink}
    assert shown["Access paths"] == shown["Administrators"] == '"≥ "#,##0'
    assert shown["Gaps"] == "#,##0"


def test_not_compared() -> None:
    """Without a comparison there is no number of changes."""
    alone = summary(overview(ACME))
    reasons = summary(overview(ACME, changes=(), not_compared=[("acme", "incomplete in the old run")]))

    assert labelled(alone, "Changes")[0] == labelled(reasons, "Changes")[0] == "not compared"


def test_organizations() -> None:
    """The table has each organization with counts and caller, incomplete ones first."""
    counts = Counts(9, 8, 7, 6, 5, 4, 3, 2)
    report = overview(snapshot())
    organizations = (outcome(counts=counts), outcome("globex", Status.FAILED, instance=None))
    report = replace(report, outcome=replace(report.outcome, organizations=organizations))

    globex, acme = records(summary(report))

    assert (globex["Organization"], globex["Users"], globex["Read by"]) == ("globex", "not read", "not read")
    assert [acme[title] for title in ("Organization id", "Management account", "Region")] == [
        "o-a1b2c3d4e5",
        "000000000001",
        "eu-west-1",
    ]
    assert list(acme.values())[5:13] == [9, 8, 7, 6, 5, 4, 3, 2]
    assert acme["Read by"] == "arn:aws:sts::000000000001:assumed-role/Audit/sso-batch"


def test_endpoint_override() -> None:
    """Answers that did not come from AWS are named on the first two sheets."""
    report = overview(snapshot())
    overridden = outcome(endpoint_overrides=(EndpointOverride("sts", "http://localhost:1"),))
    report = replace(report, outcome=replace(report.outcome, organizations=(overridden,)))

    read = workbook(report)

    for name in ("Read me", "Summary"):
        assert texts(read[name])[2][0] == (
            "Endpoint override: sts=http://localhost:1 (these answers did not come from AWS)"
        )
