"""The queries in the documents give the right answers on runs of several nights."""

import re
import runpy
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sso_batch.model import Snapshot
from sso_batch.run_files.columns import COLUMNS
from tests.documents.text import ROOT, blocks
from tests.support import nights
from tests.support.athena import STATEMENTS, Athena, parsed
from tests.support.overviews import rows

QUERIES, ATHENA = "docs/how-to/query.md", "docs/how-to/athena.md"

UNREAD = {"NOT_READ", "MEMBERS_NOT_READ"}

LATEST = {"acme": "20261124", "globex": "20261121", "hooli": "20261125"}
"""The newest night in which each organization is complete."""

AGES = [
    ("acme", "20261124_031700", "20261124_031700", False),
    ("globex", "20261121_031700", "20261122_031700", False),
    ("hooli", "20261125_031700", "20261125_031700", True),
]
"""Each organization's newest complete night, its newest one, and whether the former is the newest of all."""

FINDINGS = [("20261121", True, 1, 1, 1, 1), ("20261122", False, 1, 0, 1, 0), ("20261123", False, 0, 0, 0, 0)]
"""The findings of each night: high, medium, low, waived."""

Facts = tuple[str, ...]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a folder `reports`."""
    folder = tmp_path_factory.mktemp("nights")
    nights.write_nights(folder / "reports")
    return folder


@pytest.fixture(autouse=True)
def in_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the examples find `reports`."""
    monkeypatch.chdir(folder)


@pytest.fixture
def database() -> duckdb.DuckDBPyConnection:
    """Return a database with the views that the document creates."""
    database = duckdb.connect()
    database.execute(recipe(QUERIES, "CREATE OR REPLACE VIEW"))
    return database


@pytest.fixture(scope="module")
def athena(folder: Path) -> Athena:
    return Athena(folder / "reports")


def recipe(file: str, *parts: str, language: str = "sql") -> str:
    """Return the only block of a document that has these parts."""
    (found,) = (
        block.text for block in blocks(language, within=file) if all(part in block.text for part in parts)
    )
    return found


def one_run(text: str, run: str) -> str:
    """Return an example about one run, for a run that exists."""
    return text.replace("20261124-051202", run).replace("20261124_051202", f"{run}_031700")


def latest() -> list[dict[str, str]]:
    """Return the rows of each organization's newest complete night."""
    return rows(nights.SNAPSHOTS[run][organization] for organization, run in LATEST.items())


def administrators(found: Iterable[dict[str, str]]) -> Counter[Facts]:
    """Return the rows of people whose level is, or could be, the highest one."""
    return Counter(
        (row["Organization"], row["UserEmail"], row["AccountId"], row["Privilege"])
        for row in found
        if (row["Privilege"] == "ADMINISTRATOR" or row["PrivilegeUnread"]) and row["PrincipalState"] == "OK"
    )


def changes(former: str, latter: str) -> Counter[Facts]:
    """Return what appeared and vanished between two nights, in the organizations complete in both."""

    def paths(run: str, organization: str) -> Counter[Facts]:
        shown = ("UserEmail", "PermissionSet", "RoleArn", "GroupName")
        snapshot = nights.SNAPSHOTS[run].get(organization)
        assert snapshot
        return Counter((organization, *(row[column] for column in shown)) for row in rows([snapshot]))

    found: Counter[Facts] = Counter()
    for organization in complete(former) & complete(latter):
        old, new = paths(former, organization), paths(latter, organization)
        found.update({("appeared", *path): count for path, count in (new - old).items()})
        found.update({("vanished", *path): count for path, count in (old - new).items()})
    return found


def complete(run: str) -> set[str]:
    """Return the organizations that are complete in a run."""
    return {name for name, snapshot in nights.SNAPSHOTS[run].items() if snapshot.complete}


# Attempts


