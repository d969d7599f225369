"""The lines about the findings that gave a run exit code 3."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from sso_batch.commands.finding_lines import finding_lines
from sso_batch.report import findings_csv
from sso_batch.review.finding import Finding, FindingCounts
from sso_batch.review.leading_findings import leading_findings
from sso_batch.run_files.results import RunOutcome
from sso_batch.store import FileKind, Folder
from tests.support.records import outcome, run_outcome

FINDING = Finding("high", "admin-access", "acme", "a message", permission_set="Admin", cause="c1")


def lines(folder: Path, *findings: Finding, fail_on: str = "medium") -> tuple[str, ...]:
    """Return the lines for a run with these findings."""
    store = Folder(folder, "nightly")
    with store.draft("findings.csv", FileKind.FINDINGS_CSV) as draft:
        draft.write(findings_csv.HEADER.encode())
        draft.write("".join(text for text, _ in findings_csv.lines(findings, escape=False)).encode())
        files = store.publish(draft)
    acme = replace(outcome(), findings=FindingCounts.of(findings))
    ended: RunOutcome = run_outcome(acme, files=files, fail_on=fail_on)
    return finding_lines(ended, store)


@pytest.mark.parametrize(
    ("cells", "line"),
    [
        ({"user_email": "ann@example.com", "user_name": "Ann"}, "ann@example.com, Admin (acme)"),
        ({"user_name": "Break Glass", "principal_id": "u-1"}, "Break Glass, Admin (acme)"),
        ({"group_name": "Ops", "principal_id": "g-1"}, "Ops, Admin (acme)"),
        ({"principal_id": "u-9", "permission_set": "", "role_arn": "arn:role"}, "u-9, arn:role (acme)"),
        ({"permission_set": ""}, "a message (acme)"),
    ],
)
def test_who_and_what(tmp_path: Path, cells: Mapping[str, str], line: str) -> None:
    """A line names the person or group as well as the finding can, or else it is the message."""
    assert lines(tmp_path, replace(FINDING, **cells)) == (f"high admin-access: {line}",)  # type: ignore[arg-type]


def test_one_line_for_each_cause(tmp_path: Path) -> None:
    """Causes are ordered by severity, then by their findings; findings below --fail-on are left out."""
    medium, low = (
        replace(FINDING, severity="medium", cause="c2"),
        replace(FINDING, severity="low", cause="c3"),
    )

    assert lines(tmp_path, medium, FINDING, medium, low) == (
        "high admin-access: Admin (acme)",
        "medium admin-access: Admin (2 findings)",
    )


def test_more_causes(tmp_path: Path) -> None:
    """Five causes are shown, and the number of the others."""
    found = lines(tmp_path, *(replace(FINDING, cause=f"c{number}") for number in range(7)))

    assert (len(found), found[-1]) == (6, "and 2 more causes")


def test_findings_in_memory(tmp_path: Path) -> None:
    """A run without a findings CSV has the same lines, from the findings that it made."""
    found = (replace(FINDING, new=True, account_id="1"), replace(FINDING, new=True, account_id="2"))
    acme = replace(outcome(), findings=FindingCounts.of(found))
    ended = replace(
        run_outcome(acme, fail_on="high"), leading_findings=leading_findings(found, severity="high")
    )

    assert finding_lines(ended, Folder(tmp_path, "nightly")) == (
        "high admin-access, new: Admin (2 accounts)",
    )


def test_neither_findings_nor_file(tmp_path: Path) -> None:
    """A run that an earlier attempt has completed without a findings CSV has no lines."""
    ended = run_outcome(replace(outcome(), findings=FindingCounts(1)), fail_on="high")

    assert finding_lines(ended, Folder(tmp_path, "nightly")) == ()


def test_no_findings_at_that_severity(tmp_path: Path) -> None:
    """Nothing is said if findings did not decide the exit code."""
    assert lines(tmp_path, FINDING, fail_on="off") == ()
