"""The end of a run: signals in each of its phases, files that changed, and what the run itself lacks."""

import errno
import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from sso_batch.commands import run as run_command
from sso_batch.emulator import Emulator, Fault, Limits, World
from sso_batch.report.human_formats import write_for_people
from sso_batch.run_files.results import OrganizationOutcome
from sso_batch.run_files.writer import restore_access
from sso_batch.runner import merged_files, previous_runs
from sso_batch.runner import run as runner_run
from sso_batch.runner.merged_files import MergedFilesWriter
from sso_batch.runner.run_review import ReviewedRun, RunReview
from sso_batch.store import Draft, FileEntry, Folder, PlaceError
from tests.end_to_end.command import Command
from tests.end_to_end.nightly import (
    AT_THE_MANIFEST,
    BEFORE_THE_MANIFEST,
    SIGNALLED,
    Nightly,
    asked,
    resumed,
)
from tests.end_to_end.reports import Reports
from tests.end_to_end.worlds import small

NAMES = ("org-0", "org-1")
SETTINGS = (
    "review: {compare: previous}\n"
    "notify: {sns_topic_arn: 'arn:aws:sns:eu-west-1:123456789012:audits'}\n"
    "run: {max_parallel_organizations: 1}\n"
)
FORMATS = ("--format", "csv", "--format", "html", "--format", "xlsx")


@pytest.fixture
def world() -> World:
    return small(len(NAMES))


def assert_verified(sso_batch: Command, nightly: Nightly) -> None:
    """`verify` finds every file of the manifest, and no other."""
    (manifest,) = nightly.folder.glob("*_manifest.json")
    ended = sso_batch("verify", manifest)
    assert ended.code == 0, ended.stdout


# Signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda one: one.name)
@pytest.mark.parametrize("moment", BEFORE_THE_MANIFEST)
def test_signal_before_the_manifest(
    nightly: Nightly, emulator: Emulator, sso_batch: Command, moment: str, number: signal.Signals
) -> None:
    """The manifest says that the run was interrupted, and a resume writes what is missing without a call."""
    nightly.configure(emulator, settings=SETTINGS)
    started = nightly.start(*FORMATS, python=("-c", SIGNALLED, str(int(number)), moment))

    first = nightly.reports(nightly.finish(started))

    assert first.ended.code == first.manifest["exit_code"] == 128 + number
    assert first.manifest["status"] == "interrupted"
    assert first.statuses == dict.fromkeys(NAMES, "complete")
    assert "Traceback" not in first.ended.stderr
    assert first.ended.events[-1]["event"] == "run.completed"
    first.assert_sums()
    assert_verified(sso_batch, nightly)

    again = nightly.run("--resume", *FORMATS)

    assert (again.ended.code, asked(again)) == (0, set())
    assert (again.manifest["status"], again.manifest["exit_code"]) == ("complete", 0)
    assert {Path(one["name"]).suffix for one in again.manifest["files"]} == {".csv", ".html", ".xlsx"}
    assert again.content() == nightly.merged()
    again.assert_sums()
    assert_verified(sso_batch, nightly)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda one: one.name)
@pytest.mark.parametrize("moment", AT_THE_MANIFEST)
def test_signal_at_the_manifest_or_the_notice(
    nightly: Nightly, emulator: Emulator, sso_batch: Command, moment: str, number: signal.Signals
) -> None:
    """All is written by then: the exit code is the one that the manifest states, without a traceback."""
    nightly.configure(emulator, settings=SETTINGS)
    started = nightly.start(*FORMATS, python=("-c", SIGNALLED, str(int(number)), moment))

    first = nightly.reports(nightly.finish(started))

    assert "Traceback" not in first.ended.stderr
    assert first.ended.code == first.manifest["exit_code"] == 0
    assert first.manifest["status"] == "complete"
    (told,) = first.ended.named("notify.failed")
    assert (told["code"] == "Interrupted") == (moment == "notice")
    assert first.ended.events[-1]["event"] == "run.completed"
    assert first.content() == nightly.merged()
    first.assert_sums()
    assert_verified(sso_batch, nightly)


