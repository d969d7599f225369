"""The README's cookbook works as it stands there, as far as it can be run here."""

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
from sso_batch.report.names import FileNames
from sso_batch.report.write import write_merged, write_organization
from sso_batch.store import Folder
from tests.overviews import company, rows, with_hole
from tests.report.test_write import StopsAfter

_README = (Path(__file__).parent.parent / "README.md").read_text()
_COOKBOOK = _README[_README.index("## Cookbook") : _README.index("## Security model")]

NEVER = StopsAfter(10**9)
NAMES = FileNames("nightly", "20260304_050607")
ACME, GLOBEX = company("acme", 1), company("globex", 2)


def blocks(language: str) -> list[str]:
    """The cookbook's blocks of one language."""
    return re.findall(rf"```{language}\n(.*?)```", _COOKBOOK, re.DOTALL)


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder `reports` below the current one, with the files of an incomplete run."""
    folder = Folder(tmp_path / "reports")
    folder.prepare()
    parts = [
        write_organization(folder, NAMES, one, csv=True, escape=True, stop=NEVER).files[0]
        for one in (ACME, with_hole(GLOBEX))
    ]
    write_merged(folder, NAMES, parts, complete=False, stop=NEVER)
    monkeypatch.chdir(tmp_path)
    return folder.directory


def test_administrators(reports: Path) -> None:
    """The first query gives each administrator's accounts, no row counted twice."""
    assert reports.is_dir()

    found = duckdb.connect().execute(blocks("sql")[0]).fetchall()

    accounts: dict[str, set[str]] = {}
    for row in rows((ACME, with_hole(GLOBEX))):
        if row["PermissionSet"] == "AdministratorAccess" and row["PrincipalState"] == "OK":
            accounts.setdefault(row["UserEmail"], set()).add(row["AccountId"])
    assert {email or "": count for email, count, _ in found} == {
        email: len(ids) for email, ids in accounts.items()
    }


def test_holes(reports: Path) -> None:
    """The second query counts the rows that could not be filled."""
    assert reports.is_dir()

    found = duckdb.connect().execute(blocks("sql")[1]).fetchall()

    (organization, state, count) = found[0]
    assert len(found) == 1
    assert (organization, state) == ("globex", "MEMBERS_NOT_READ")
    assert count > 0


def test_script() -> None:
    """The script that tells somebody is one that bash can read, and knows our exit codes."""
    (script,) = blocks("bash")

    subprocess.run(["bash", "-n"], input=script, text=True, check=True)  # noqa: S607 - whichever bash

    assert re.findall(r"^  ([0-9 |]+)\)", script, re.MULTILINE) == ["0", "3", "4 | 5"]
    for words in our_commands(script.replace("|| code=$?", "")):
        parse(words)


def test_workflow() -> None:
    """The workflow is YAML of the right form, its actions have versions, and our commands can be parsed."""
    (text,) = blocks("yaml")

    workflow: dict[Any, Any] = yaml.safe_load(text)

    (job,) = workflow["jobs"].values()
    used = [step["uses"] for step in job["steps"] if "uses" in step]
    assert workflow["permissions"] == {"id-token": "write", "contents": "read"}
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+", one) for one in used)
    commands = our_commands("\n".join(step.get("run", "") for step in job["steps"]))
    assert len(commands) == 1
    for words in commands:
        parse(words)


def our_commands(script: str) -> list[list[str]]:
    return [shlex.split(line)[1:] for line in script.splitlines() if line.strip().startswith("sso-batch ")]


def parse(words: list[str]) -> None:
    """Raise click's error where the command line would not be understood; nothing runs."""
    name, *arguments = words
    command = cli.cli.commands[name]
    with click.Context(cli.cli) as context:
        command.make_context(name, arguments, parent=context)
