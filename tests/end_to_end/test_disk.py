"""A disk that fills up: a clear error, no half file, and the others as if nothing had been."""

import errno
import os
import stat
from pathlib import Path

import pytest

from sso_batch.emulator import Emulator, Limits, configuration
from sso_batch.store import Draft, FileEntry, Folder
from tests.end_to_end.command import Command
from tests.end_to_end.conftest import Audit
from tests.end_to_end.expected import assert_exact
from tests.end_to_end.worlds import small

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture(params=["write", "close", "publish"])
def full_for(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Beginnings of file names for which there is no room: in mid-file, at its end, or for its name."""
    beginnings: list[str] = []

    def has_no_room(name: str) -> bool:
        return any(name.startswith(f"aws_sso_access_report_{one}") for one in beginnings)

    write, close, publish = Draft.write, Draft.close, Folder.publish

    def write_until_full(draft: Draft, data: bytes) -> None:
        write(draft, data[: len(data) // 2] if has_no_room(draft.name) else data)
        if has_no_room(draft.name):
            raise FULL

    def close_when_full(draft: Draft) -> FileEntry:
        if has_no_room(draft.name):
            raise FULL
        return close(draft)

    def publish_when_full(folder: Folder, *drafts: Draft, replace: bool = False) -> tuple[FileEntry, ...]:
        if any(has_no_room(draft.name) for draft in drafts):
            raise FULL
        return publish(folder, *drafts, replace=replace)

    match request.param:
        case "write":
            monkeypatch.setattr(Draft, "write", write_until_full)
        case "close":
            monkeypatch.setattr(Draft, "close", close_when_full)
        case _:
            monkeypatch.setattr(Folder, "publish", publish_when_full)
    return beginnings


def test_no_room_for_one_organization(audit: Audit, full_for: list[str]) -> None:
    """Where one organization's files do not fit it failed, with a hint; the others are exactly right."""
    full_for.append("org-1_")
    world = small(3)

    reports = audit(world)

    assert reports.ended.code == 4
    assert reports.statuses == {"org-0": "complete", "org-1": "failed", "org-2": "complete"}
    assert reports.names == reports.file_names("org-0", "org-2")
    gap = reports.gap("org-1")
    assert (gap["operation"], gap["code"]) == ("write", "ENOSPC")
    assert "No space left on device" in gap["message"]
    assert "make room" in gap["hint"]
    assert_exact(reports, world, "org-0", "org-2")
    assert {row["Organization"] for row in reports.rows()} == {"org-0", "org-2"}


def test_no_room_for_any_organization(audit: Audit, full_for: list[str]) -> None:
    """Where no organization's files fit the run failed: exit code 5, no CSV at all."""
    full_for.append("org-")

    reports = audit(small())

    assert reports.ended.code == 5
    assert reports.statuses == {"org-0": "failed", "org-1": "failed"}
    assert reports.names == reports.file_names(merged=False)


def test_no_room_for_the_merged_file(audit: Audit, full_for: list[str]) -> None:
    """Where the merged file does not fit, the run is incomplete and says why; the others' files stay."""
    full_for.append("2")
    world = small()

    reports = audit(world, "--run-id", "friday")

    assert reports.ended.code == 4
    (event,) = reports.ended.named("run.merge_failed")
    assert event["message"] == "No space left on device"
    assert not [name for name in reports.names if name.endswith(".part")]
    csvs = {name for name in reports.names if name.endswith(".csv")}
    assert len(csvs) == 2
    assert all("_org-" in name for name in csvs)


def test_no_room_for_the_manifest_alone(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only the merged file does not fit, the manifest says that the run is incomplete."""
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
def test_a_mount_without_modes_and_hard_links(
    audit: Audit,
    sso_batch: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    command: str,
) -> None:
    """On a mount such as Azure Files a run is complete, leaves no draft, and warns once; `check` agrees."""
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
            for name, value in emulator.environment().items():
                monkeypatch.setenv(name, value)
            ended = sso_batch("check", "--config", tmp_path / "orgs.yaml")
        assert not (tmp_path / "reports").exists()
    else:
        reports = audit(world)
        ended = reports.ended
        assert reports.names == reports.file_names("org-0", "org-1")
        assert_exact(reports, world, "org-0", "org-1")

    assert ended.code == 0
    (event,) = ended.named("output.caveat")
    assert "does not keep file modes" in event["message"]
