"""What the explorer holds of a run, and what it leaves out."""

import json
from dataclasses import replace
from typing import Any

import pytest

from sso_batch.model import GROUP, Principal, Snapshot, User
from sso_batch.report.page import explorer, page
from sso_batch.report.page.explorer import BYTES, Extent, extent
from sso_batch.report.statistics import Digest, LargeGroup
from tests.support.overviews import company, overview
from tests.support.records import small_organization, snapshot

WHOLE = Extent({}, frozenset())


def group(name: str, members: int, grants: int) -> LargeGroup:
    return LargeGroup(Principal(GROUP, name), name, members, grants)


def figures(name: str, rows: int, *groups: LargeGroup) -> Digest:
    return Digest(name, 0, 0, rows, 0, {}, (), 0, (), large_groups=groups)


def records(*snapshots: Snapshot, held: Extent = WHOLE, limit: int = BYTES) -> list[dict[str, Any]]:
    """Give what the explorer reads of each organization."""
    found = explorer.records(overview(*snapshots), held, limit=limit)
    return [json.loads("".join(pieces)) for pieces in found.values()]


BIG, MIDDLE = group("big", 100, 5), group("middle", 50, 2)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (700, WHOLE),
        (699, Extent({"acme": (BIG,)}, frozenset())),
        (205, Extent({"acme": (BIG,)}, frozenset())),
        (204, Extent({"acme": (BIG,), "globex": (MIDDLE,)}, frozenset())),
        (107, Extent({"acme": (BIG,), "globex": (MIDDLE,)}, frozenset())),
        (106, Extent({"globex": (MIDDLE,)}, frozenset({"acme"}))),
        (1, Extent({}, frozenset({"acme", "globex"}))),
    ],
)
def test_extent(rows: int, expected: Extent) -> None:
    """The largest groups are folded first, whole organizations are left out only after all of them."""
    digests = [figures("acme", 600, BIG), figures("globex", 100, MIDDLE)]

    held = extent(digests, rows=rows)

    assert held == expected
    assert held.whole == (rows == 700)


def test_records() -> None:
    """Each person, account, permission set and principal stands once, and grants are numbers."""
    (one,) = records(small_organization())

    assert one["name"] == "acme"
    assert one["accounts"] == [
        ["000000000042", "Prod", "ACTIVE", "NOT_READ"],
        ["111111111111", "-dev", "", "Root/Dev"],
    ]
    assert [each[0] for each in one["access"]] == ["Admin", "Audit", "arn:unread"]
    assert [each[:2] for each in one["principals"]] == [
        ["GROUP", "g-1"],
        ["USER", "u-9"],
        ["USER", "u-1"],
        ["GROUP", "g-2"],
    ]
    assert one["principals"][0][3] == [0, 1, 2]
    assert [each[5] for each in one["people"]] == ["OK", "OK", "MEMBER_NOT_FOUND", "NOT_FOUND", "EMPTY_GROUP"]
    assert len(one["grants"]) == 15
    assert (one["idle"], one["idle_left_out"]) == ([], 0)


def test_records_left_out() -> None:
    """An organization that is left out is not there, and the others make one list all the same."""
    found = records(company("a", 1), company("b", 2), held=Extent({}, frozenset({"a"})))

    assert [one["name"] for one in found] == ["b"]


def test_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who and what has no way is named, up to a number; how many are left out is told."""
    monkeypatch.setattr(explorer, "IDLE", 2)
    one = small_organization()
    one = replace(one, users=(*one.users, *(User(f"x-{n}", f"x{n}", "", "", "") for n in range(3))))

    (read,) = records(one)

    assert read["idle"] == [["person", "x0", " x0 x-0"], ["person", "x1", " x1 x-1"]]
    assert read["idle_left_out"] == 1


@pytest.mark.parametrize("field", ["name", "email", "login"])
@pytest.mark.parametrize("letter", ["n", "\N{SNOWMAN}", "<"])
def test_long_texts(field: str, letter: str) -> None:
    """Bytes have a budget: the organization that takes most is left out and named."""
    small, large = company("small", 1), company("large", 2)
    large = replace(large, users=tuple(replace(one, **{field: letter * 1_000}) for one in large.users))

    assert [one["name"] for one in records(small, large, limit=20_000)] == ["small"]
    assert [one["name"] for one in records(large, small, limit=20_000)] == ["small"]
    assert [one["name"] for one in records(small, large)] == ["small", "large"]
    said = "".join(page(overview(small, large), limit=20_000))
    assert "Too much for one page" in said
    assert "its ways are not on this page, but in aws_sso_access_report_large_" in said
    assert len("".join(page(overview(snapshot()), limit=20_000)).encode()) + 100_000 > len(said.encode())


def test_exact_budget() -> None:
    """An organization that just fits is there, and one byte less leaves it out."""
    one = company("acme", 1)
    size = sum(map(len, explorer.records(overview(one), WHOLE, limit=BYTES)["acme"]))

    assert len(records(one, limit=size)) == 1
    assert records(one, limit=size - 1) == []
