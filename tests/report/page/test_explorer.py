"""The explorer's records of a run, and what they leave out."""

import json
from dataclasses import replace
from typing import Any

import pytest

from sso_batch.model import GROUP, Principal, Snapshot, User
from sso_batch.report.page import explorer, render_page
from sso_batch.report.page.explorer import MAX_BYTES, Extent, choose_extent, serialize_records
from sso_batch.report.statistics import LargeGroup, Statistics
from tests.support.overviews import company, overview
from tests.support.records import small_organization, snapshot

WHOLE = Extent({}, frozenset())


def group(name: str, members: int, grants: int) -> LargeGroup:
    return LargeGroup(Principal(GROUP, name), name, members, grants)


def statistics(name: str, rows: int, *groups: LargeGroup) -> Statistics:
    return Statistics(name, 0, 0, rows, 0, {}, (), 0, (), large_groups=groups)


def records(*snapshots: Snapshot, extent: Extent = WHOLE, max_bytes: int = MAX_BYTES) -> list[dict[str, Any]]:
    """Return the explorer's record of each organization."""
    serialized = serialize_records(overview(*snapshots), extent, max_bytes=max_bytes)
    return [json.loads("".join(pieces)) for pieces in serialized.values()]


def test_attributes() -> None:
    """A person has the attributes that were asked for and are known, each with its name."""
    ann, bob = small_organization().users
    known = replace(ann, attributes=(("title", ""), ("manager", "u-2")))
    asked = replace(small_organization(), users=(known, bob), people=("title", "manager"))

    people = [records(organization)[0]["people"] for organization in (small_organization(), asked)]

    assert [len(person) for person in people[0]] == [7] * 5
    assert [person[7:] for person in people[1]] == [
        ["Manager: =cmd()"],
        ["Title: NOT_READ", "Manager: NOT_READ"],
        [],
        [],
        [],
    ]


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
    """The largest groups are folded first; organizations are left out only after all groups."""
    extent = choose_extent([statistics("acme", 600, BIG), statistics("globex", 100, MIDDLE)], max_rows=rows)

    assert extent == expected
    assert extent.whole == (rows == 700)


def test_records() -> None:
    """Each person, account, permission set and principal is listed once, and grants are numbers."""
    (record,) = records(small_organization())

    assert record["name"] == "acme"
    assert record["accounts"] == [
        ["000000000042", "Prod", "ACTIVE", "NOT_READ"],
        ["111111111111", "-dev", "", "Root/Dev"],
    ]
    assert [target[0] for target in record["access"]] == ["Admin", "Audit", "arn:unread"]
    assert [principal[:2] for principal in record["principals"]] == [
        ["GROUP", "g-1"],
        ["USER", "u-9"],
        ["USER", "u-1"],
        ["GROUP", "g-2"],
    ]
    assert record["principals"][0][3] == [0, 1, 2]
    assert [person[5] for person in record["people"]] == [
        "OK",
        "OK",
        "MEMBER_NOT_FOUND",
        "NOT_FOUND",
        "EMPTY_GROUP",
    ]
    assert len(record["grants"]) == 15
    assert (record["idle"], record["idle_left_out"]) == ([], 0)


def test_left_out_organization() -> None:
    """A left-out organization has no record; the others have."""
    found = records(company("a", 1), company("b", 2), extent=Extent({}, frozenset({"a"})))

    assert [record["name"] for record in found] == ["b"]


def test_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Users without access are named up to a limit, followed by the number of others."""
    monkeypatch.setattr(explorer, "MAX_IDLE", 2)
    organization = small_organization()
    idle = (User(f"x-{number}", f"x{number}", "", "", "") for number in range(3))

    (record,) = records(replace(organization, users=(*organization.users, *idle)))

    assert record["idle"] == [["user", "x0", " x0 x-0"], ["user", "x1", " x1 x-1"]]
    assert record["idle_left_out"] == 1


def _with(user: User, field: str, text: str) -> User:
    changed: dict[str, Any] = {field: text}
    return replace(user, **changed)


@pytest.mark.parametrize("field", ["name", "email", "login"])
@pytest.mark.parametrize("letter", ["n", "\N{SNOWMAN}", "<"])
def test_long_texts(field: str, letter: str) -> None:
    """The size is limited: the largest organization is left out and named."""
    small, large = company("small", 1), company("large", 2)
    large = replace(large, users=tuple(_with(user, field, letter * 1_000) for user in large.users))

    assert [record["name"] for record in records(small, large, max_bytes=20_000)] == ["small"]
    assert [record["name"] for record in records(large, small, max_bytes=20_000)] == ["small"]
    assert [record["name"] for record in records(small, large)] == ["small", "large"]
    html = "".join(render_page(overview(small, large), max_bytes=20_000))
    empty = "".join(render_page(overview(snapshot()), max_bytes=20_000))
    assert "Too large for one page" in html
    assert (
        "its access paths are not on this page; see organizations/large/aws_sso_access_report_large_" in html
    )
    assert len(html.encode()) < len(empty.encode()) + 100_000


def test_exact_size() -> None:
    """An organization of exactly the maximum size fits; with one byte less it is left out."""
    organization = company("acme", 1)
    pieces = serialize_records(overview(organization), WHOLE, max_bytes=MAX_BYTES)["acme"]
    size = sum(map(len, pieces))

    assert len(records(organization, max_bytes=size)) == 1
    assert records(organization, max_bytes=size - 1) == []