# Hangs where a run is reviewed, whatever it is told, after it has sent a signal to its own process.
DEAF = """
import os, sys, time
from sso_batch.runner import run_review
number = int(sys.argv.pop(1))
def hang(review, organizations):
    if number:
        os.kill(os.getpid(), number)
    time.sleep(60)
run_review.RunReview.review = hang
from sso_batch.cli import main
main()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda one: one.name)
def test_an_end_that_does_not_hear(nightly: Nightly, sso_batch: Command, number: signal.Signals) -> None:
    """The manifest is there soon after a signal, whatever the end of the run is busy with."""
    started = time.monotonic()

    first = nightly.reports(nightly.finish(nightly.start(python=("-c", DEAF, str(int(number))))))

    assert time.monotonic() - started < 10
    assert [event["event"] for event in first.ended.events][-1] == "run.completed"
    assert first.ended.code == first.manifest["exit_code"] == 128 + number
    assert first.manifest["status"] == "interrupted"
    assert_verified(sso_batch, nightly)
    assert nightly.run("--resume").ended.code == 0


def test_a_deadline_at_the_end(
    nightly: Nightly, emulator: Emulator, sso_batch: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An end that takes longer than the run may is given up; the manifest says why, and a resume goes on."""
    nightly.configure(emulator, settings="run: {deadline: 3s}\n")
    review_all = RunReview.review

    def hang(review: RunReview, organizations: Sequence[OrganizationOutcome]) -> ReviewedRun:
        reviewed = review_all(review, organizations)
        review._stop.wait(30)
        return reviewed

    with monkeypatch.context() as patch:
        patch.setattr(RunReview, "review", hang)
        patch.setattr(runner_run, "_FINALIZE_SECONDS", 0.5)
        first = nightly.run()

    assert (first.ended.code, first.manifest["status"], first.manifest["files"]) == (4, "incomplete", [])
    assert [(one["operation"], one["code"]) for one in first.manifest["gaps"]] == [
        ("merge", "DeadlineExceeded")
    ]
    assert first.statuses == dict.fromkeys(NAMES, "complete")
    assert_verified(sso_batch, nightly)
    again = nightly.run("--resume")
    assert (again.ended.code, asked(again), again.content()) == (0, set(), nightly.merged())


@pytest.mark.parametrize("moment", ["merged files", "review", "*_findings.csv"])
def test_signal_at_the_end_of_a_merge(nightly: Nightly, sso_batch: Command, moment: str) -> None:
    """A merge that is interrupted says so, and the next one completes it."""
    for shard in ("0/2", "1/2"):
        nightly.run("--shard", shard)
    driver = ("-c", SIGNALLED, str(int(signal.SIGTERM)), moment)

    first = nightly.reports(nightly.finish(nightly.start(command="merge", python=driver)))

    assert first.ended.code == first.manifest["exit_code"] == 143
    assert first.manifest["status"] == "interrupted"
    assert "Traceback" not in first.ended.stderr
    first.assert_sums()
    again, once_more = nightly.merge(), nightly.merge()
    assert (again.ended.code, again.manifest["status"], again.content()) == (0, "complete", nightly.merged())
    told = [one.ended.events[-1] for one in (again, once_more)]
    assert [(one["exit_code"], one["resumed"], one["audited"]) for one in told] == [
        (0, False, 2),
        (0, True, 0),
    ]
    (manifest,) = (path for path in nightly.folder.glob("*_manifest.json") if "_shard_" not in path.name)
    assert sso_batch("verify", manifest).code == 0


# Files that are not as they were written

CSV, SNAPSHOT = "*_org-1_*[0-9].csv", "*_org-1_*_snapshot.jsonl"


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-50])


