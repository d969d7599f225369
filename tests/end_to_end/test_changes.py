"""Changes from end to end: against the newest earlier run, and between two runs that somebody names."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sso_batch.emulator import World
from sso_batch.emulator.world import Organization
from sso_batch.report.changes_csv import COLUMNS
from tests.end_to_end.command import Command
from tests.end_to_end.conftest import Audit
from tests.end_to_end.worlds import denying, small

ALL = "\ncollect: {strategy: complete}\n"
"""Reads all that there is, as the defaults do."""

PREVIOUS = f"{ALL}review: {{compare: previous}}\n"

Rows = list[tuple[str, ...]]
"""Of each row the change, what changed, the organization, the account and the user."""


def rows(text: str) -> Rows:
    """Read a changes CSV."""
    header, *lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert tuple(header) == COLUMNS
    cells = ("Change", "What", "Organization", "AccountId", "UserId")
    found = [dict(zip(COLUMNS, line, strict=True)) for line in lines]
    return [tuple(one[cell] for cell in cells) for one in found]


def manifest(folder: Path) -> dict[str, Any]:
    """The newest manifest of a folder."""
    document: dict[str, Any] = json.loads(max(folder.glob("*_manifest.json")).read_bytes())
    return document


def written(folder: Path) -> Rows:
    """The newest run's changes."""
    (name,) = [one["name"] for one in manifest(folder)["files"] if "_changes" in one["name"]]
    return rows((folder / name).read_bytes().decode())


def told(folder: Path, name: str) -> list[str]:
    """What the newest run says that it did not compare."""
    (one,) = [one for one in manifest(folder)["organizations"] if one["name"] == name]
    return [reason for reason in one["not_examined"] if reason.startswith("changes: ")]


def altered(world: World, change: Callable[[Organization], Organization]) -> World:
    """The world with another first organization."""
    first, *others = world.organizations
    return replace(world, organizations=(change(first), *others))


def without_a_grant(organization: Organization) -> Organization:
    """The organization, whose first direct assignment is taken away."""
    gone = next(one for one in organization.assignments if one.principal_type == "USER")
    return replace(organization, assignments=tuple(one for one in organization.assignments if one != gone))


