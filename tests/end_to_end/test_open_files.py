"""A run under a low limit of open files: every organization complete."""

from pathlib import Path

import pytest

from sso_batch.demo import Emulator, Limits, configuration, generate
from tests.end_to_end.command import execute
from tests.end_to_end.reports import Reports

LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, ({limit}, {limit}))
from sso_batch.cli import main
main()
"""


@pytest.mark.parametrize(("limit", "organizations"), [(256, 20), (100, 4), (22, 2)])
def test_many_organizations(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, organizations: int
) -> None:
    """Organizations that have too few descriptors for all of them wait for one another, and are complete."""
    assert home.is_dir()
    world = generate(
        5, organizations=organizations, users=9, groups=6, permission_sets=4, accounts=8, pairs=20
    )
    file = tmp_path / "orgs.yaml"
    file.write_text(configuration(world, directory=str(tmp_path / "reports")))
    with Emulator(world, limits=Limits.off(), latency=0.02) as aws:
        for name, value in aws.environment().items():
            monkeypatch.setenv(name, value)

        ended = execute("run", "-c", file, python=("-c", LIMITED.format(limit=limit)))

    reports = Reports(tmp_path / "reports", ended, aws.calls, 0)
    assert ended.code == 0, ended.stderr
    assert set(reports.statuses.values()) == {"complete"}
    (limited,) = ended.named("run.open_files_limited")
    assert limited["wanted"] == organizations > limited["organizations_at_once"]
    assert f"raise the limit of {limit} open files" in limited["hint"]
