"""Tests of `sso-batch campaign status`."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sso_batch.commands.campaign_status import campaign_status_command
from sso_batch.console.terminal import Terminal
from sso_batch.exit_codes import ExitCode
from tests.support.campaigns import (
    ANN,
    BOB,
    BOBS_CSV,
    CSV,
    XLSX,
    Campaign,
    Grid,
    fill,
    fill_all,
    filling,
)
from tests.support.command import Command

IN_TIME = datetime(2026, 12, 18, 23, 59, tzinfo=UTC)
LATE = datetime(2026, 12, 19, tzinfo=UTC)


def decide(campaign: Campaign) -> None:
    """Decide every item."""

    def change(grid: Grid) -> None:
        fill_all(grid, "keep")
        fill(grid, 2, "revoke", "left")

    campaign.edit(XLSX, change)
    campaign.edit(BOBS_CSV, lambda grid: fill_all(grid, "keep"))


def shown(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the lines on stdout, without spaces at the end and empty ones."""
    return [line.rstrip() for line in capsys.readouterr().out.splitlines() if line.strip()]


def test_nothing_came_back(sso_batch: Command, campaign: Campaign) -> None:
    """The exit code is 7 while items are open."""
    ended = sso_batch("campaign", "status", campaign.folder)

    assert ended.code == ExitCode.UNDECIDED
    lines = [line.split() for line in ended.stdout.splitlines()]
    assert lines[0] == ["Reviewer", "Items", "Open", "Returned"]
    assert lines[2][:3] == [ANN, "6", "6"]
    assert lines[3][:3] == [BOB, "2", "2"]
    assert ended.stdout.endswith(": open, due 2026-12-18\n8 items: 0 keep, 0 revoke, 8 open\n")


def test_decided(sso_batch: Command, campaign: Campaign) -> None:
    """The exit code is 0 when every item is decided."""
    decide(campaign)

    ended = sso_batch("campaign", "status", campaign.folder)

    assert (ended.code, ended.stderr) == (0, "")
    lines = [line.split() for line in ended.stdout.splitlines()]
    assert lines[0] == ["Reviewer", "Items", "Keep", "Revoke", "Open", "Returned"]
    assert lines[2][:5] == [ANN, "6", "5", "1", "0"]
    assert lines[3][:4] == [BOB, "2", "2", "0"]
    assert ended.stdout.endswith(": decided, due 2026-12-18\n8 items: 7 keep, 1 revoke, 0 open\n")


def test_problems(sso_batch: Command, campaign: Campaign) -> None:
    """The exit code is 2 if sheets have problems, which are shown below the table, each on one line."""
    decide(campaign)
    campaign.edit(XLSX, filling(3, "yes"))
    campaign.edit(BOBS_CSV, filling(1, "revoke", "", "\x1b[2Jsoon"))

    ended = sso_batch("campaign", "status", campaign.folder)

    assert ended.code == 2
    assert ended.stdout.splitlines()[-4:] == [
        "Problems (the items of these rows count as open):",
        f'  {XLSX}, sheet Review, row 8, Decision: unknown decision "yes": write keep, revoke or unsure',
        f"  {BOBS_CSV}, row 2, Comment: revoke needs a comment: write the reason",
        f'  {BOBS_CSV}, row 2, Until: "\\x1b[2Jsoon" is not a date: write it as 2027-01-31',
    ]
    assert "6 keep, 1 revoke" not in ended.stdout
    assert "5 keep, 1 revoke, 2 open" in ended.stdout