def without_a_row(path: Path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def of_another_person(path: Path) -> None:
    content = path.read_bytes()
    where = content.index(b"@")
    path.write_bytes(content[: where - 1] + b"X" + content[where:])


def gone(path: Path) -> None:
    path.unlink()


DAMAGES = [cut_off, without_a_row, of_another_person, gone]


class Damage:
    """Damages files of a run at one moment: as soon as all organizations have ended."""

    def __init__(self, nightly: Nightly, monkeypatch: pytest.MonkeyPatch) -> None:
        self._nightly = nightly
        self._monkeypatch = monkeypatch

    def run(self, pattern: str, damage: Callable[[Path], None], *options: object) -> Reports:
        """Run, and damage the one file with such a name."""
        write = MergedFilesWriter.write

        def damage_and_write(
            writer: MergedFilesWriter, organizations: tuple[OrganizationOutcome, ...]
        ) -> None:
            (path,) = self._nightly.folder.glob(pattern)
            damage(path)
            write(writer, organizations)

        with self._monkeypatch.context() as patch:
            patch.setattr(MergedFilesWriter, "write", damage_and_write)
            return self._nightly.run(*options)


@pytest.fixture
def damage(nightly: Nightly, monkeypatch: pytest.MonkeyPatch) -> Damage:
    return Damage(nightly, monkeypatch)


@pytest.mark.parametrize("how", DAMAGES)
def test_a_csv_that_changed(
    nightly: Nightly, sso_batch: Command, damage: Damage, how: Callable[[Path], None]
) -> None:
    """It is made again from its snapshot before it is merged: no row is lost, and none is wrong."""
    reports = damage.run(CSV, how)

    assert (reports.ended.code, reports.manifest["status"]) == (0, "complete")
    assert reports.content() == nightly.merged()
    assert [event["level"] for event in reports.ended.named("run.file_restored")] == ["warning"]
    reports.assert_sums()
    assert_verified(sso_batch, nightly)


@pytest.mark.parametrize("how", DAMAGES)
def test_a_snapshot_that_changed(
    nightly: Nightly, sso_batch: Command, damage: Damage, how: Callable[[Path], None]
) -> None:
    """Its organization has failed, with a gap; the others are merged, and a resume audits it again."""
    first = damage.run(SNAPSHOT, how)

    assert first.ended.code == 4
    assert first.statuses == {"org-0": "complete", "org-1": "failed"}
    assert (first.gap("org-1")["code"], first.organization("org-1")["files"]) == ("FilesChanged", [])
    assert first.gap("org-1")["hint"]
    assert {row["Organization"] for row in first.rows()} == {"org-0"}
    assert "organizations that were not read: org-1" in str(first.organization("org-0")["not_examined"])
    assert first.names == first.file_names("org-0")
    first.assert_sums()
    assert_verified(sso_batch, nightly)

    again = nightly.run("--resume")

    assert (again.ended.code, asked(again), again.content()) == (0, {"org-1"}, nightly.merged())
    assert_verified(sso_batch, nightly)


@pytest.mark.parametrize("pattern", [CSV, SNAPSHOT])
def test_one_short_read(
    nightly: Nightly, damage: Damage, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    """A file that is read cut off once, and whole the next time, loses nothing."""
    read = Folder.read
    short: list[int] = []

    def read_short(folder: Folder, name: str, *, skip: int = 0) -> Iterator[bytes]:
        for chunk in read(folder, name, skip=skip):
            if short and fnmatch(name, pattern):
                yield chunk[: -short.pop()]
                return
            yield chunk

    monkeypatch.setattr(Folder, "read", read_short)

    reports = damage.run(pattern, lambda _: short.append(70))

    assert (reports.ended.code, short, reports.content()) == (0, [], nightly.merged())


def with_a_broken_line(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b"{\n", *lines[2:]]))


