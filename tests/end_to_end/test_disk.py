"""A full disk: the error names it, no partial file is left, and other organizations are not affected."""

import errno
import os
import stat
from pathlib import Path

import pytest

from sso_batch.emulator import Emulator, Limits, configuration
from sso_batch.store import Draft, FileEntry, Folder
from tests.support.audits import Audit
from tests.support.command import Command, set_environment
from tests.support.expected_reports import assert_exact
from tests.support.sample_worlds import small

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture(params=["write", "close", "publish"])
def full_for(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list; files whose names begin with an item of it cannot be written, closed or published."""
    prefixes: list[str] = []

    def is_full_for(name: str) -> bool:
        return any(name.rpartition("/")[2].startswith(prefix) for prefix in prefixes)

    write, close, publish = Draft.write, Draft.close, Folder.publish

    def write_until_full(draft: Draft, data: bytes) -> None:
        write(draft, data[: len(data) // 2] if is_full_for(draft.name) else data)
        if is_full_for(draft.name):
            raise FULL

    def close_when_full(draft: Draft) -> FileEntry:
        if is_full_for(draft.name):
            raise FULL
        return close(draft)

    def publish_when_full(folder: Folder, *drafts: Draft, replace: bool = False) -> tuple[FileEntry, ...]:
        if any(is_full_for(draft.name) for draft in drafts):
            raise FULL
        return publish(folder, *drafts, replace=replace)

    match request.param:
        case "write":
            monkeypatch.setattr(Draft, "write", write_until_full)
        case "close":
            monkeypatch.setattr(Draft, "close", close_when_full)
        case _:
            monkeypatch.setattr(Folder, "publish", publish_when_full)
    return prefixes


def test_disk_full_for_one_organization(audit: Audit, full_for: list[str]) -> None:
    """An organization whose files do not fit fails with a hint; the others are exactly right."""
    full_for.append("aws_sso_access_report_org-1_")
    world = small(3)

    reports = audit(world)

    assert reports.ended.code == 4
    assert reports.statuses == {"org-0": "complete", "org-1": "failed", "org-2": "complete"}
    assert reports.names == reports.file_names("org-0", "org-2")
    gap = reports.gap("org-1")
    assert (gap["operation"], gap["code"]) == ("write", "ENOSPC")
    assert "No space left on device" in gap["message"]
    assert gap["hint"]
    assert_exact(reports, world, "org-0", "org-2")
    assert {row["Organization"] for row in reports.rows()} == {"org-0", "org-2"}


def test_disk_full_for_every_organization(audit: Audit, full_for: list[str]) -> None:
    """If no organization's files fit, the run fails with 5 and without a CSV."""
    full_for.append("aws_sso_access_report_org-")

    reports = audit(small())

    assert reports.ended.code == 5
    assert reports.statuses == {"org-0": "failed", "org-1": "failed"}
    assert reports.names == reports.file_names(merged=False)


def test_disk_full_for_merged_file_and_manifest(audit: Audit, full_for: list[str]) -> None:
    """If merged file and manifest do not fit, the run ends with 4 and keeps the organizations' files."""
    full_for += ["aws_sso_access_report_2", "manifest.json"]
    world = small()

    reports = audit(world, "--run-id", "friday")

    assert reports.ended.code == 4
    (event,) = reports.ended.named("run.merge_failed")
    assert event["message"] == "No space left on device"
    assert not [name for name in reports.names if name.endswith(".part")]
    csvs = {name for name in reports.names if name.endswith(".csv")}
    assert len(csvs) == 2
    assert all("/org-" in name for name in csvs)


def test_disk_full_for_the_merged_file(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    """If only the merged file does not fit, the manifest says that the run is incomplete."""
    write = Draft.write

    def full_for_the_merged_file(draft: Draft, data: bytes) -> None:
        if draft.name.startswith("aws_sso_access_report_2") and draft.name.endswith(".csv"):
            raise FULL
        write(draft, data)

    monkeypatch.setattr(Draft, "write", full_for_the_merged_file)
    world = small()

    reports = audit(world)

    assert reports.ended.code == 4
    assert (reports.manifest["status"], reports.manifest["exit_code"]) == ("incomplete", 4)
    assert reports.statuses == {"org-0": "complete", "org-1": "complete"}
    assert reports.manifest["files"] == []
    assert reports.names == reports.file_names("org-0", "org-1", merged=False)
    assert_exact(reports, world, "org-0", "org-1")


@pytest.mark.parametrize("number", [errno.EIO, errno.EXDEV, errno.EACCES, errno.EINVAL, errno.EOPNOTSUPP])
@pytest.mark.parametrize("command", ["run", "check"])
def test_a_mount_without_file_modes_and_hard_links(
    audit: Audit,
    sso_batch: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    command: str,
) -> None:
    """On a mount such as Azure Files `run` and `check` succeed, leave no draft, and warn once."""
    chmod, sync = os.fchmod, os.fsync

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    def readable(descriptor: int, _: int) -> None:
        chmod(descriptor, 0o755)
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    def files_only(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        sync(descriptor)

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(os, "fchmod", readable)
    monkeypatch.setattr(os, "fsync", files_only)
    world = small()
    if command == "check":
        (tmp_path / "orgs.yaml").write_text(configuration(world, directory=str(tmp_path / "reports")))
        with Emulator(world, limits=Limits.off()) as emulator:
            set_environment(monkeypatch, emulator.environment())
            ended = sso_batch("check", "--config", tmp_path / "orgs.yaml")
        assert not (tmp_path / "reports").exists()
    else:
        reports = audit(world)
        ended = reports.ended
        assert reports.names == reports.file_names("org-0", "org-1")
        assert_exact(reports, world, "org-0", "org-1")

    assert ended.code == 0
    (event,) = ended.named("output.caveat")
    assert "file modes" in event["message"]
