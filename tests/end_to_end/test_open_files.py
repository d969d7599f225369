"""A run under a low limit of open files is complete."""

import errno
import os
import re
from pathlib import Path
from typing import Any

import pytest

from sso_batch.emulator import Emulator, Limits, configuration, generate
from tests.support.audits import Audit
from tests.support.command import execute, set_environment
from tests.support.drivers import LIMITED_OPEN_FILES
from tests.support.expected_reports import assert_exact
from tests.support.reports import Reports
from tests.support.sample_worlds import small


@pytest.mark.parametrize(("limit", "organizations"), [(256, 9), (22, 2)])
def test_many_organizations(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, organizations: int
) -> None:
    """Organizations for which there are too few file descriptors wait for one another and are complete."""
    assert home.is_dir()
    world = generate(
        5, organizations=organizations, users=9, groups=6, permission_sets=4, accounts=8, pairs=20
    )
    file = tmp_path / "orgs.yaml"
    file.write_text(configuration(world, directory=str(tmp_path / "reports")))
    with Emulator(world, limits=Limits.off(), latency=0.02) as aws:
        set_environment(monkeypatch, aws.environment())

        ended = execute("run", "-c", file, python=("-c", LIMITED_OPEN_FILES, str(limit)))

    reports = Reports(tmp_path / "reports", ended, aws.calls, 0)
    assert ended.code == 0, ended.stderr
    assert set(reports.statuses.values()) == {"complete"}
    (limited,) = ended.named("run.open_files_limited")
    assert limited["wanted"] == organizations > limited["organizations_at_once"]
    assert f"{limit} open files" in limited["hint"]


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_no_descriptor_for_the_files(audit: Audit, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Opening a file is retried while all descriptors are in use, and every organization is complete."""
    world, system = small(2), os.open
    refused: set[object] = set()

    def open_(path: Any, *arguments: Any) -> int:  # noqa: ANN401 - as os.open
        if "org-" in str(path) and path not in refused:
            refused.add(path)
            raise OSError(number, os.strerror(number), str(path))
        return system(path, *arguments)

    monkeypatch.setattr(os, "open", open_)

    reports = audit(world)

    assert len(refused) >= 4
    assert (reports.ended.code, set(reports.statuses.values())) == (0, {"complete"})
    assert_exact(reports, world, "org-0", "org-1")


def test_no_descriptor_until_the_end(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    """If there is never a descriptor, the organization fails with a hint on the limit, not on the disk."""
    monkeypatch.setattr("sso_batch.open_files._PATIENCE", 0.0)
    system = os.open

    def open_(path: Any, *arguments: Any) -> int:  # noqa: ANN401 - as os.open
        if "org-1" in str(path):
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), str(path))
        return system(path, *arguments)

    monkeypatch.setattr(os, "open", open_)

    reports = audit(small(2))

    assert reports.statuses == {"org-0": "complete", "org-1": "failed"}
    gap = reports.gap("org-1")
    assert gap["code"] == "EMFILE"
    assert "ulimit -n" in gap["hint"]
    assert not re.search("disk|room|space", gap["hint"])
