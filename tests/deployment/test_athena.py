"""The tables and views for Athena, on runs of several nights."""

from collections import Counter
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from sso_batch.report import findings_csv
from sso_batch.run_files.columns import ATTRIBUTES, COLUMNS, columns_with
from tests.support import nights
from tests.support.athena import BUCKET, STATEMENTS, Athena, columns, parsed, properties
from tests.support.overviews import rows

DATABASE, ACCESS_FILES, FINDINGS_FILES, *VIEWS = STATEMENTS


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("nights") / "reports"
    nights.write_nights(place)
    return place


@pytest.fixture(scope="module")
def athena(place: Path) -> Athena:
    return Athena(place)


def in_night(run: str, organization: str) -> list[dict[str, str]]:
    """Return the rows that an organization must have in a run."""
    return rows([nights.SNAPSHOTS[run][organization]])


# Definitions


@pytest.mark.parametrize("statement", STATEMENTS, ids=range(1, len(STATEMENTS) + 1))
def test_syntax(statement: str) -> None:
    """Athena executes one statement at a time: each file has one, which can be repeated."""
    create = parsed(statement)

    assert create.args["exists"] or create.args["replace"]
    assert not statement.rstrip().endswith(";")


@pytest.mark.parametrize("dialect", ["hive", "trino"])
def test_dialects(dialect: str) -> None:
    """Tables are read by the dialect of Hive, and views by that of Trino."""
    statements = (DATABASE, ACCESS_FILES, FINDINGS_FILES) if dialect == "hive" else tuple(VIEWS)

    for statement in statements:
        (create,) = sqlglot.parse(statement, dialect=dialect)
        assert isinstance(create, exp.Create)


def test_access_columns() -> None:
    """The table has a report's columns in order, then room for the attributes that a run can report."""
    names = columns(parsed(ACCESS_FILES))

    assert names[: len(COLUMNS)] == COLUMNS
    assert len(names) == len(columns_with(ATTRIBUTES))
    assert all(name.startswith("Attribute") for name in names[len(COLUMNS) :])


def test_view_columns(athena: Athena) -> None:
    """The view has every column of a report by its name, with every attribute of collect.people."""
    found = [name for name, *_ in athena.query("DESCRIBE sso_batch.access")]

    assert found == ["run", "started", "complete", *columns_with(ATTRIBUTES), "path"]


def test_findings_columns() -> None:
    """The table has the columns of the findings, in order."""
    assert columns(parsed(FINDINGS_FILES)) == findings_csv.COLUMNS


@pytest.mark.parametrize(
    ("statement", "folder"), [(ACCESS_FILES, "${run}/organizations/"), (FINDINGS_FILES, "${run}/")]
)
def test_location(statement: str, folder: str) -> None:
    """A partition is a run whose id is a date, also tomorrow's, because Athena's clock is UTC."""
    found = properties(parsed(statement))

    assert found["storage.location.template"] == BUCKET + folder
    assert (found["projection.run.type"], found["projection.run.range"]) == ("date", "20260101,NOW+1DAYS")


# Access


@pytest.mark.parametrize("run", nights.NIGHTS)
def test_every_row(athena: Athena, run: str) -> None:
    """Every row of a night is there once, and no header and no line of a snapshot."""
    expected = [
        tuple(row[column] for column in COLUMNS)
        for organization in nights.SNAPSHOTS[run]
        for row in in_night(run, organization)
    ]

    query = exp.select(*COLUMNS).from_("sso_batch.access").where(exp.column("run").eq(run))
    found = athena.query(query.sql("athena"))

    assert Counter(found) == Counter(expected)


def test_backslash(athena: Athena) -> None:
    """A backslash is a character like any other."""
    found = athena.query("SELECT DISTINCT UserLogin FROM sso_batch.access WHERE UserLogin LIKE 'CORP%'")

    assert found == [(nights.LOGIN,)]


def test_attributes(athena: Athena) -> None:
    """An attribute keeps its name when the configuration changes; it is NULL where it was not reported."""
    found = athena.query(
        "SELECT DISTINCT run, substr(Department, 1, 10), substr(EmployeeNumber, 1, 15), Title "
        "FROM sso_batch.access WHERE Organization = 'acme' AND PrincipalState = 'OK' ORDER BY run"
    )

    assert found == [
        ("20261121", "department", "employee_number", None),
        ("20261122", None, "employee_number", None),
        ("20261123", None, None, None),
        ("20261124", None, None, None),
    ]


def test_nights(athena: Athena) -> None:
    """Every file counts, also one without rows; an incomplete one is marked; a failed one is missing."""
    found = athena.query("SELECT run, Organization, complete FROM sso_batch.nights ORDER BY 1, 2")

    assert found == [
        (run, organization, snapshot.complete)
        for run, snapshots in nights.SNAPSHOTS.items()
        for organization, snapshot in sorted(snapshots.items())
    ]


def test_incomplete_rows(athena: Athena) -> None:
    """The rows of an incomplete organization are there, and each says that it is not the whole answer."""
    found = athena.query("SELECT DISTINCT run, Organization FROM sso_batch.access WHERE NOT complete")

    assert found == [("20261122", "globex")]


def test_latest_access(athena: Athena) -> None:
    """An organization's rows are of its newest complete night, which can be one without rows."""
    found = athena.query(
        "SELECT Organization, run, count(*) FROM sso_batch.latest_access GROUP BY 1, 2 ORDER BY 1"
    )

    assert found == [
        ("acme", "20261124", len(in_night("20261124", "acme"))),
        ("globex", "20261121", len(in_night("20261121", "globex"))),
    ]


def test_coverage(athena: Athena) -> None:
    """An organization that was not read in the newest run is named with the age of its answer."""
    assert athena.query("SELECT * FROM sso_batch.coverage ORDER BY 1") == [
        ("acme", "20261124_031700", "20261124_031700", False),
        ("globex", "20261122_031700", "20261121_031700", False),
        ("hooli", "20261125_031700", "20261125_031700", True),
    ]


def test_administrators(athena: Athena) -> None:
    """Administrators are people; those who could be one, because a policy was not read, are not left out."""
    latest = [*in_night("20261124", "acme"), *in_night("20261121", "globex")]
    expected = {
        (row["Organization"], row["AccountId"], row["UserEmail"], row["Privilege"])
        for row in latest
        if (row["Privilege"] == "ADMINISTRATOR" or row["PrivilegeUnread"]) and row["PrincipalState"] == "OK"
    }

    found = athena.query("SELECT Organization, AccountId, UserEmail, Privilege FROM sso_batch.administrators")

    assert {privilege for *_, privilege in expected} == {"ADMINISTRATOR", "NONE", "NOT_READ"}
    assert set(found) == expected


# Findings


def test_findings(athena: Athena) -> None:
    """The findings of each night are there, and nothing of the other files of a run."""
    query = exp.select("run", *map(exp.column, findings_csv.COLUMNS)).from_("sso_batch.findings")
    found = athena.query(query.sql("athena"))

    assert Counter(found) == Counter(
        (run, *findings_csv.cells(finding))
        for run, all_findings in nights.FINDINGS.items()
        for finding in all_findings
    )


def test_incomplete_findings(athena: Athena) -> None:
    """Findings of a night in which something was not read are marked."""
    assert athena.query("SELECT DISTINCT run, complete FROM sso_batch.findings ORDER BY run") == [
        ("20261121", True),
        ("20261122", False),
    ]
