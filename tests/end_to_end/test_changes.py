"""Changes from end to end: compared with the newest earlier run, and between two given runs."""

import csv
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sso_batch.emulator import World
from sso_batch.emulator.world import Assignment, Organization
from sso_batch.report.changes_csv import columns_of_changes
from tests.support.audits import Audit
from tests.support.command import Command
from tests.support.reports import manifest_in, run_folder
from tests.support.sample_worlds import denying, small, with_first

COLUMNS = columns_of_changes()

ALL = "\ncollect: {strategy: complete}\n"
"""Reads everything, as the defaults do."""

PREVIOUS = f"{ALL}review: {{compare: previous}}\n"

Rows = list[tuple[str, ...]]
"""Change, What, Organization, AccountId and UserId of each row."""


def rows(text: str) -> Rows:
    """Return the rows of a changes CSV."""
    header, *lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert tuple(header) == COLUMNS
    cells = ("Change", "What", "Organization", "AccountId", "UserId")
    found = [dict(zip(COLUMNS, line, strict=True)) for line in lines]
    return [tuple(row[cell] for cell in cells) for row in found]


def manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of the newest run in a folder."""
    document: dict[str, Any] = json.loads(manifest_in(folder).read_bytes())
    return document


def newest_changes(folder: Path) -> Rows:
    """Return the changes of the newest run in a folder."""
    (name,) = [entry["name"] for entry in manifest(folder)["files"] if "_changes" in entry["name"]]
    return rows((run_folder(folder) / name).read_bytes().decode())


def not_compared(folder: Path, name: str) -> list[str]:
    """Return why the newest run in a folder did not compare an organization."""
    (found,) = [entry for entry in manifest(folder)["organizations"] if entry["name"] == name]
    return [reason for reason in found["not_examined"] if reason.startswith("changes: ")]


def first_assignment(organization: Organization) -> Assignment:
    """Return the first assignment to a user."""
    return next(assignment for assignment in organization.assignments if assignment.principal_type == "USER")


def without_first_assignment(world: World) -> World:
    """Return the world without the first organization's first assignment to a user."""
    first = world.organizations[0]
    removed = first_assignment(first)
    left = tuple(assignment for assignment in first.assignments if assignment != removed)
    return with_first(world, replace(first, assignments=left))


