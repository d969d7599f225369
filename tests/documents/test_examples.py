"""The examples in the documents work as they are written, as far as they can be run here."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import click
import duckdb
import pytest
import yaml

from sso_batch import cli
from sso_batch.config.loading import load
from sso_batch.review.roster_csv import parse_roster
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.writer import write_merged, write_organization
from sso_batch.store import Folder
from tests.documents.text import Block, blocks
from tests.run_files.test_writer import StopsAfter
from tests.support.overviews import company, rows, with_gap

NEVER = StopsAfter(10**9)
NAMES = FileNames("20261124-051202", "20261124_051202")
ACME, GLOBEX = company("acme", 1), company("globex", 2)


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder `reports` below the current one, with the files of an incomplete run."""
    folder = Folder(tmp_path, "reports", NAMES.run_id)
    parts = [
        write_organization(folder, NAMES, snapshot, csv=True, escape=True, stop=NEVER).files[0]
        for snapshot in (ACME, with_gap(GLOBEX))
    ]
    write_merged(folder, NAMES.access(complete=False), parts, people=(), stop=NEVER)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "reports"


def test_administrators(reports: Path) -> None:
    """The first query gives each administrator's accounts, no row counted twice."""
    assert reports.is_dir()

    found = duckdb.connect().execute(blocks("sql")[0].text).fetchall()

    accounts: dict[str, set[str]] = {}
    for row in rows((ACME, with_gap(GLOBEX))):
        if row["PermissionSet"] == "AdministratorAccess" and row["PrincipalState"] == "OK":
            accounts.setdefault(row["UserEmail"], set()).add(row["AccountId"])
    assert {email or "": count for email, count, _ in found} == {
        email: len(ids) for email, ids in accounts.items()
    }


def test_holes(reports: Path) -> None:
    """The second query counts the rows that could not be filled."""
    assert reports.is_dir()

    found = duckdb.connect().execute(blocks("sql")[1].text).fetchall()

    (organization, state, count) = found[0]
    assert len(found) == 1
    assert (organization, state) == ("globex", "MEMBERS_NOT_READ")
    assert count > 0


def test_rosters() -> None:
    """Every CSV in the documents is a roster, as a run without employee numbers accepts it."""
    rosters = [parse_roster(block.text.encode(), numbers_are_read=False) for block in blocks("csv")]

    assert rosters


def test_script() -> None:
    """The script that tells somebody is one that bash can read, and knows our exit codes."""
    (block,) = blocks("bash", within="docs/how-to/alerts.md")
    script = block.text

    subprocess.run(["bash", "-n"], input=script, text=True, check=True)  # noqa: S607 - whichever bash

    assert re.findall(r"^  ([0-9 |]+)\)", script, re.MULTILINE) == ["0", "3", "4 | 5"]
    for words in our_commands(script.replace("|| code=$?", "")):
        parse(words)


def test_workflow() -> None:
    """The workflow is YAML of the right form, and its actions have versions."""
    (text,) = [block.text for block in blocks("yaml") if "jobs:" in block.text]

    workflow: dict[Any, Any] = yaml.safe_load(text)

    (job,) = workflow["jobs"].values()
    used = [step["uses"] for step in job["steps"] if "uses" in step]
    assert workflow["permissions"] == {"id-token": "write", "contents": "read"}
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+", action) for action in used)


@pytest.mark.parametrize("block", blocks("console", "bash", "yaml", "text"), ids=str)
def test_commands(block: Block) -> None:
    """Every call of sso-batch in an example is one that the program understands."""
    if not block.text.startswith("Usage:"):
        for words in our_commands(block.text.replace("|| code=$?", "")):
            parse(words)


@pytest.mark.parametrize("block", blocks("yaml"), ids=str)
def test_configuration(block: Block, tmp_path: Path) -> None:
    """Every example of a configuration, or of a part of one, is valid."""
    if "jobs:" in block.text:
        return
    text = (
        block.text if "organizations:" in block.text else f"{block.text}\norganizations: [{{name: acme}}]\n"
    )
    path = tmp_path / "orgs.yaml"
    path.write_text(text)

    config = load(path, {"GLOBEX_EXTERNAL_ID": "an-external-id"})

    assert config.organizations


def our_commands(script: str) -> list[list[str]]:
    """Return the words of each call of sso-batch in a script, its name left out."""
    joined = script.replace("\\\n", " ")
    calls = re.findall(r"(?:^ *|bin/|&& )sso-batch (?=-|[a-z])(.*)$", joined, re.MULTILINE)
    return [shlex.split(re.sub(r"2>>.*$", "", call), comments=True) for call in calls]


def parse(words: list[str]) -> None:
    """Raise click's error where the command line would not be understood; nothing runs."""
    with cli.cli.make_context("sso-batch", words) as context:
        name, command, arguments = cli.cli.resolve_command(context, [*context._protected_args, *context.args])
        assert command is not None
        while isinstance(command, click.Group):
            group = command.make_context(name, arguments, parent=context)
            name, command, arguments = command.resolve_command(group, [*group._protected_args, *group.args])
            assert command is not None
        command.make_context(name, arguments, parent=context)
