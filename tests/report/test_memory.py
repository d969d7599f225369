"""The memory that formats for people take in addition to a snapshot: bounded, and measured."""

import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from sso_batch.model import PERMISSION_SET, USER, Account, Grant, Principal, Snapshot, User
from sso_batch.report.page import render_page
from sso_batch.report.report_input import ReportInput
from sso_batch.report.workbook import render_workbook
from tests.support.overviews import ADMINISTRATOR_ACCESS, overview
from tests.support.records import permission_set, snapshot

ROWS = 2_000
LIMIT = 1 << 19
EACH = 300
"""Bytes for each row: numbers and references, but none of its texts."""

Parts = Callable[[ReportInput], Iterator[object]]


def organization(name: str, letters: int) -> Snapshot:
    """Give an organization of direct assignments to people with long names; half make administrators."""
    people = tuple(
        User(
            f"{number:08}-user",
            f"login{number}",
            f"{number} {'n' * letters}",
            f"{number}@example.com",
            "ENABLED",
        )
        for number in range(ROWS)
    )
    sets = tuple(
        permission_set(
            f"arn:{number}", f"Set{number}", "PT1H", (ADMINISTRATOR_ACCESS,) if number else (), (), "", ""
        )
        for number in range(2)
    )
    return snapshot(
        organization=name,
        users=people,
        accounts=(Account("111111111111", "Prod", "ACTIVE"),),
        permission_sets=sets,
        grants=tuple(
            Grant("111111111111", PERMISSION_SET, f"arn:{number % 2}", "", Principal(USER, one.id))
            for number, one in enumerate(people)
        ),
    )


def peak(parts: Parts, run: ReportInput) -> int:
    """Measure the most memory in use while the parts are made and forgotten."""
    tracemalloc.start()
    try:
        for _ in parts(run):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.no_cover  # which would take as long again: other tests cover the same code
@pytest.mark.parametrize("letters", [0, 1_000])
@pytest.mark.parametrize(
    "parts", [lambda run: render_page(run, max_bytes=LIMIT), render_workbook], ids=["html", "xlsx"]
)
def test_bounded(parts: Parts, letters: int) -> None:
    """It grows with the number of rows and not with their texts, and not with the number of organizations."""
    peak(parts, overview(snapshot()))  # imports
    constant = peak(parts, overview(snapshot()))
    one = peak(parts, overview(organization("one", letters)))
    three = peak(parts, overview(*(organization(name, letters) for name in ("one", "two", "three"))))

    assert one - constant < 2 * LIMIT + EACH * ROWS
    assert three - constant < 2 * LIMIT + EACH * ROWS
