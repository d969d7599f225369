"""Tests of `sso-batch demo`."""

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from sso_batch.commands import demo
from sso_batch.emulator import Emulator, Limits, demo_world
from tests.support.command import Command, CommandResult
from tests.support.expected_reports import truth
from tests.support.oracle import Row
from tests.support.reports import Reports, files_in, honest

COMPANIES = [organization.name for organization in demo_world().organizations]


@pytest.fixture(autouse=True)
def without_limits(unhurried: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Turn off the rate limits of the demo's emulator, which would only take time here."""
    del unhurried
    monkeypatch.setattr(demo, "Emulator", partial(Emulator, limits=Limits.off()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "demo"


def reports_of(folder: Path, ended: CommandResult) -> Reports:
    """Return the reports of a demo."""
    return Reports(folder, ended, Counter())


def plain(row: Row) -> Row:
    """Return a row without the columns of details, and without the apostrophe before a formula."""
    unread = (
        "AccountPath",
        "ManagedPolicies",
        "CustomerManagedPolicies",
        "InlinePolicy",
        "PermissionsBoundary",
        "Privilege",
        "PrivilegeReason",
        "PrivilegeUnread",
        "AssignedAt",
        "AssignedBy",
        "MemberSince",
        "MemberAddedBy",
        "LastSignIn",
        "Title",
        "Department",
        "Manager",
    )
    return {column: re.sub("^'(?=[=+@-])", "", cell) for column, cell in row.items() if column not in unread}


def test_demo(sso_batch: Command, folder: Path) -> None:
    """The demo ends with exit code 0 and the right rows, without any AWS setting."""
    ended = sso_batch("demo", "-o", folder)

    reports = reports_of(folder, ended)
    assert ended.code == 0
    assert len(COMPANIES) >= 3
    assert reports.statuses == dict.fromkeys(COMPANIES, "complete")
    assert reports.names == reports.file_names(*COMPANIES, formats=("csv", "html"), applications=True)
    for name in COMPANIES:
        rows = [plain(row) for row in reports.rows(name) if row["AccessType"] == "PERMISSION_SET"]
        assert rows == [plain(row) for row in truth(demo_world(), name)]
    reports.assert_sums()


def test_activity(sso_batch: Command, folder: Path) -> None:
    """The demo shows who assigned access, who added a member, and who signed in within the last 90 days."""
    ended = sso_batch("demo", "-o", folder)

    rows = reports_of(folder, ended).rows("harbor-bank")
    columns = ("AssignedBy", "MemberAddedBy", "LastSignIn")
    assert {row["AssignedBy"] for row in rows} == {
        "NOT_READ",
        "IdentityPipeline/gitlab-runner-4711",
        "AWSReservedSSO_AdministratorAccess_6b2f0c1d/amara.okafor",
        "root",
    }
    assert all(len({row[column] for row in rows}) > 1 for column in columns)
    since = f"{datetime.now(UTC) - timedelta(days=90):%Y-%m-%d}"
    signed_in = {row["UserLogin"] for row in rows if row["LastSignIn"] > since and row["UserLogin"]}
    assert {"amara.okafor", "tomas.vinter"} <= signed_in
    assert "break.glass" not in signed_in


def test_output(sso_batch: Command, folder: Path) -> None:
    """The demo prints a table, every file, and how to read a row; stderr has only the endpoint override."""
    ended = sso_batch("demo", "--output", folder)

    reports = reports_of(folder, ended)
    lines = [line.strip() for line in ended.stdout.splitlines()]
    assert f"Written to {reports.folder}:" in lines
    listed = [line.partition(": ")[0] for line in lines[lines.index(f"Written to {reports.folder}:") :]]
    for name in reports.names - {"run.json"}:
        organization, _, file = name.rpartition("/")
        assert file in listed[listed.index(f"{organization}/") if organization else 0 :]
    words = ("Organization", "Status", "complete", "PrincipalState", "EMPTY_GROUP")
    for word in (*COMPANIES, *words):
        assert word in ended.stdout
    assert "incomplete" not in ended.stdout
    assert {event["event"] for event in ended.events} <= {"run.endpoint_overridden"}


def test_with_failure(sso_batch: Command, folder: Path) -> None:
    """--with-failure ends with exit code 4 and shows an incomplete and a failed organization."""
    ended = sso_batch("demo", "-o", folder, "--with-failure")

    reports = reports_of(folder, ended)
    assert ended.code == 4
    statuses = reports.statuses
    assert Counter(statuses.values()) == {"complete": 3, "incomplete": 1, "failed": 1}
    (incomplete,) = (name for name, status in statuses.items() if status == "incomplete")
    assert reports.names == reports.file_names(
        *COMPANIES, incomplete=[incomplete], formats=("csv", "html"), applications=True
    )
    world = demo_world(with_failure=True)
    expected = [plain(row) for row in truth(world, incomplete)]
    assert "MEMBERS_NOT_READ" in {row["PrincipalState"] for row in reports.rows(incomplete)}
    empty = dict.fromkeys(reports.rows(incomplete)[0], "")
    assert all(
        honest(empty | plain(row), [empty | right for right in expected]) for row in reports.rows(incomplete)
    )
    for word in ("incomplete", "failed", "_INCOMPLETE", "NOT_READ", "exit code 4", "gaps"):
        assert word in ended.stdout


def test_folder_with_other_runs(sso_batch: Command, folder: Path) -> None:
    """A folder with another run is refused with exit code 2 and not changed."""
    (folder / "nightly").mkdir(parents=True)
    (folder / "nightly" / "run.json").write_text("somebody's")

    ended = sso_batch("demo", "-o", folder)

    assert (ended.code, ended.stdout) == (2, "")
    assert "contains other runs" in ended.stderr
    assert "--output" in ended.stderr
    assert set(files_in(folder)) == {"nightly/run.json"}


def test_folder_with_other_files(sso_batch: Command, folder: Path) -> None:
    """Files and folders that are no run do not prevent a demo."""
    (folder / "notes").mkdir(parents=True)
    (folder / "notes" / "a.txt").write_text("somebody's")

    assert sso_batch("demo", "-o", folder).code == 0


def test_second_demo_in_the_same_folder(sso_batch: Command, folder: Path) -> None:
    """A second demo in the same folder is refused."""
    sso_batch("demo", "-o", folder)

    assert sso_batch("demo", "-o", folder).code == 2


def test_real_aws_is_never_reached(
    sso_batch: Command, folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The demo ignores every AWS setting of the environment and of the home folder."""
    (home / "aws-config").write_text("[default]\nendpoint_url = http://127.0.0.1:1\nregion = nowhere-1\n")
    monkeypatch.setenv("AWS_PROFILE", "somebody")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")
    monkeypatch.setenv("AWS_CA_BUNDLE", "/nonexistent")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")

    ended = sso_batch("demo", "-o", folder)

    assert ended.code == 0
    assert set(reports_of(folder, ended).statuses.values()) == {"complete"}


def test_folder_from_the_environment(
    sso_batch: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SSO_BATCH_DEMO_OUTPUT is the folder of the demo; SSO_BATCH_OUTPUT is ignored."""
    real = folder.with_name("real")
    (real / "nightly").mkdir(parents=True)
    (real / "nightly" / "run.json").write_text("somebody's")
    monkeypatch.setenv("SSO_BATCH_OUTPUT", str(real))
    monkeypatch.setenv("SSO_BATCH_DEMO_OUTPUT", str(folder))

    ended = sso_batch("demo")

    assert ended.code == 0
    assert folder.is_dir()


def test_folder_that_cannot_be_created(sso_batch: Command, tmp_path: Path) -> None:
    """A demo that cannot write its files ends with exit code 2."""
    (tmp_path / "file").write_text("")

    ended = sso_batch("demo", "-o", tmp_path / "file" / "demo")

    assert ended.code == 2
    assert "cannot write to the output folder" in ended.stderr


def test_campaign(sso_batch: Command, folder: Path) -> None:
    """--campaign shows a whole access review; some access is gone, some is not, and some has another path."""
    ended = sso_batch("demo", "-o", folder, "--campaign")

    assert ended.code == 0, ended.stderr
    steps = re.findall(r"^[1-5]\. .*|^\$ sso-batch campaign (\w+)", ended.stdout, re.MULTILINE)
    assert [step for step in steps if step] == ["open", "status", "close", "prove"]
    proof = json.loads((folder / "campaign" / "proof_after-revocations.json").read_bytes())
    assert proof["counts"] == {
        "still_there": 3,
        "came_back": 0,
        "reachable_otherwise": 1,
        "not_read": 0,
        "gone": 4,
    }
    assert "Exit code of this command: 3" in ended.stdout


def test_campaign_with_failure(sso_batch: Command, folder: Path) -> None:
    """A campaign needs a complete audit, so the two options exclude each other."""
    ended = sso_batch("demo", "-o", folder, "--campaign", "--with-failure")

    assert ended.code == 2
    assert "--campaign needs a complete audit" in ended.stderr
    assert not folder.exists()
