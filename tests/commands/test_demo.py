"""`sso-batch demo`: a whole audit of made-up organizations that needs no AWS."""

import re
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from sso_batch.commands import demo
from sso_batch.emulator import Emulator, Limits, demo_world
from tests.support.command import Command, CommandResult
from tests.support.expected_reports import truth
from tests.support.oracle import Row
from tests.support.reports import Reports, honest

COMPANIES = [one.name for one in demo_world().organizations]


@pytest.fixture(autouse=True)
def without_limits(unhurried: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo's AWS has AWS's own limits, which would only cost time here."""
    del unhurried
    monkeypatch.setattr(demo, "Emulator", partial(Emulator, limits=Limits.off()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "demo"


def reports_of(folder: Path, ended: CommandResult) -> Reports:
    """The reports of a demo."""
    return Reports(folder, ended, Counter())


def plain(row: Row) -> Row:
    """The cells that every version reads, without the apostrophe before a formula."""
    unread = (
        "AccountPath",
        "ManagedPolicies",
        "CustomerManagedPolicies",
        "InlinePolicy",
        "PermissionsBoundary",
    )
    return {column: re.sub("^'(?=[=+@-])", "", cell) for column, cell in row.items() if column not in unread}


def test_the_demo_audits_at_least_three_companies(sso_batch: Command, folder: Path) -> None:
    """The demo ends with 0 and the right rows of three companies, without any setting of AWS."""
    ended = sso_batch("demo", "-o", folder)

    reports = reports_of(folder, ended)
    assert ended.code == 0
    assert len(COMPANIES) >= 3
    assert reports.statuses == dict.fromkeys(COMPANIES, "complete")
    assert reports.names == reports.file_names(*COMPANIES, formats=("csv", "html"))
    for name in COMPANIES:
        rows = [plain(row) for row in reports.rows(name) if row["AccessType"] == "PERMISSION_SET"]
        assert rows == [plain(row) for row in truth(demo_world(), name)]
    reports.assert_sums()


def test_the_demo_says_what_it_wrote_and_what_it_means(sso_batch: Command, folder: Path) -> None:
    """On stdout: a table, every file that it wrote, and how to read a row; on stderr the override alone."""
    ended = sso_batch("demo", "--output", folder)

    reports = reports_of(folder, ended)
    told = ended.stdout.replace("\n", "")
    assert [name for name in reports.names if name not in told and not name.endswith("_run.json")] == []
    words = ("Organization", "Status", "complete", "PrincipalState", "EMPTY_GROUP", str(folder))
    for word in (*COMPANIES, *words):
        assert word in ended.stdout
    assert "incomplete" not in ended.stdout
    assert {event["event"] for event in ended.events} <= {"run.endpoint_overridden"}


def test_with_failure_shows_an_incomplete_audit(sso_batch: Command, folder: Path) -> None:
    """--with-failure ends with 4: one company has gaps, one failed, and both are told of."""
    ended = sso_batch("demo", "-o", folder, "--with-failure")

    reports = reports_of(folder, ended)
    assert ended.code == 4
    statuses = reports.statuses
    assert Counter(statuses.values()) == {"complete": 3, "incomplete": 1, "failed": 1}
    (incomplete,) = (name for name, status in statuses.items() if status == "incomplete")
    assert reports.names == reports.file_names(*COMPANIES, incomplete=[incomplete], formats=("csv", "html"))
    world = demo_world(with_failure=True)
    rights = [plain(row) for row in truth(world, incomplete)]
    assert "MEMBERS_NOT_READ" in {row["PrincipalState"] for row in reports.rows(incomplete)}
    whole = dict.fromkeys(reports.rows(incomplete)[0], "")
    assert all(
        honest(whole | plain(row), [whole | right for right in rights]) for row in reports.rows(incomplete)
    )
    for word in ("incomplete", "failed", "_INCOMPLETE", "NOT_READ", "exit code 4", "gaps"):
        assert word in ended.stdout


def test_the_demo_refuses_a_folder_with_other_runs(sso_batch: Command, folder: Path) -> None:
    """A folder that holds another run is refused with 2, and nothing in it changes."""
    folder.mkdir()
    (folder / "aws_sso_access_report_20260101_000000.csv").write_text("somebody's")

    ended = sso_batch("demo", "-o", folder)

    assert (ended.code, ended.stdout) == (2, "")
    assert "holds other runs" in ended.stderr
    assert "--output" in ended.stderr
    assert [path.name for path in folder.iterdir()] == ["aws_sso_access_report_20260101_000000.csv"]


def test_the_demo_refuses_its_own_folder_a_second_time(sso_batch: Command, folder: Path) -> None:
    """A second demo into the same folder is refused, too."""
    sso_batch("demo", "-o", folder)

    assert sso_batch("demo", "-o", folder).code == 2


def test_the_demo_never_reaches_the_real_aws(
    sso_batch: Command, folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever of AWS stands in the environment or the home is left aside, and is there again afterwards."""
    (home / "aws-config").write_text("[default]\nendpoint_url = http://127.0.0.1:1\nregion = nowhere-1\n")
    monkeypatch.setenv("AWS_PROFILE", "somebody")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")
    monkeypatch.setenv("AWS_CA_BUNDLE", "/nonexistent")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")

    ended = sso_batch("demo", "-o", folder)

    assert ended.code == 0
    assert set(reports_of(folder, ended).statuses.values()) == {"complete"}


def test_the_demo_writes_where_the_environment_says(
    sso_batch: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SSO_BATCH_DEMO_OUTPUT is the demo's folder; the folder of real runs is none for a demo."""
    (real := folder.with_name("real")).mkdir()
    (real / "aws_sso_access_report_20260101_000000.csv").write_text("somebody's")
    monkeypatch.setenv("SSO_BATCH_OUTPUT", str(real))
    monkeypatch.setenv("SSO_BATCH_DEMO_OUTPUT", str(folder))

    ended = sso_batch("demo")

    assert ended.code == 0
    assert folder.is_dir()


def test_a_folder_that_cannot_be_made(sso_batch: Command, tmp_path: Path) -> None:
    """A demo that cannot write says so and ends with 2."""
    (tmp_path / "file").write_text("")

    ended = sso_batch("demo", "-o", tmp_path / "file" / "demo")

    assert ended.code == 2
    assert "cannot write to the output folder" in ended.stderr
