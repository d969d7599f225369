"""Tests of the closing summary."""

import io
import signal
from collections.abc import Iterable
from dataclasses import replace

import pytest
from rich.console import Console
from rich.text import Text

from sso_batch.console.summary import RunPlace, summary
from sso_batch.coverage import BlindSpot, NotExamined, Omission, Setting
from sso_batch.model import EndpointOverride, Gap
from sso_batch.review.finding import FindingCounts
from sso_batch.run_files.results import Counts, OrganizationOutcome, RunOutcome, Status
from sso_batch.store import FileEntry, FileKind
from tests.support.records import gap, outcome, run_outcome

READ = Counts(
    users=1200,
    groups=34,
    accounts=56,
    permission_sets=7,
    assignments=890,
    entitlements=3,
    rows=1234567,
    orphaned=2,
)


def summary_lines(
    run: RunOutcome, *, width: int = 130, place: RunPlace | None = None, findings: Iterable[str] = ()
) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None, legacy_windows=False)
    for part in summary(run, width=width, place=place, findings=findings):
        console.print(part, highlight=False, crop=False)
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines() if line.strip(" ─")]


# Gaps and failures


@pytest.mark.parametrize("status", [Status.FAILED, Status.INTERRUPTED])
def test_nothing_read(status: Status) -> None:
    """If nothing was read, no counts are shown, not even a zero."""
    *_, line, _ = summary_lines(run_outcome(outcome("globex", status)))

    assert line.split() == ["globex", status.value, *["?"] * 9, "0"]


@pytest.mark.parametrize(
    "hostile", ["[red]x[/red]", "[/bold]", "[link=http://x]y[/link]", "a [b] c", "\\[x]", ":smile:"]
)
def test_markup_is_not_interpreted(hostile: str) -> None:
    """Texts of AWS are shown literally, even if they look like markup of the terminal library."""
    marked = gap(hostile, operation=hostile, code=hostile, message=hostile, hint=hostile)

    lines = summary_lines(
        run_outcome(
            outcome(status=Status.INCOMPLETE, gaps=(marked,)),
            outcome(endpoint_overrides=(EndpointOverride("sts", hostile),)),
        )
    )

    assert lines[-4:-1] == [
        f"acme: {hostile} {hostile}: {hostile}: {hostile}",
        f"  {hostile}",
        f"endpoint override: {hostile} (these answers did not come from AWS)",
    ]


def test_gaps_are_grouped_by_cause() -> None:
    """An action that is denied everywhere is shown once, with the number of gaps and what to do."""
    run = run_outcome(
        *(
            outcome(
                f"org-{org}", Status.INCOMPLETE, gaps=tuple(_denied(f"r-{number}") for number in range(10))
            )
            for org in range(15)
        ),
        outcome("acme", Status.FAILED, gaps=(gap("acme", operation="AssumeRole", hint="trust it"),)),
    )

    assert _between(summary_lines(run, width=200)) == [
        (
            "org-0, org-1, org-2, org-3, org-4 and 10 more: "
            "ListAccountAssignments: AccessDeniedException (150 gaps in 15 organizations)"
        ),
        "  allow the role the IAM action sso:ListAccountAssignments",
        "acme: AssumeRole: AccessDeniedException: not authorized",
        "  trust it",
    ]


@pytest.mark.parametrize(
    ("gaps", "line"),
    [
        ([gap("r-1"), gap("r-2")], "ListAccountAssignments: AccessDeniedException (2 gaps)"),
        ([gap("r-1", hint="")], "ListAccountAssignments r-1: AccessDeniedException: not authorized"),
        (
            [gap("r-1", hint="", message="no r-1"), gap("r-2", hint="", message="no r-2")],
            "ListAccountAssignments: AccessDeniedException (2 gaps), such as: no r-1",
        ),
        ([gap("acme", operation="", hint="")], "AccessDeniedException: not authorized"),
        ([gap("acme", operation="", hint="")] * 2, "AccessDeniedException (2 gaps): not authorized"),
    ],
    ids=["explained", "alone", "without a hint", "without a call", "several without a call"],
)
def test_text_of_a_cause(gaps: list[Gap], line: str) -> None:
    """A cause is shown with its message, its hint, or both."""
    lines = summary_lines(run_outcome(outcome("acme", Status.INCOMPLETE, gaps=tuple(gaps))))

    assert _between(lines)[0] == f"acme: {line}"


def test_gaps_of_the_run() -> None:
    """A gap of the run itself is shown with what to do about it."""
    own = gap("nightly", operation="merge", code="ENOSPC", message="No space left", hint="make room")

    *_, cause, hint, reason = summary_lines(run_outcome(outcome(), gaps=(own,)))

    assert (cause, hint) == ("the run itself: merge nightly: ENOSPC: No space left", "  make room")
    assert reason.startswith("Exit code 4:")
    assert "some files of the run could not be written" in reason