def lost(world: World) -> Rows:
    """What an auditor has to be told when that assignment is gone."""
    organization = world.organizations[0]
    gone = next(one for one in organization.assignments if one.principal_type == "USER")
    return [("removed", "", organization.name, gone.account_id, gone.principal_id)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "all-runs"


# Against the newest earlier run


def test_the_first_run_has_nothing_to_compare_with(audit: Audit, folder: Path) -> None:
    """Without an earlier run the file is empty, and that nothing was compared is said."""
    reports = audit(small(), folder=folder, settings=PREVIOUS)

    assert reports.ended.code == 0
    assert written(folder) == []
    assert told(folder, "org-0") == ["changes: no earlier run in this place has it complete"]


def test_against_the_newest_complete_run(audit: Audit, folder: Path) -> None:
    """An incomplete run in between takes nothing away: the newest complete one is compared."""
    world = small()
    audit(world, folder=folder, settings=ALL)
    audit(denying(altered(world, without_a_grant), "sso:ListAccountAssignments"), folder=folder, settings=ALL)

    reports = audit(altered(world, without_a_grant), folder=folder, settings=PREVIOUS)

    assert reports.ended.code == 0
    assert written(folder) == lost(world)
    assert told(folder, "org-0") == told(folder, "org-1") == []
    checks = [one for each in manifest(folder)["organizations"] for one in each["not_examined"]]
    assert not any("no earlier run" in one for one in checks)


def test_an_incomplete_organization_loses_nothing(audit: Audit, folder: Path) -> None:
    """What could not be read in this run is never removed: the organization is not compared."""
    audit(small(), folder=folder, settings=ALL)

    reports = audit(denying(small(), "sso:ListAccountAssignments"), folder=folder, settings=PREVIOUS)

    assert reports.ended.code == 4
    assert written(folder) == []
    assert told(folder, "org-0") == ["changes: incomplete in the new run"]
    assert told(folder, "org-1") == []


def test_manifests_of_others_are_passed_over(audit: Audit, folder: Path) -> None:
    """A manifest that nobody can read is named in the log and stands in nobody's way."""
    world = small()
    audit(world, folder=folder, settings=ALL)
    (folder / "aws_sso_access_report_20260101_000000_manifest.json").write_text("{}")
    broken = "aws_sso_access_report_20260102_000000_manifest.json"
    (folder / broken).write_text("{")

    audit(altered(world, without_a_grant), folder=folder, settings=PREVIOUS)

    assert written(folder) == lost(world)


# Between two runs that somebody names


@pytest.fixture
def runs(audit: Audit, tmp_path: Path) -> tuple[World, Path, Path]:
    """Two runs in folders of their own, between which an assignment was taken away."""
    world = small()
    old, new = tmp_path / "old", tmp_path / "new"
    audit(world, folder=old, settings=ALL)
    audit(altered(world, without_a_grant), folder=new, settings=ALL)
    return world, old, new


def test_diff_of_a_run_with_itself(sso_batch: Command, runs: tuple[World, Path, Path]) -> None:
    """A run does not differ from itself, whatever it is called by."""
    _, old, _ = runs
    (path,) = old.glob("*_manifest.json")

    ended = sso_batch("diff", old, path, "--format", "csv", "--exit-code")

    assert (ended.code, rows(ended.stdout), ended.stderr) == (0, [], "")


@pytest.mark.parametrize(("options", "code"), [((), 0), (("--exit-code",), 3)])
def test_diff(
    sso_batch: Command, runs: tuple[World, Path, Path], options: tuple[str, ...], code: int
) -> None:
    """What is gone is removed, one way, and added the other way; the exit code tells if it is to."""
    world, old, new = runs

    forth = sso_batch("diff", old, new, "--format", "csv", *options)
    back = sso_batch("diff", new, old, "--format", "csv", *options)

    assert (forth.code, back.code) == (code, code)
    assert rows(forth.stdout) == lost(world)
    assert rows(back.stdout) == [("added", *row[1:]) for row in lost(world)]


def test_diff_for_programs(sso_batch: Command, runs: tuple[World, Path, Path]) -> None:
    """In JSON the rows have the names of the CSV's columns, and what was compared stands beside them."""
    world, old, new = runs

    ended = sso_batch("diff", old, new, "--format", "json")

    document = json.loads(ended.stdout)
    (row,) = document["changes"]
    assert tuple(row) == COLUMNS
    assert [(row["Change"], row["What"], row["Organization"], row["AccountId"], row["UserId"])] == lost(world)
    assert document["compared"] == ["org-0", "org-1"]
    assert document["old"]["run_id"] == manifest(old)["run_id"]
    assert document["not_compared"] == document["in_one_run"] == document["not_examined"] == []


def test_diff_for_people(sso_batch: Command, runs: tuple[World, Path, Path]) -> None:
    """A table has a line for each change, and a sum."""
    _, old, new = runs

    ended = sso_batch("diff", old, new)

    lines = [line.split() for line in ended.stdout.splitlines() if line.strip(" ─")]
    assert lines[0] == ["Change", "What", "Who", "Organization", "Account", "With"]
    assert lines[1][0] == "removed"
    assert " ".join(lines[-1]).startswith("1 changes from ")


def test_diff_with_an_incomplete_run(audit: Audit, sso_batch: Command, tmp_path: Path) -> None:
    """An organization that is incomplete on either side is named and not compared; the exit code is 4."""
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    audit(small(), folder=whole, settings=ALL)
    audit(denying(small(), "sso:ListAccountAssignments"), folder=torn, settings=ALL)

    forth = sso_batch("diff", whole, torn, "--format", "json", "--exit-code")
    back = sso_batch("diff", torn, whole, "--format", "json", "--exit-code")

    for ended, which in ((forth, "new"), (back, "old")):
        document = json.loads(ended.stdout)
        assert ended.code == 4
        assert document["changes"] == []
        assert document["compared"] == ["org-1"]
        assert document["not_compared"] == [
            {"organization": "org-0", "reason": f"incomplete in the {which} run"}
        ]
        assert ended.stderr == f"org-0: not compared: incomplete in the {which} run\n"


def test_diff_of_other_selections(audit: Audit, sso_batch: Command, tmp_path: Path) -> None:
    """What one run was not to read is named, and neither removed nor a failure; of nothing, it is one."""
    both, one, none = tmp_path / "both", tmp_path / "one", tmp_path / "none"
    audit(small(), folder=both, settings=ALL)
    audit(small(), "--only", "org-1", folder=one, settings=ALL)
    audit(small(1), folder=none, settings=ALL)

    fewer = sso_batch("diff", both, one, "--format", "json", "--exit-code")
    unknown = sso_batch("diff", both, none, "--format", "json", "--exit-code")
    nothing = sso_batch("diff", one, none, "--format", "json")

    assert (fewer.code, unknown.code, nothing.code) == (0, 0, 4)
    assert [json.loads(ended.stdout)["in_one_run"] for ended in (fewer, unknown)] == [
        [{"organization": "org-0", "reason": "not selected in the new run"}],
        [{"organization": "org-1", "reason": "not configured in the new run"}],
    ]


def test_diff_of_a_damaged_snapshot(sso_batch: Command, runs: tuple[World, Path, Path]) -> None:
    """A snapshot that cannot be read is an organization that cannot be compared."""
    _, old, new = runs
    (path,) = old.glob("*org-0*_snapshot.jsonl")
    path.write_text(path.read_text()[:-20])

    ended = sso_batch("diff", old, new, "--format", "csv")

    assert (ended.code, rows(ended.stdout)) == (4, [])
    assert ended.stderr.startswith("org-0: not compared: its snapshot in the old run cannot be read: ")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none", None, "No such file or directory"),
        ("x_manifest.json", None, "No such file or directory"),
        ("x_manifest.json", "[]", "this is not a manifest of this version"),
        ("empty/notes.txt", "", "holds no run that has ended"),
    ],
)
def test_diff_of_what_is_no_run(
    sso_batch: Command, tmp_path: Path, name: str, content: str | None, message: str
) -> None:
    """What is no run is refused as a mistake of usage, with what to name instead."""
    path = tmp_path / name
    if content is not None:
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    place = path.parent if name.startswith("empty") else path

    ended = sso_batch("diff", place, place)

    assert ended.code == 2
    assert message in ended.stderr
    assert "manifest" in ended.stderr


def test_diff_of_a_folder_with_several_runs(audit: Audit, sso_batch: Command, folder: Path) -> None:
    """A folder with several runs does not say which one is meant."""
    audit(small(1), folder=folder, settings=ALL)
    audit(small(1), folder=folder, settings=ALL)

    ended = sso_batch("diff", folder, folder)

    assert ended.code == 2
    assert "holds 2 runs that have ended" in ended.stderr
