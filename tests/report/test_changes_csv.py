"""Tests of the changes CSV."""

import csv

from sso_batch.access import resolve
from sso_batch.model import USER, Principal
from sso_batch.report.changes_csv import COLUMNS, HEADER, lines
from sso_batch.review.comparison import ADDED, CHANGED, Change
from tests.support.records import grant, snapshot


def test_the_level_before() -> None:
    """The last column has the level in the old run, in each row of a change of the level."""
    [access] = resolve(snapshot(grants=(grant(Principal(USER, "u-1")),)))
    changes = [Change(CHANGED, "InlinePolicy;Privilege", access, "WRITE"), Change(ADDED, "", access)]

    text = HEADER + "".join(text for text, _ in lines(changes, escape=True))

    found = list(csv.DictReader(text.splitlines()))
    assert tuple(found[0]) == COLUMNS
    assert [(row["Change"], row["What"], row["PrivilegeBefore"]) for row in found] == [
        ("changed", "InlinePolicy;Privilege", "WRITE"),
        ("added", "", ""),
    ]