def test_every_cause_is_shown() -> None:
    """The causes of most organizations are first; none is left out."""
    rare = tuple(gap(operation=f"Rare{number}", hint="") for number in range(12))
    run = run_outcome(
        outcome("acme", Status.INCOMPLETE, gaps=rare),
        *(outcome(f"org-{org}", Status.FAILED, gaps=(gap(operation="Often", hint=""),)) for org in range(2)),
    )

    lines = _between(summary_lines(run))

    assert lines[0].startswith("org-0, org-1: Often: AccessDeniedException (2 gaps in 2 organizations)")
    assert len(lines) == 13


def test_long_resource() -> None:
    """A long ARN has a line of its own, so that it can be copied."""
    arn = f"arn:aws:sso::111122223333:application/ssoins-1/{'a' * 60}"

    lines = summary_lines(run_outcome(outcome("acme", Status.INCOMPLETE, gaps=(gap(arn),))), width=80)

    first = lines.index("acme: ListAccountAssignments: AccessDeniedException")
    assert lines[first : first + 3] == [
        "acme: ListAccountAssignments: AccessDeniedException",
        f"  {arn}",
        "  allow the role the IAM action sso:ListAccountAssignments",
    ]


def test_colours() -> None:
    """Red is for what failed, yellow for what is incomplete."""
    denied = gap(operation="ListUsers", hint="")
    run = run_outcome(
        outcome("acme", Status.INCOMPLETE, gaps=(denied,)),
        outcome("globex", Status.FAILED, gaps=(gap(operation="AssumeRole", hint=""),)),
    )

    texts = [part for part in summary(run, width=80) if isinstance(part, Text)]

    styles = {str(span.style) for text in texts for span in text.spans if "yellow" in str(span.style)}
    (incomplete,) = (text for text in texts if text.plain.startswith("acme: "))
    (failed,) = (text for text in texts if text.plain.startswith("globex: "))
    assert styles == {"not bold yellow"}
    assert [str(span.style) for span in incomplete.spans] == ["not bold yellow"]
    assert [str(span.style) for span in failed.spans] == ["not bold red"]


# What was not examined


def test_not_examined() -> None:
    """Settings share a line, a reason has one, and organizations are named if it is not about all."""
    common = (
        NotExamined.by_collection("application assignments"),
        NotExamined.by_collection("activity"),
        NotExamined.by_check("application-open-to-all", BlindSpot(Omission.APPLICATIONS)),
        NotExamined.by_check("admin-gained", BlindSpot(Setting.COMPARE)),
        NotExamined.by_collection("orphaned assignments"),
    )
    names = [f"org-{number}" for number in range(8)]

    def policies(number: int) -> tuple[NotExamined, ...]:
        what = BlindSpot("what customer managed policies allow", number)
        return (NotExamined.by_check("admin-access", what), NotExamined.by_check("manages-access", what))

    run = run_outcome(
        *(
            replace(outcome(name), not_examined=(*common, *(policies(number) if number else ())))
            for number, name in enumerate(names)
        ),
        outcome("failed", Status.FAILED),
    )
    run = replace(
        run,
        organizations=(
            *run.organizations,
            replace(
                outcome("last", Status.INCOMPLETE),
                not_examined=(
                    *common,
                    NotExamined.by_check(
                        "direct-grant", BlindSpot("grants that were not read", 3, of="gaps")
                    ),
                ),
            ),
        ),
    )

    lines = summary_lines(run, width=300)

    first = lines.index("Not examined:")
    assert lines[first + 1 : first + 5] == [
        (
            "  settings that are off: collect.applications (application assignments, check "
            "application-open-to-all), collect.activity (activity), review.compare (check admin-gained)"
        ),
        "  orphaned assignments",
        (
            "  what customer managed policies allow, in all but org-0, last "
            "(checks admin-access, manages-access)"
        ),
        "  grants that were not read, in last (check direct-grant)",
    ]


def test_reasons_are_not_taken_apart() -> None:
    """A reason is shown as the check gave it, even if it looks like two, or like one with a number."""
    reason = "not compared with an earlier run: it cannot be read; the disk said: 5"
    item = NotExamined.by_check("admin-gained", BlindSpot(reason))

    lines = summary_lines(run_outcome(replace(outcome("acme"), not_examined=(item,))), width=300)

    assert lines[lines.index("Not examined:") + 1] == f"  {reason} (check admin-gained)"