def removed_row(world: World) -> Rows:
    """Return the change that must be reported when that assignment is removed."""
    organization = world.organizations[0]
    removed = first_assignment(organization)
    return [("removed", "", organization.name, removed.account_id, removed.principal_id)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "all-runs"


# Compared with the newest earlier run


def test_the_first_run_has_nothing_to_compare_with(audit: Audit, folder: Path) -> None:
    """Without an earlier run the file is empty, and the manifest says that nothing was compared."""
    reports = audit(small(), folder=folder, settings=PREVIOUS)

    assert reports.ended.code == 0
    assert newest_changes(folder) == []
    assert not_compared(folder, "org-0") == ["changes: no earlier run in this place has it complete"]


def test_compares_with_the_newest_complete_run(audit: Audit, folder: Path) -> None:
    """An incomplete run in between is skipped: the newest complete run is used."""
    world = small()
    audit(world, folder=folder, settings=ALL)
    audit(denying(without_first_assignment(world), "sso:ListAccountAssignments"), folder=folder, settings=ALL)

    reports = audit(without_first_assignment(world), folder=folder, settings=PREVIOUS)

    assert reports.ended.code == 0
    assert newest_changes(folder) == removed_row(world)
    assert not_compared(folder, "org-0") == not_compared(folder, "org-1") == []
    reasons = [reason for entry in manifest(folder)["organizations"] for reason in entry["not_examined"]]
    assert not any("no earlier run" in reason for reason in reasons)


def test_an_incomplete_organization_is_not_compared(audit: Audit, folder: Path) -> None:
    """Access that could not be read in this run is not reported as removed."""
    audit(small(), folder=folder, settings=ALL)

    reports = audit(denying(small(), "sso:ListAccountAssignments"), folder=folder, settings=PREVIOUS)

    assert reports.ended.code == 4
    assert newest_changes(folder) == []
    assert not_compared(folder, "org-0") == ["changes: incomplete in the new run"]
    assert not_compared(folder, "org-1") == []


def test_unreadable_manifests_are_skipped(audit: Audit, folder: Path) -> None:
    """A manifest that cannot be read does not stop the comparison with an older run."""
    world = small()
    audit(world, folder=folder, settings=ALL)
    for run_id, content in (("older", "{}"), ("broken", "{")):
        shutil.copytree(run_folder(folder), folder / run_id)
        (folder / run_id / "manifest.json").write_text(content)

    audit(without_first_assignment(world), folder=folder, settings=PREVIOUS)

    assert newest_changes(folder) == removed_row(world)


# Between two given runs


@pytest.fixture
def runs(audit: Audit, folder: Path) -> tuple[World, Path, Path]:
    """Run twice; an assignment is removed in between. Return the folders of the runs."""
    world = small()
    audit(world, "--run-id", "old", folder=folder, settings=ALL)
    audit(without_first_assignment(world), "--run-id", "new", folder=folder, settings=ALL)
    return world, folder / "old", folder / "new"


def test_diff_of_a_run_with_itself(sso_batch: Command, runs: tuple[World, Path, Path]) -> None:
    """A run does not differ from itself, given as a folder or as a manifest."""
    _, old, _ = runs
    path = manifest_in(old)

    ended = sso_batch("diff", old, path, "--format", "csv", "--exit-code")

    assert (ended.code, rows(ended.stdout), ended.stderr) == (0, [], "")


@pytest.mark.parametrize(("options", "code"), [((), 0), (("--exit-code",), 3)])
def test_diff(
    sso_batch: Command, runs: tuple[World, Path, Path], options: tuple[str, ...], code: int
) -> None:
    """A removed assignment is `removed`, or `added` in reverse; only --exit-code changes the exit code."""
    world, old, new = runs

    forward = sso_batch("diff", old, new, "--format", "csv", *options)
    reverse = sso_batch("diff", new, old, "--format", "csv", *options)

    assert (forward.code, reverse.code) == (code, code)
    assert rows(forward.stdout) == removed_row(world)
    assert rows(reverse.stdout) == [("added", *row[1:]) for row in removed_row(world)]


def test_diff_as_json(sso_batch: Command, runs: tuple[World, Path, Path]) -> None:
    """In JSON the rows have the CSV's column names, and the organizations compared are listed."""
    world, old, new = runs

    ended = sso_batch("diff", old, new, "--format", "json")

    document = json.loads(ended.stdout)
    (row,) = document["changes"]
    assert tuple(row) == (*COLUMNS, "Author")
    assert [
        (row["Change"], row["What"], row["Organization"], row["AccountId"], row["UserId"])
    ] == removed_row(world)
    assert document["compared"] == ["org-0", "org-1"]
    assert document["old"]["run_id"] == manifest(old)["run_id"]
    assert document["not_compared"] == document["in_one_run"] == document["not_examined"] == []


def test_diff_as_a_table(sso_batch: Command, runs: tuple[World, Path, Path]) -> None:
    """The table has one line for each change and a total."""
    _, old, new = runs

    ended = sso_batch("diff", old, new)

    lines = [line.split() for line in ended.stdout.splitlines() if line.strip(" ─")]
    assert lines[0] == ["Change", "Who", "Organization", "Account", "With"]
    assert lines[1][0] == "removed"
    assert " ".join(lines[-1]).startswith("1 changes from ")


def test_diff_with_an_incomplete_run(audit: Audit, sso_batch: Command, tmp_path: Path) -> None:
    """An organization that is incomplete in either run is named and not compared; the exit code is 4."""
    complete, incomplete = tmp_path / "reports" / "complete", tmp_path / "reports" / "incomplete"
    audit(small(), "--run-id", "complete", settings=ALL)
    audit(denying(small(), "sso:ListAccountAssignments"), "--run-id", "incomplete", settings=ALL)

    forward = sso_batch("diff", complete, incomplete, "--format", "json", "--exit-code")
    reverse = sso_batch("diff", incomplete, complete, "--format", "json", "--exit-code")

    for ended, which in ((forward, "new"), (reverse, "old")):
        document = json.loads(ended.stdout)
        assert ended.code == 4
        assert document["changes"] == []
        assert document["compared"] == ["org-1"]
        assert document["not_compared"] == [
            {"organization": "org-0", "reason": f"incomplete in the {which} run"}
        ]
        assert ended.stderr == f"org-0: not compared: incomplete in the {which} run\n"


def test_diff_of_runs_with_different_organizations(audit: Audit, sso_batch: Command, tmp_path: Path) -> None:
    """Organizations in one run only are named, not reported as removed; runs that share none are an error."""
    both, second, first = (tmp_path / "reports" / name for name in ("both", "second", "first"))
    audit(small(), "--run-id", "both", settings=ALL)
    audit(small(), "--only", "org-1", "--run-id", "second", settings=ALL)
    audit(small(1), "--run-id", "first", settings=ALL)

    not_selected = sso_batch("diff", both, second, "--format", "json", "--exit-code")
    not_configured = sso_batch("diff", both, first, "--format", "json", "--exit-code")
    nothing = sso_batch("diff", second, first, "--format", "json")

    assert (not_selected.code, not_configured.code, nothing.code) == (0, 0, 4)
    assert [json.loads(ended.stdout)["in_one_run"] for ended in (not_selected, not_configured)] == [
        [{"organization": "org-0", "reason": "not selected in the new run"}],
        [{"organization": "org-1", "reason": "not configured in the new run"}],
    ]


def test_diff_of_a_damaged_snapshot(sso_batch: Command, runs: tuple[World, Path, Path]) -> None:
    """An organization whose snapshot cannot be read is not compared."""
    _, old, new = runs
    (path,) = old.glob("organizations/org-0/snapshot.jsonl")
    path.write_text(path.read_text()[:-20])

    ended = sso_batch("diff", old, new, "--format", "csv")

    assert (ended.code, rows(ended.stdout)) == (4, [])
    assert ended.stderr.startswith("org-0: not compared: ")
    assert "snapshot in the old run" in ended.stderr


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none", None, "does not contain manifest.json"),
        ("x.json", None, "does not contain x.json"),
        ("x.json", "[]", "this is not a manifest of this version"),
        ("empty/notes.txt", "", "does not contain manifest.json"),
    ],
    ids=["missing folder", "missing manifest", "not a manifest", "folder without a run"],
)
def test_diff_of_something_else_than_a_run(
    sso_batch: Command, tmp_path: Path, name: str, content: str | None, message: str
) -> None:
    """Anything else than a run is a usage error, with a hint on what to pass."""
    path = tmp_path / name
    if content is not None:
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    location = path.parent if name.startswith("empty") else path

    ended = sso_batch("diff", location, location)

    assert ended.code == 2
    assert message in ended.stderr
    assert "pass the folder of a finished run, which contains manifest.json" in ended.stderr