@pytest.mark.parametrize(
    ("how", "code"), [(of_another_person, "FileChanged"), (with_a_broken_line, "SnapshotError")]
)
@pytest.mark.parametrize("format_", ["html", "xlsx"])
def test_a_snapshot_that_changed_before_it_is_shown(
    nightly: Nightly,
    sso_batch: Command,
    monkeypatch: pytest.MonkeyPatch,
    format_: str,
    how: Callable[[Path], None],
    code: str,
) -> None:
    """No page and no workbook is made from it; the manifest says why they are not there."""

    def damage_and_write(*arguments: Any, **named: Any) -> FileEntry:  # noqa: ANN401
        (path,) = nightly.folder.glob(SNAPSHOT)
        how(path)
        return write_for_people(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(merged_files, "write_for_people", damage_and_write)
        reports = nightly.run("--format", format_)

    assert (reports.ended.code, reports.manifest["files"]) == (4, [])
    (own,) = reports.manifest["gaps"]
    assert (own["operation"], own["code"]) == ("merge", code)
    assert own["hint"]
    assert list(nightly.folder.glob(f"*.{format_}")) == []
    again = nightly.run("--resume", "--format", format_)
    assert (again.ended.code, asked(again)) == (0, {"org-1"})
    assert_verified(sso_batch, nightly)


def test_a_csv_that_changes_again_and_again(
    nightly: Nightly, damage: Damage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A CSV that does not stay as it is written is not merged, and the run says why."""

    def restore_and_damage(*arguments: Any, **named: Any) -> None:  # noqa: ANN401
        restore_access(*arguments, **named)
        (path,) = nightly.folder.glob(CSV)
        cut_off(path)

    monkeypatch.setattr(merged_files, "restore_access", restore_and_damage)

    reports = damage.run(CSV, cut_off)

    assert (reports.ended.code, reports.manifest["files"]) == (4, [])
    assert [one["code"] for one in reports.manifest["gaps"]] == ["FileChanged"]
    assert len(reports.ended.named("run.file_restored")) == 1


@pytest.mark.parametrize("how", DAMAGES)
def test_an_earlier_snapshot_that_changed(
    nightly: Nightly, emulator: Emulator, how: Callable[[Path], None], sso_batch: Command
) -> None:
    """Nothing is compared with it, neither by a run nor by `diff`."""
    nightly.run()
    (old,) = nightly.folder.glob("*_manifest.json")
    (path,) = nightly.folder.glob(SNAPSHOT)
    how(path)
    nightly.configure(emulator, settings="review: {compare: previous}\n")

    new = sso_batch("run", "--config", nightly.file, "--run-id", "next")

    (manifest,) = set(nightly.folder.glob("*_manifest.json")) - {old}
    document = json.loads(manifest.read_bytes())
    assert (new.code, document["status"]) == (0, "complete")
    told = {one["name"]: str(one["not_examined"]) for one in document["organizations"]}
    assert "changes: the snapshot of the run nightly cannot be read" in told["org-1"]
    assert "cannot be read" not in told["org-0"]
    compared = sso_batch("diff", old, manifest)
    assert compared.code == 4
    assert "org-1" in compared.stdout


def test_a_snapshot_that_changed_before_a_resume(nightly: Nightly, emulator: Emulator) -> None:
    """What is not as the manifest says is not taken over, even where it could be read."""
    emulator.faults.append(Fault("access_denied", operation="ListUsers", organization="org-0"))
    nightly.run()
    emulator.faults.clear()
    (path,) = nightly.folder.glob(SNAPSHOT)
    of_another_person(path)

    again = nightly.run("--resume")

    assert (again.ended.code, asked(again), again.content()) == (0, set(NAMES), nightly.merged())


# Resumed


@pytest.mark.parametrize(("options", "name"), [((), "manifest"), (("--shard", "0/1"), "shard_0_manifest")])
def test_completed_long_ago(
    nightly: Nightly, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], name: str
) -> None:
    """A run that was completed longer ago than resume_max_age is neither reported nor overwritten."""
    nightly.run(*options)
    before = nightly.written()
    monkeypatch.setattr(run_command, "now", lambda: datetime.now(UTC) + timedelta(days=7))

    again = nightly.run("--resume", *options)

    assert (again.ended.code, again.calls.total()) == (2, 0)
    assert "was completed at" in again.ended.stderr
    assert "give another --run-id" in again.ended.stderr
    assert nightly.written() == before
    assert any(name in one for one in before)


def test_what_a_resume_says(nightly: Nightly) -> None:
    """`run.completed` tells a run that was complete already from one that this process completed."""
    first = nightly.run()
    again = nightly.run("--resume")
    (path,) = nightly.folder.glob(SNAPSHOT)
    path.unlink()
    third = nightly.run("--resume")

    told = [
        (one.ended.events[-1]["resumed"], one.ended.events[-1]["audited"]) for one in (first, again, third)
    ]
    assert told == [(False, 2), (True, 0), (False, 1)]


def test_only_on_a_resume(nightly: Nightly, sso_batch: Command) -> None:
    """--only limits what is audited now; what the run already has stays in it."""
    nightly.run()
    (path,) = nightly.folder.glob(SNAPSHOT)
    path.unlink()

    again = nightly.run("--resume", "--only", "org-1")

    assert (again.ended.code, asked(again)) == (0, {"org-1"})
    assert (resumed(again), again.manifest["not_selected"]) == ({"org-0": True, "org-1": False}, [])
    assert again.content() == nightly.merged()
    assert_verified(sso_batch, nightly)


def test_only_on_a_resume_of_what_is_incomplete(
    nightly: Nightly, emulator: Emulator, sso_batch: Command
) -> None:
    """An organization that is not selected now, and was incomplete, stays in the run as it is."""
    emulator.faults.append(Fault("access_denied", operation="ListGroupMemberships", organization="org-0"))
    nightly.run()
    emulator.faults.clear()

    again = nightly.run("--resume", "--only", "org-1")

    assert (again.ended.code, asked(again)) == (4, set())
    assert again.statuses == {"org-0": "incomplete", "org-1": "complete"}
    assert_verified(sso_batch, nightly)


def test_only_on_a_resume_of_what_was_never_read(nightly: Nightly, sso_batch: Command) -> None:
    """An organization that the run never had is still not selected."""
    nightly.run("--only", "org-0")
    (path,) = nightly.folder.glob("*_org-0_*.jsonl")
    path.unlink()

    again = nightly.run("--resume", "--only", "org-0")

    assert (again.ended.code, again.statuses) == (0, {"org-0": "complete"})
    assert again.manifest["not_selected"] == ["org-1"]
    assert_verified(sso_batch, nightly)


def test_a_shorter_file_on_a_resume(nightly: Nightly, sso_batch: Command) -> None:
    """Files of an organization that the configuration no longer has are removed."""
    nightly.run()
    with Emulator(small(1), limits=Limits.off()) as shorter:
        nightly.configure(shorter)
        again = nightly.run("--resume")

    assert (again.ended.code, again.statuses) == (0, {"org-0": "complete"})
    assert again.names == again.file_names("org-0")
    assert_verified(sso_batch, nightly)


def test_only_on_a_resume_of_shards(nightly: Nightly, sso_batch: Command) -> None:
    """What a shard has read before it was given --only stays in the run that is merged."""
    nightly.run("--shard", "0/1")
    nightly.run("--shard", "0/1", "--resume", "--only", "org-1")

    merged = nightly.merge()

    assert (merged.ended.code, merged.content()) == (0, nightly.merged())
    assert merged.manifest["not_selected"] == []
    (manifest,) = (path for path in nightly.folder.glob("*_manifest.json") if "_shard_" not in path.name)
    assert sso_batch("verify", manifest).code == 0


# The run's own gaps


@pytest.mark.parametrize("name", ["*[0-9].csv", "*_findings.csv", "*.html", "*.xlsx"])
def test_no_room_at_the_end(
    nightly: Nightly, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """A merged file that could not be written is a gap of the run itself, wherever the run reports."""
    write = Draft.write

    def full(draft: Draft, data: bytes) -> None:
        if fnmatch(draft.name, f"aws_sso_access_report_2{name}"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(draft, data)

    monkeypatch.setattr(Draft, "write", full)
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))

    reports = nightly.run(*FORMATS)

    assert (reports.ended.code, reports.manifest["status"]) == (4, "incomplete")
    assert reports.statuses == dict.fromkeys(NAMES, "complete")
    (own,) = reports.manifest["gaps"]
    assert (own["operation"], own["resource"], own["code"]) == ("merge", "nightly", "ENOSPC")
    assert "make room" in own["hint"]
    assert "the run itself: merge, ENOSPC; make room" in summary.read_text()


@pytest.fixture
def unreadable(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Make a file one that cannot be read: through a link, or by the error that the test names."""
    error: OSError | None = request.param
    if error is None:
        return link
    read = Folder.read

    def apply(path: Path) -> None:
        def refuse(folder: Folder, name: str, *, skip: int = 0) -> Iterator[bytes]:
            if name == path.name:
                raise error
            yield from read(folder, name, skip=skip)

        monkeypatch.setattr(Folder, "read", refuse)

    return apply


def link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


@pytest.mark.parametrize(
    ("unreadable", "code"),
    [
        (None, "NotAFile"),
        (PermissionError(errno.EACCES, os.strerror(errno.EACCES)), "EACCES"),
        (PlaceError("InvalidObjectState", "the object is archived", hint="restore it"), "InvalidObjectState"),
    ],
    indirect=["unreadable"],
)
def test_an_earlier_manifest_that_cannot_be_read(
    nightly: Nightly, emulator: Emulator, sso_batch: Command, unreadable: Callable[[Path], None], code: str
) -> None:
    """It is skipped, with a warning and a line for each organization that it could have been of."""
    nightly.configure(emulator, settings="review: {compare: previous}\n")
    nightly.run()
    oldest = set(nightly.folder.glob("*_manifest.json"))
    sso_batch("run", "--config", nightly.file, "--run-id", "unreadable")
    (path,) = set(nightly.folder.glob("*_manifest.json")) - oldest
    unreadable(path)

    new = sso_batch("run", "--config", nightly.file, "--run-id", "new")

    assert new.code == 0, new.stderr
    (warning,) = new.named("review.manifest_unusable")
    assert (warning["file"], warning["code"], warning["level"]) == (path.name, code, "warning")
    ts = next(json.loads(one.read_bytes())["ts"] for one in nightly.folder.glob("*_new_run.json"))
    document = json.loads((nightly.folder / f"aws_sso_access_report_{ts}_manifest.json").read_bytes())
    assert (document["status"], len(document["files"])) == ("complete", 3)
    line = f"changes: earlier runs whose manifests cannot be read: {path.name} ({code})"
    assert [line in one["not_examined"] for one in document["organizations"]] == [True, True]


def test_earlier_runs_that_cannot_be_listed(
    nightly: Nightly, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a list of earlier runs nothing is compared, and the run is written all the same."""
    nightly.configure(emulator, settings="review: {compare: previous}\n")

    def refuse(*_: object, **__: object) -> list[str]:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(previous_runs, "manifest_names", refuse)

    reports = nightly.run()

    assert (reports.ended.code, reports.content()) == (0, nightly.merged())
    assert "the list of earlier runs (EACCES)" in str(reports.organization("org-0")["not_examined"])
