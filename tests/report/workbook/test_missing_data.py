"""Counts of organizations that were not read completely."""

from dataclasses import replace
from typing import Any

import pytest

from sso_batch.coverage import BlindSpot, NotExamined, Omission
from sso_batch.model import GapKind
from sso_batch.report.workbook.cells import AtLeast, Cell
from sso_batch.report.workbook.missing_data import COUNTS, counts, few, finding_counts, incomplete_note
from sso_batch.review.finding import FindingCounts
from sso_batch.run_files.results import Counts, Status
from tests.support.records import gap, outcome, run_outcome

NUMBERS = Counts(9, 8, 7, 6, 5, 4, 3, 2)


def by_name(**fields: Any) -> dict[str, Cell]:  # noqa: ANN401 - any field of the record
    """Return an organization's cells by the names of the counts."""
    return dict(zip(COUNTS, counts(outcome(**fields)), strict=True))


def test_complete() -> None:
    """What was read completely is a plain number, also 0."""
    assert list(by_name(counts=NUMBERS).values()) == [9, 8, 7, 6, 5, 4, 3, 2]
    assert by_name()["users"] == 0


@pytest.mark.parametrize(
    ("kind", "too_low"),
    [
        (GapKind.USERS, {"users", "orphaned"}),
        (GapKind.GROUPS, {"groups", "orphaned"}),
        (GapKind.ACCOUNTS, {"accounts"}),
        (GapKind.MEMBERS, {"rows"}),
        (GapKind.ENTITLEMENTS, {"entitlements", "rows", "orphaned"}),
        (GapKind.ASSIGNMENTS, {"assignments", "rows", "orphaned"}),
        (GapKind.PERMISSION_SETS, {"permission_sets", "assignments", "rows", "orphaned"}),
        (GapKind.BUG, set(COUNTS)),
        (GapKind.ACTIVITY, set()),
    ],
)
def test_gaps(kind: GapKind, too_low: set[str]) -> None:
    """A count that a gap makes too low is a minimum, and without anything read it is not 0."""
    gaps = (gap(kind=kind),)

    some = by_name(counts=NUMBERS, gaps=gaps, status=Status.INCOMPLETE)
    none = by_name(gaps=gaps, status=Status.INCOMPLETE)

    assert {name for name, cell in some.items() if isinstance(cell, AtLeast)} == too_low
    assert {name for name, cell in none.items() if cell == "not read"} == too_low


def test_omissions() -> None:
    """What the configuration left out is not examined and never 0."""
    left_out = (NotExamined.by_collection(Omission.ENTITLEMENTS),)

    assert by_name(not_examined=left_out)["entitlements"] == "not examined"
    assert by_name(not_examined=left_out, counts=NUMBERS)["rows"] == AtLeast(3)


def test_failed() -> None:
    """Nothing is known about an organization that failed."""
    failed = outcome(status=Status.FAILED)

    assert set(counts(failed)) == {"not read"}
    assert set(finding_counts(failed)) == {"not read"}


def test_findings() -> None:
    """Findings are not checked without a review, and a minimum where a check could not examine everything."""
    found = FindingCounts(high=3, medium=2, low=1)
    blind = NotExamined.by_check("admin-access", BlindSpot("grants that were not read"))

    assert list(finding_counts(outcome())) == ["not checked"] * 3
    assert list(finding_counts(outcome(findings=found))) == [3, 2, 1]
    assert list(finding_counts(replace(outcome(findings=found), not_examined=(blind,)))) == [
        AtLeast(3),
        AtLeast(2),
        AtLeast(1),
    ]


def test_note() -> None:
    """The note about missing organizations is empty if all are complete."""
    complete, failed = outcome("acme"), outcome("globex", Status.FAILED)

    assert incomplete_note(run_outcome(complete)) == ""
    assert incomplete_note(run_outcome(complete, failed)) == (
        "INCOMPLETE: not read at all: globex. What is missing is in Summary and Gaps."
    )


def test_few() -> None:
    """Only the first names are listed."""
    assert few(["a", "b"]) == "a, b"
    assert few(list("abcdefg")) == "a, b, c, d, e and 2 more"