def test_a_check_that_lacks_a_setting_and_more() -> None:
    """The setting is among those that are off, whatever else the check lacked."""
    item = NotExamined.by_check("dormant-user", BlindSpot(Setting.ACTIVITY), BlindSpot("users", 3))

    lines = summary_lines(run_outcome(replace(outcome("acme"), not_examined=(item,))), width=300)

    first = lines.index("Not examined:")
    assert lines[first + 1 : first + 3] == [
        "  settings that are off: collect.activity (check dormant-user)",
        "  users (check dormant-user)",
    ]


def test_findings_are_indented_as_a_whole() -> None:
    """A finding that is longer than a line continues below its own beginning."""
    long = "high privilege-escalation: tomas.vinter@harborbank.example, LedgerDeveloper (harbor-bank)"
    run = run_outcome(replace(outcome("acme"), findings=FindingCounts(1)), fail_on="high")

    lines = summary_lines(run, width=80, findings=[long])

    first = next(number for number, line in enumerate(lines) if line.startswith("  high"))
    assert lines[first : first + 2] == [
        "  high privilege-escalation: tomas.vinter@harborbank.example, LedgerDeveloper",
        "  (harbor-bank)",
    ]


def _denied(resource: str) -> Gap:
    return gap(resource, message=f"not authorized on {resource}")


def _between(lines: list[str]) -> list[str]:
    """Return the lines between the table and the exit code."""
    (last,) = (number for number, line in enumerate(lines) if line.startswith("Exit code"))
    first = next(number for number, line in enumerate(lines) if ": " in line)
    return lines[first:last]


# Widths

NAMES = ("acme", "globex-international-holding", "a" * 63)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 130, 200])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_truncated(width: int, name: str) -> None:
    """No heading or value is truncated, and no line is wider than the terminal."""
    run = run_outcome(
        outcome(name, counts=READ, findings=FindingCounts(1_200, 34, 7)),
        outcome("other", Status.INTERRUPTED),
        outcome("third", Status.INCOMPLETE, counts=READ, gaps=(gap(),)),
    )

    lines = summary_lines(run, width=width)

    text = "".join(lines)
    assert "…" not in text
    assert all(len(line) <= width for line in lines)
    values = (name, "complete", "interrupted", "1,234,567", "1,200/34/7")
    assert [value for value in values if value not in text and value not in text.replace(" ", "")] == []


@pytest.mark.parametrize(
    ("width", "missing"),
    [
        (200, ""),
        (80, "Orphaned, Permission sets, Groups, Entitlements"),
        (60, "Users, Assignments, Orphaned, Permission sets, Groups, Entitlements"),
    ],
)
def test_omitted_columns_are_named(width: int, missing: str) -> None:
    """The line below the table names the columns that did not fit."""
    lines = summary_lines(run_outcome(outcome("acme", counts=READ)), width=width)

    text = " ".join(lines)
    if missing:
        assert f"Not shown at this width: {missing}. The manifest has all counts." in text
    else:
        assert "Not shown" not in text


def test_name_too_long_for_a_table() -> None:
    """If no counts fit into the table, each organization is a paragraph."""
    lines = summary_lines(
        run_outcome(outcome("a" * 63, counts=READ, findings=FindingCounts(1, 2, 3))), width=80
    )

    assert " ".join(lines) == (
        f"{'a' * 63}: complete, rows 1,234,567, accounts 56, users 1,200, assignments 890, orphaned 2, "
        "permission sets 7, groups 34, entitlements 3, findings 1/2/3 (high/medium/low), gaps 0"
    )


# Exit code and files

PLACE = RunPlace("reports", "m.json", "sso-batch run --config orgs.yaml --run-id r --resume")


_KINDS = {
    "x.csv": FileKind.MERGED_ACCESS_CSV,
    "x_findings.csv": FileKind.FINDINGS_CSV,
    "x.xlsx": FileKind.WORKBOOK,
    "x.html": FileKind.PAGE,
}


def _file(name: str) -> FileEntry:
    return FileEntry(name, _KINDS[name], "0" * 64, 1, 1)


