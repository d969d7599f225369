"""What an audit of a made-up world must return, and the settings that it is made with."""

from collections.abc import Collection
from typing import Any

from sso_batch.emulator import World
from tests.support.oracle import Row, expected_rows
from tests.support.reports import Reports, written

READ: dict[str, Any] = {"details": False, "entitlements": False, "account_paths": False}
"""What these tests' audits read in addition to the assignments."""

COLLECT = f"""
collect:
  permission_set_details: {str(READ["details"]).lower()}
  entitlements: {str(READ["entitlements"]).lower()}
  account_paths: {str(READ["account_paths"]).lower()}
"""
APPLICATIONS = COLLECT + "  applications: true\n"
FASTEST = COLLECT + "  strategy: fastest\n"
EVERYTHING = "\ncollect: {permission_set_details: true, entitlements: true, account_paths: true}\n"


def truth(world: World, name: str) -> list[Row]:
    """Return the rows of one organization under the settings COLLECT."""
    return expected_rows(world, name, **READ)


def whole_truth(world: World, name: str, people: Collection[str] = ()) -> list[Row]:
    """Return the rows of one organization under the settings EVERYTHING, with attributes of users."""
    return expected_rows(world, name, details=True, entitlements=True, account_paths=True, people=people)


def without_privilege(rows: list[Row]) -> list[Row]:
    """Return rows without what they amount to, which the oracle knows of few policies."""
    return [{column: row[column] for column in row if not column.startswith("Privilege")} for row in rows]


def assert_exact(reports: Reports, world: World, *names: str) -> None:
    """Assert that these organizations' CSVs are exactly right: the same rows, order and bytes."""
    for name in names:
        rows, expected = reports.rows(name), truth(world, name)
        assert {tuple(row.values()) for row in rows} == {tuple(row.values()) for row in expected}
        assert rows == expected
        assert reports.content(name) == written(expected)


def assert_whole(reports: Reports, world: World) -> None:
    """Assert that a run under the settings EVERYTHING is complete and its rows are exactly right."""
    assert reports.ended.code == 0
    for organization in world.organizations:
        assert reports.rows(organization.name) == whole_truth(world, organization.name)


def assert_first_failed(reports: Reports, world: World, code: str, *in_hint: str) -> dict[str, str]:
    """Assert that `org-0` failed with one gap of this code and `org-1` is exactly right; return the gap."""
    assert reports.ended.code == 4
    assert reports.statuses == {"org-0": "failed", "org-1": "complete"}
    assert reports.names == reports.file_names("org-1")
    assert_exact(reports, world, "org-1")
    gap = reports.gap("org-0")
    assert gap["code"] == code
    assert [phrase for phrase in in_hint if phrase not in gap["hint"]] == []
    (failed,) = reports.ended.named("org.failed")
    assert failed["org"] == "org-0"
    (logged,) = reports.ended.named("collect.gap")
    assert (logged["code"], logged["hint"]) == (code, gap["hint"])
    return gap