def test_earlier_attempt(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The incomplete file of an earlier attempt, which a killed resume leaves, is not compared."""
    shutil.copytree(folder / "reports", tmp_path / "reports")
    monkeypatch.chdir(tmp_path)
    (whole,) = Path("reports/20261121/organizations/acme").glob("*.csv")
    attempt = whole.with_stem(f"{whole.stem}_INCOMPLETE")
    attempt.write_bytes(whole.read_bytes().replace(b",0001", b",0009"))
    database = duckdb.connect()
    database.execute(recipe(QUERIES, "CREATE OR REPLACE VIEW"))

    for found in (
        database.execute(recipe(QUERIES, "FULL JOIN")).fetchall(),
        Athena(tmp_path / "reports").query(recipe(ATHENA, "FULL JOIN")),
    ):
        assert Counter((*row[:3], *row[4:]) for row in found) == changes("20261121", "20261122")


# One run


def test_one_run_administrators() -> None:
    """Each administrator has the number of accounts, no row counted twice."""
    found = duckdb.execute(
        one_run(recipe(QUERIES, "20261124-051202", "'ADMINISTRATOR'"), "20261121")
    ).fetchall()

    accounts: dict[str, set[str]] = {}
    for row in rows(nights.FIRST.values()):
        if row["Privilege"] == "ADMINISTRATOR" and row["PrincipalState"] == "OK":
            accounts.setdefault(row["UserEmail"], set()).add(row["AccountId"])
    assert {email or "": count for email, count, _ in found} == {
        email: len(ids) for email, ids in accounts.items()
    }


def test_one_run_not_read() -> None:
    """The rows that could not be filled are counted."""
    found = duckdb.execute(
        one_run(recipe(QUERIES, "20261124-051202", "_INCOMPLETE.csv"), "20261122")
    ).fetchall()

    unread = Counter(
        (row["Organization"], row["PrincipalState"])
        for row in rows([nights.SECOND["globex"]])
        if row["PrincipalState"] in UNREAD
    )
    assert unread
    assert {(organization, state): count for organization, state, count in found} == unread


def test_one_run_pandas(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A data frame counts the accounts of administrators."""
    found = run_python(one_run(recipe(QUERIES, "20261124-051202", language="python"), "20261121"), tmp_path)

    assert capsys.readouterr().out
    assert found["access"].shape[0] == len(rows(nights.FIRST.values()))
    assert found["people"].max() > 1


# All nights, in DuckDB


def test_every_row(database: duckdb.DuckDBPyConnection) -> None:
    """Every row of every night is there with its values, whatever columns the run has."""
    found = database.sql(f"SELECT run, complete, {', '.join(COLUMNS)} FROM access").fetchall()  # noqa: S608

    assert Counter(found) == Counter(
        (run, snapshot.complete, *(row[column] for column in COLUMNS))
        for run, snapshots in nights.SNAPSHOTS.items()
        for snapshot in snapshots.values()
        for row in rows([snapshot])
    )


def test_attributes(database: duckdb.DuckDBPyConnection) -> None:
    """An attribute is NULL in the runs that did not report it, and text in the others."""
    found = database.execute(
        "SELECT DISTINCT run FROM access WHERE EmployeeNumber IS NULL ORDER BY run"
    ).fetchall()

    assert found == [("20261123",), ("20261124",)]


def test_latest(database: duckdb.DuckDBPyConnection) -> None:
    """An organization's rows are of its newest complete night, which can be one without rows."""
    found = database.execute("SELECT DISTINCT organization, run FROM latest_access ORDER BY ALL").fetchall()

    assert found == [("acme", "20261124"), ("globex", "20261121")]


def test_ages(database: duckdb.DuckDBPyConnection) -> None:
    """The age of each organization's answer is shown, also of one without rows."""
    assert database.execute(recipe(QUERIES, "AS current_run")).fetchall() == AGES


def test_states(database: duckdb.DuckDBPyConnection) -> None:
    """A run that has not ended, or whose shards were not merged, is named."""
    assert database.execute(recipe(QUERIES, "'not ended'")).fetchall() == [
        ("20261121", "complete"),
        ("20261122", "incomplete"),
        ("20261123", "incomplete"),
        ("20261124", "not merged: 1 of 2 shards ended"),
        ("20261125", "not ended"),
    ]


def test_gaps(database: duckdb.DuckDBPyConnection) -> None:
    """An organization that failed is found in the manifest, although it has no CSV."""
    found = database.execute(recipe(QUERIES, "gap.operation")).fetchall()

    assert [row[:3] for row in found] == [
        ("20261122", "globex", "incomplete"),
        ("20261123", "globex", "failed"),
        ("20261123", "hooli", "failed"),
    ]
    assert all(code == "AccessDeniedException" for *_, code in found)


def test_administrators(database: duckdb.DuckDBPyConnection) -> None:
    """Administrators are people; those whose level was not read are not left out."""
    found = database.execute(recipe(QUERIES, "FROM latest_access", "Privilege IN")).fetchall()

    expected = administrators(latest())
    assert {privilege for *_, privilege in expected} == {"ADMINISTRATOR", "NONE", "NOT_READ"}
    assert Counter(row[:4] for row in found) == expected


@pytest.mark.parametrize(("former", "latter"), [("20261121", "20261122"), ("20261122", "20261123")])
def test_changes(database: duckdb.DuckDBPyConnection, former: str, latter: str) -> None:
    """What appeared and vanished is right, and an incomplete or failed organization loses nothing."""
    query = recipe(QUERIES, "FULL JOIN").replace("20261122", latter).replace("20261121", former)

    found = database.execute(query).fetchall()

    expected = changes(former, latter)
    assert expected
    assert Counter((*row[:3], *row[4:]) for row in found) == expected


def test_findings(database: duckdb.DuckDBPyConnection) -> None:
    """A night without findings counts zero."""
    assert database.execute(recipe(QUERIES, "_findings*.csv")).fetchall() == FINDINGS


def test_users_without_access(database: duckdb.DuckDBPyConnection) -> None:
    """The snapshots name the enabled users to whom nothing is assigned."""
    found = database.execute(recipe(QUERIES, "snapshot.jsonl")).fetchall()

    assert found == sorted(
        (organization, user.login, user.id)
        for organization, run in LATEST.items()
        for user in idle(nights.SNAPSHOTS[run][organization])
    )


def idle(snapshot: Snapshot) -> list[Any]:
    """Return the enabled users that have no row."""
    busy = {row["UserId"] for row in rows([snapshot])}
    return [user for user in snapshot.users if user.status == "ENABLED" and user.id not in busy]


# All nights, in pandas


def test_pandas(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Data frames have the same rows, nights and gaps."""
    found = run_python(recipe(QUERIES, "pandas.concat", language="python"), tmp_path)

    access, frame = found["access"], found["latest_access"]
    assert capsys.readouterr().out
    assert set(access.columns) >= {*COLUMNS, "Department", "EmployeeNumber"}
    assert len(access) == sum(len(rows(snapshots.values())) for snapshots in nights.SNAPSHOTS.values())
    assert len(frame) == len(latest())
    assert set(access.AccountId.str.len()) == {12}
    assert set(found["not_read"].organization) == {"globex"}
    assert set(access[access.EmployeeNumber.isna()].run) == {"20261123", "20261124"}
    assert found["complete"].groupby("organization").run.max().to_dict() == LATEST


def run_python(text: str, folder: Path) -> dict[str, Any]:
    """Run an example and return its variables."""
    script = folder / "example.py"
    script.write_text(text)
    return runpy.run_path(str(script))


# Athena


def test_athena_views() -> None:
    """The document describes every view."""
    views = {create.this.name for create in map(parsed, STATEMENTS) if create.kind == "VIEW"}

    assert set(re.findall(r"^\| `(\w+)` \|", (ROOT / ATHENA).read_text(), re.MULTILINE)) == views


def test_athena_ages(athena: Athena) -> None:
    """The age of each organization's answer is shown, the oldest first."""
    found = athena.query(recipe(ATHENA, "current_run"))

    assert sorted(found) == AGES
    assert [row[0] for row in found] == ["globex", "acme", "hooli"]


def test_athena_account(athena: Athena) -> None:
    """Everybody who can reach an account is named, with the path."""
    found = athena.query(recipe(ATHENA, "WHERE AccountId ="))

    shown = ("UserEmail", "UserName", "PermissionSet", "RoleArn", "GroupName", "Privilege", "PrincipalState")
    expected = Counter(
        tuple(row[column] for column in shown) for row in latest() if row["AccountId"] == "000100000003"
    )
    assert expected
    assert Counter(row[:-1] for row in found) == expected


def test_athena_administrators(athena: Athena) -> None:
    """Accounts of administrators, and those that could not be judged, are counted apart."""
    found = athena.query(recipe(ATHENA, "accounts_not_judged"))

    counts: dict[str, tuple[set[str], set[str]]] = {}
    for _, email, account, privilege in administrators(latest()):
        counts.setdefault(email, (set(), set()))[privilege != "ADMINISTRATOR"].add(account)
    assert {email: tuple(numbers) for email, *numbers in found} == {
        email: (len(known), len(unknown)) for email, (known, unknown) in counts.items()
    }


@pytest.mark.parametrize(("former", "latter"), [("20261121", "20261122"), ("20261122", "20261123")])
def test_athena_changes(athena: Athena, former: str, latter: str) -> None:
    """What appeared and vanished is right, and an incomplete or failed organization loses nothing."""
    query = recipe(ATHENA, "FULL JOIN").replace("20261122", latter).replace("20261121", former)

    found = athena.query(query)

    assert Counter((*row[:3], *row[4:]) for row in found) == changes(former, latter)


def test_athena_findings(athena: Athena) -> None:
    """A night without findings counts zero."""
    assert athena.query(recipe(ATHENA, "findings_by_night")) == FINDINGS


def test_athena_not_read(athena: Athena) -> None:
    """What was not read is counted for each night."""
    found = athena.query(recipe(ATHENA, "'MEMBERS_NOT_READ'"))

    assert Counter({row[:4]: row[4] for row in found}) == Counter(
        (run, row["Organization"], row["PrincipalState"], row["Privilege"])
        for run, snapshots in nights.SNAPSHOTS.items()
        for row in rows(snapshots.values())
        if row["PrincipalState"] in UNREAD or row["Privilege"] == "NOT_READ"
    )


def test_athena_set_up(tmp_path: Path) -> None:
    """The loop sends every statement in order, for the place, and without comments."""
    aws = tmp_path / "aws"
    aws.write_text(
        '#!/bin/sh\nif [ "$2" = start-query-execution ]; then printf "%s\\n---\\n" "$8" >>"$SENT"; echo id; '
        "else echo SUCCEEDED; fi\n"
    )
    aws.chmod(0o755)
    sent = tmp_path / "sent"

    done = subprocess.run(  # noqa: S603 - the example
        ["bash", "-euc", recipe(ATHENA, "aws athena", language="console")],  # noqa: S607 - whichever bash
        cwd=ROOT,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "SENT": str(sent)},
        check=True,
        capture_output=True,
        text=True,
    )

    statements = sent.read_text().split("\n---\n")[:-1]
    files = sorted(path.name for path in (ROOT / "config/athena").glob("*.sql"))
    assert done.stdout.splitlines() == [f"config/athena/{name}: SUCCEEDED" for name in files]
    assert len(statements) == len(files)
    assert all(statement.startswith("CREATE ") for statement in statements)
    assert "LOCATION 's3://acme-audit-evidence/sso-batch/'" in statements[1]
    assert "BUCKET" not in "".join(statements)