# Runs of an output place


@pytest.mark.parametrize("how", ["--output", "--config", "environment"])
def test_diff_of_the_two_newest_runs(
    audit: Audit, sso_batch: Command, folder: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Without OLD and NEW, the two newest runs are compared, whatever their ids and other folders."""
    world = small()
    audit(small(1), "--run-id", "z-oldest", folder=folder, settings=ALL)
    audit(world, "--run-id", "20991231-000000", folder=folder, settings=ALL)
    audit(without_first_assignment(world), "--run-id", "a-newest", folder=folder, settings=ALL)
    (folder / "notes").mkdir()
    (folder / "unfinished").mkdir()
    shutil.copy(folder / "a-newest" / "run.json", folder / "unfinished")
    options: tuple[object, ...] = ()
    match how:
        case "environment":
            monkeypatch.setenv("SSO_BATCH_OUTPUT", str(folder))
        case "--output":
            options = ("--output", folder)
        case _:
            options = ("--config", folder.parent / "orgs.yaml")

    ended = sso_batch("diff", "--format", "json", *options)

    document = json.loads(ended.stdout)
    assert (ended.code, document["old"]["run_id"], document["new"]["run_id"]) == (
        0,
        "20991231-000000",
        "a-newest",
    )
    assert len(document["changes"]) == 1


def test_diff_of_run_ids(sso_batch: Command, runs: tuple[World, Path, Path], folder: Path) -> None:
    """Runs can be named by their ids, and mixed with the folders of other runs."""
    world, old, _ = runs

    by_ids = sso_batch("diff", "-o", folder, "old", "new", "--format", "csv")
    mixed = sso_batch("diff", "-o", folder, old, "new", "--format", "csv")

    assert rows(by_ids.stdout) == rows(mixed.stdout) == removed_row(world)


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        ((), "no run was given", "--output or --config"),
        (("old",), "only one run was given", "OLD and NEW"),
        (("one", "two"), "one is neither a folder nor a manifest", "--output or --config"),
        (("-o", "{place}", "one", "two"), "{place}/one does not contain manifest.json", "finished run"),
        (("-o", "{place}"), "{place} contains 1 finished run, and a comparison needs two", "OLD and NEW"),
        (("-o", "{place}/x"), "{place}/x contains no finished runs, and a comparison needs two", "OLD"),
    ],
)
def test_diff_without_runs(
    audit: Audit, sso_batch: Command, folder: Path, arguments: tuple[str, ...], message: str, hint: str
) -> None:
    """Where runs are missing, the error says what happened and what to write instead."""
    audit(small(1), folder=folder, settings=ALL)

    ended = sso_batch("diff", *(argument.format(place=folder) for argument in arguments))

    assert (ended.code, ended.stdout) == (2, "")
    problem, advice = ended.stderr.splitlines()
    assert problem == f"sso-batch: {message.format(place=folder)}"
    assert hint in advice


@pytest.mark.parametrize("name", ["run.json", "manifest.json"])
def test_diff_with_a_newest_run_that_cannot_be_read(
    sso_batch: Command, runs: tuple[World, Path, Path], folder: Path, name: str
) -> None:
    """A run that cannot be read is an error: an older one is not compared in its place."""
    _, _, new = runs
    (new / name).write_text("{")

    ended = sso_batch("diff", "-o", folder)

    assert (ended.code, ended.stdout) == (2, "")
    assert f"new/{name} in {folder} cannot be read" in ended.stderr