def test_json(campaign: Campaign, capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON has the campaign, the totals, and for each reviewer the numbers and the problems."""

    def change(grid: Grid) -> None:
        fill(grid, 1, "keep", "", "2027-01-31")
        fill(grid, 2, "revoke", "left")
        fill(grid, 3, "unsure", "ask Bob")
        fill(grid, 4, "maybe")

    campaign.edit(CSV, change)

    code = campaign_status_command(Terminal(), str(campaign.folder), format_="json", now=LATE)

    document = json.loads(capsys.readouterr().out)
    modified = document["reviewers"][0].pop("modified")
    assert code == 2
    assert datetime.fromisoformat(modified).tzinfo == UTC
    assert document == {
        "schema": 1,
        "version": document["version"],
        "campaign": {
            "run_id": "20261127-090000",
            "opened_at": "2026-11-27T09:30:00Z",
            "due": "2026-12-18",
            "scope": "all",
        },
        "status": "open",
        "items": 8,
        "keep": 1,
        "revoke": 1,
        "unsure": 1,
        "open": 6,
        "overdue": True,
        "reviewers": [
            {
                "reviewer": ANN,
                "items": 6,
                "keep": 1,
                "revoke": 1,
                "unsure": 1,
                "open": 4,
                "changed": True,
                "problems": [
                    {
                        "file": CSV,
                        "sheet": "",
                        "row": 5,
                        "column": "Decision",
                        "message": 'unknown decision "maybe": write keep, revoke or unsure',
                    }
                ],
            },
            {
                "reviewer": BOB,
                "items": 2,
                "keep": 0,
                "revoke": 0,
                "unsure": 0,
                "open": 2,
                "changed": False,
                "modified": None,
                "problems": [],
            },
        ],
    }


@pytest.mark.parametrize(("now", "overdue"), [(IN_TIME, False), (LATE, True)])
def test_overdue(
    campaign: Campaign, capsys: pytest.CaptureFixture[str], now: datetime, *, overdue: bool
) -> None:
    """On the day after the due date, open reviews are overdue; decided ones never are."""
    campaign.edit(BOBS_CSV, lambda grid: fill_all(grid, "keep"))

    code = campaign_status_command(Terminal(), str(campaign.folder), format_="table", now=now)

    lines = shown(capsys)
    assert code == 7
    assert lines[2].split()[-1] == ("overdue" if overdue else "yet")
    assert "overdue" not in lines[3]


def test_unsure_is_open(sso_batch: Command, campaign: Campaign) -> None:
    """An item of which the reviewer is unsure counts as open."""
    decide(campaign)
    campaign.edit(XLSX, filling(1, "unsure"))

    ended = sso_batch("campaign", "status", campaign.folder, "--format", "json")

    document = json.loads(ended.stdout)
    assert (ended.code, document["status"], document["open"], document["unsure"]) == (7, "open", 1, 1)


def test_closed(sso_batch: Command, campaign: Campaign) -> None:
    """A campaign with a sign-off is closed."""
    decide(campaign)
    (campaign.folder / "signoff.json").write_text("{}")

    ended = sso_batch("campaign", "status", campaign.folder, "--format", "json")

    assert (ended.code, json.loads(ended.stdout)["status"]) == (0, "closed")


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_width(
    campaign: Campaign, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    """On a narrow terminal no value is cut, and problems stay whole lines in a pipe."""
    monkeypatch.setenv("COLUMNS", str(width))
    decide(campaign)
    campaign.edit(XLSX, filling(3, "yes"))

    campaign_status_command(Terminal(), str(campaign.folder), format_="table", now=LATE)

    lines = shown(capsys)
    text = "\n".join(lines)
    assert "…" not in text
    for word in (ANN, BOB, "overdue", "Returned", "Problems"):
        assert word in text
    *others, last = lines
    assert last.endswith('Decision: unknown decision "yes": write keep, revoke or unsure')
    assert max(map(len, others)) <= width


def test_no_campaign(sso_batch: Command, tmp_path: Path) -> None:
    """A folder without a campaign is a usage error that says what to pass."""
    ended = sso_batch("campaign", "status", tmp_path)

    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr == (
        f"sso-batch: {tmp_path} contains no campaign.json\n"
        "  pass the folder that `sso-batch campaign open` wrote, or s3://bucket/prefix\n"
    )


def test_no_folder(sso_batch: Command, tmp_path: Path) -> None:
    """A folder that does not exist is a usage error, and is not created."""
    ended = sso_batch("campaign", "status", tmp_path / "missing")

    assert (ended.code, ended.stdout) == (2, "")
    assert not (tmp_path / "missing").exists()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (None, "is missing"),
        (b"", "was changed"),
        (b"Item\r\n", "was changed"),
        (b"\xff", "was changed"),
        (b'"', "was changed"),
    ],
)
def test_changed_population(sso_batch: Command, campaign: Campaign, content: bytes | None, what: str) -> None:
    """Without the population as it was written, nothing can be compared."""
    file = campaign.folder / "population.csv"
    file.unlink()
    if content is not None:
        file.write_bytes(content)

    ended = sso_batch("campaign", "status", campaign.folder)

    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"sso-batch: {file} {what}\n  restore the file")


def test_one_byte_of_the_population(sso_batch: Command, campaign: Campaign) -> None:
    """One changed byte of the population is noticed."""
    file = campaign.folder / "population.csv"
    file.write_bytes(file.read_bytes().replace(b"User 11", b"User 99"))

    ended = sso_batch("campaign", "status", campaign.folder)

    assert (ended.code, ended.stdout) == (2, "")
    assert f"{file} was changed" in ended.stderr


def test_sheet_that_cannot_be_read(sso_batch: Command, campaign: Campaign, tmp_path: Path) -> None:
    """A sheet that is a link is an error of the folder, not of its reviewer."""
    (tmp_path / "elsewhere.csv").write_bytes(b"x")
    (campaign.folder / CSV).unlink()
    (campaign.folder / CSV).symlink_to(tmp_path / "elsewhere.csv")

    ended = sso_batch("campaign", "status", campaign.folder)

    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"sso-batch: {campaign.folder}")


def test_library_for_workbooks_is_missing(
    sso_batch: Command, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the library for workbooks, a workbook that came back is a usage error; CSV files are read."""
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    campaign.edit(CSV, filling(1, "keep"))
    assert sso_batch("campaign", "status", campaign.folder).code == 7

    campaign.edit(XLSX, filling(1, "keep"))
    ended = sso_batch("campaign", "status", campaign.folder)

    assert (ended.code, ended.stdout) == (2, "")
    assert 'pip install "sso-batch[xlsx]"' in ended.stderr
