"""Tests of `sso-batch checks` and `sso-batch schema`."""

import json
from pathlib import Path

import pytest

from sso_batch.config import CHECK_IDS, schema_text
from sso_batch.review.checks import CHECKS
from sso_batch.run_files.snapshot_schema import snapshot_schema_text
from tests.console.test_terminal import shown_on_a_terminal
from tests.support.command import Command


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "orgs.yaml"
    file.write_text(
        "review: {checks: {admin-access: low, direct-grant: off}}\norganizations: [{name: acme}]\n"
    )
    return file


def test_table(sso_batch: Command) -> None:
    """The table has every check with its severity and why it matters."""
    ended = sso_batch("checks")

    lines = ended.stdout.splitlines()
    assert ended.code == 0
    for check in CHECKS:
        (line,) = [line.split() for line in lines if line.split()[:1] == [check.id]]
        assert line[:4] == [check.id, check.severity, *check.why.split()[:2]]


@pytest.mark.parametrize("width", [50, 60, 80])
def test_table_on_a_narrow_terminal(width: int) -> None:
    """Nothing in the table is truncated on a narrow terminal."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("COLUMNS", str(width))
        patched.setenv("TERM", "xterm-256color")
        code, shown = shown_on_a_terminal("checks")

    assert code == 0
    assert "…" not in shown
    assert [check.id for check in CHECKS if check.id not in shown] == []


def test_json(sso_batch: Command) -> None:
    """The JSON has a record for each check, in the order of the configuration."""
    ended = sso_batch("checks", "--format", "json")

    records = json.loads(ended.stdout)
    assert [record["id"] for record in records] == list(CHECK_IDS)
    assert records[0] == {
        "id": "admin-access",
        "severity": "high",
        "why": CHECKS[0].why,
        "remedy": CHECKS[0].remedy,
    }


def test_severities_of_a_configuration(sso_batch: Command, config: Path) -> None:
    """With a configuration, its severities are shown."""
    ended = sso_batch("checks", "-c", config, "--format", "json")

    severities = {record["id"]: record["severity"] for record in json.loads(ended.stdout)}
    defaults = {check.id: check.severity for check in CHECKS}
    assert severities == defaults | {"admin-access": "low", "direct-grant": "off"}


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((), schema_text()),
        (("configuration",), schema_text()),
        (("snapshot",), snapshot_schema_text()),
    ],
)
def test_schema(sso_batch: Command, words: tuple[str, ...], text: str) -> None:
    """`schema` prints the schema of the configuration, or of snapshots if requested."""
    ended = sso_batch("schema", *words)

    assert (ended.code, ended.stdout) == (0, text + "\n")