@pytest.mark.parametrize(
    ("names", "first"),
    [
        (("x.csv", "x_findings.csv", "x.xlsx", "x.html"), "x.html"),
        (("x.csv", "x_findings.csv", "x.xlsx"), "x.xlsx"),
        (("x.csv", "x_findings.csv"), "x.csv"),
        ((), "m.json"),
    ],
)
@pytest.mark.parametrize("location", ["reports", "reports/", "s3://audits/nightly"])
def test_location_of_the_files(names: tuple[str, ...], first: str, location: str) -> None:
    """The location and the file to open first are shown."""
    run = run_outcome(outcome(), files=tuple(map(_file, names)))

    lines = summary_lines(run, place=RunPlace(location, "m.json", PLACE.resume))

    assert lines[-2:] == [f"Files: {location}", f"Open first: {location.rstrip('/')}/{first}"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_resume_command(number: signal.Signals) -> None:
    """After a signal, the last line is the command that resumes the run."""
    run = run_outcome(outcome("acme"), outcome("globex", Status.INTERRUPTED), signal=int(number))

    lines = summary_lines(run, place=PLACE)

    assert lines[-1] == f"Resume: {PLACE.resume}"
    assert (
        f"Exit code {128 + number}: stopped by {number.name} (organizations: 1 complete, 1 interrupted)."
        in lines
    )


@pytest.mark.parametrize(
    ("run", "line"),
    [
        (
            run_outcome(outcome("a"), outcome("b", Status.INCOMPLETE), outcome("c", Status.FAILED)),
            "Exit code 4: the audit is not complete (organizations: 1 complete, 1 incomplete, 1 failed).",
        ),
        (
            run_outcome(outcome("a"), gaps=(gap("x"),)),
            (
                "Exit code 4: the audit is not complete (organizations: 1 complete); "
                "some files of the run could not be written."
            ),
        ),
        (
            run_outcome(outcome("a", Status.FAILED, bug=True)),
            "Exit code 1: internal error; please report it with the log.",
        ),
        (
            run_outcome(
                outcome("a", findings=FindingCounts(2, 5, 9)),
                outcome("b", findings=FindingCounts(0, 0, 3)),
                outcome("c", findings=FindingCounts(0, 1, 0)),
                fail_on="medium",
                files=(_file("x.csv"), _file("x_findings.csv")),
            ),
            (
                "Exit code 3: findings of severity medium or higher: 2 high, 6 medium (in a 7, c 1), "
                "listed in x_findings.csv."
            ),
        ),
    ],
    ids=["incomplete", "unwritten files", "internal error", "findings"],
)
def test_meaning_of_the_exit_code(run: RunOutcome, line: str) -> None:
    """The summary explains an exit code that is not 0, with its numbers."""
    assert line in summary_lines(run, width=200)


@pytest.mark.parametrize("width", [20, 40, 80])
def test_paths_and_commands_are_not_wrapped(width: int) -> None:
    """A path or a command has no line break, so that it can be copied and pasted."""
    place = RunPlace(
        "reports/" + "deep/" * 20, "m.json", "sso-batch run --config orgs.yaml " + "--only a " * 20
    )

    lines = summary_lines(run_outcome(outcome("a", Status.FAILED)), width=width, place=place)

    assert lines[-3:] == [
        f"Files: {place.location}",
        f"Open first: {place.location}m.json",
        f"Resume: {place.resume}".rstrip(),
    ]


def test_complete_run() -> None:
    """The summary of a complete run has no exit code and no resume command."""
    text = "\n".join(summary_lines(run_outcome(outcome()), place=PLACE))

    assert "Exit code" not in text
    assert "Resume" not in text


# The table


def test_table() -> None:
    """The table has a row for each organization, with its counts."""
    run = run_outcome(
        outcome("acme", counts=READ, findings=FindingCounts(1_200, 0, 7)),
        outcome("globex", Status.INCOMPLETE, counts=READ, gaps=(gap(),)),
        endpoint_overrides(
            outcome("initech"),
            EndpointOverride("sts", "http://127.0.0.1:2"),
            EndpointOverride("sso-admin", "http://127.0.0.1:1"),
        ),
    )

    lines = summary_lines(run)

    upper, lower, acme, globex, initech, *rest = [" ".join(line.split()) for line in lines]
    assert upper == "Permission Findings"
    assert lower == (
        "Organization Status Rows Accounts Users Assignments Orphaned sets Groups Entitlements h/m/l Gaps"
    )
    assert acme == "acme complete 1,234,567 56 1,200 890 2 7 34 3 1,200/0/7 0"
    assert globex == "globex incomplete 1,234,567 56 1,200 890 2 7 34 3 ? 1"
    assert initech == "initech complete 0 0 0 0 0 0 0 0 ? 0"
    assert rest == [
        "globex: ListAccountAssignments 111111111111: AccessDeniedException",
        "allow the role the IAM action sso:ListAccountAssignments",
        "endpoint override: http://127.0.0.1:1, http://127.0.0.1:2 (these answers did not come from AWS)",
        "Exit code 4: the audit is not complete (organizations: 2 complete, 1 incomplete).",
    ]


def endpoint_overrides(
    organization: OrganizationOutcome, *overrides: EndpointOverride
) -> OrganizationOutcome:
    return outcome(organization.name, organization.status, endpoint_overrides=overrides)
