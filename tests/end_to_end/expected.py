"""What an audit of a made-up world has to give, and the settings that it is asked with."""

from sso_batch.emulator import World
from tests.end_to_end.reports import Reports, written
from tests.support.oracle import Row, expected_rows

READ = {"details": False, "entitlements": False, "account_paths": False}
"""What an audit in these tests reads beside the assignments."""

COLLECT = f"""
collect:
  permission_set_details: {str(READ["details"]).lower()}
  entitlements: {str(READ["entitlements"]).lower()}
  account_paths: {str(READ["account_paths"]).lower()}
"""


def truth(world: World, name: str) -> list[Row]:
    """The rows that an audit of one organization has to give."""
    return expected_rows(world, name, **READ)


def assert_exact(reports: Reports, world: World, *names: str) -> None:
    """These organizations' files are exactly right: the same rows, the same order, the same bytes."""
    for name in names:
        rows, expected = reports.rows(name), truth(world, name)
        assert {tuple(row.values()) for row in rows} == {tuple(row.values()) for row in expected}
        assert rows == expected
        assert reports.content(name) == written(expected)
