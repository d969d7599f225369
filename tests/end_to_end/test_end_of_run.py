"""The end of a run: signals in each phase, files that changed on disk, and gaps of the run itself."""

import errno
import json
import os
import re
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
from sso_batch.report.human_formats import write_human_format
from sso_batch.run_files.file_names import MANIFEST
from sso_batch.run_files.results import OrganizationOutcome
from sso_batch.run_files.writer import restore_access
from sso_batch.runner import finalize, merged_files, run_review
from sso_batch.runner import run as runner_run
from sso_batch.runner.merged_files import MergedFilesWriter
from sso_batch.runner.run_review import ReviewedRun, RunReview
from sso_batch.store import Draft, FileEntry, Folder, FolderPlace, StorageError
from tests.support.command import Command
from tests.support.drivers import (
    AFTER_THE_MANIFEST,
    AT_THE_MANIFEST,
    BEFORE_THE_MANIFEST,
    HANGS_IN_REVIEW,
    SIGNALLED,
)
from tests.support.nightly import Nightly, asked, resumed
from tests.support.reports import Reports, manifest_in, read_rows
from tests.support.sample_worlds import small

NAMES = ("org-0", "org-1")
SETTINGS = (
    "review: {compare: previous}\n"
    "notify: {sns_topic_arn: 'arn:aws:sns:eu-west-1:123456789012:audits'}\n"
    "run: {max_parallel_organizations: 1}\n"
)
SHORT_NOTICE = "from sso_batch.runner import finalize\nfinalize._NOTICE_SECONDS_AFTER_SIGNAL = 0.1\n"
FORMATS = ("--format", "csv", "--format", "html", "--format", "xlsx")


@pytest.fixture
def world() -> World:
    return small(len(NAMES))


# Signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
@pytest.mark.parametrize("moment", BEFORE_THE_MANIFEST)
def test_signal_before_the_manifest(
    nightly: Nightly,
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
    number: signal.Signals,
) -> None:
    """The manifest says `interrupted`, and a resume writes the missing files without a call."""
    monkeypatch.setattr(finalize, "_NOTICE_SECONDS", 0.1)  # the emulator has no SNS that could answer
    nightly.configure(emulator, settings=SETTINGS)
    driver = SHORT_NOTICE + SIGNALLED
    started = nightly.start(*FORMATS, python=("-c", driver, str(int(number)), moment))

    first = nightly.reports(nightly.finish(started))

    assert first.ended.code == first.manifest["exit_code"] == 128 + number
    assert first.manifest["status"] == "interrupted"
    assert first.statuses == dict.fromkeys(NAMES, "complete")
    assert "Traceback" not in first.ended.stderr
    assert first.ended.events[-1]["event"] == "run.completed"
    first.assert_sums()
    nightly.assert_verified()

    again = nightly.run("--resume", *FORMATS)

    assert (again.ended.code, asked(again)) == (0, set())
    assert (again.manifest["status"], again.manifest["exit_code"]) == ("complete", 0)
    assert {Path(entry["name"]).suffix for entry in again.manifest["files"]} == {".csv", ".html", ".xlsx"}
    assert again.content() == nightly.merged()
    again.assert_sums()
    nightly.assert_verified()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
@pytest.mark.parametrize("moment", AT_THE_MANIFEST)
def test_signal_at_the_manifest_or_the_notice(
    nightly: Nightly, emulator: Emulator, moment: str, number: signal.Signals
) -> None:
    """After everything else is written, a signal changes neither exit code nor manifest."""
    nightly.configure(emulator, settings=SETTINGS)
    started = nightly.start(*FORMATS, python=("-c", SIGNALLED, str(int(number)), moment))

    first = nightly.reports(nightly.finish(started))

    assert "Traceback" not in first.ended.stderr
    assert first.ended.code == first.manifest["exit_code"] == 0
    assert first.manifest["status"] == "complete"
    (failed,) = first.ended.named("notify.failed")
    assert (failed["code"] == "Interrupted") == (moment == "notice")
    assert first.ended.events[-1]["event"] == "run.completed"
    assert first.content() == nightly.merged()
    first.assert_sums()
    nightly.assert_verified()


@pytest.mark.parametrize("processes", [1, 2])
def test_reviewed_at_once_or_at_the_end(
    nightly: Nightly, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    """Organizations are reviewed when they are read, those of a resumed run at its end: with one result."""
    nightly.configure(emulator, settings="review: {compare: previous}\n")
    nightly.run("--run-id", "before", "--only", "org-0")
    with monkeypatch.context() as patch:
        patch.setattr(run_review, "review_snapshot", lambda *_: pytest.fail("reviewed at the end"))
        at_once = nightly.run("--processes", processes)
    files = {name: content for name, content in nightly.written().items() if name != MANIFEST}
    for name in files.keys() - {"run.json"}:
        if "/" not in name:
            (nightly.folder / name).unlink()
    (nightly.folder / MANIFEST).unlink()

    at_the_end = nightly.run("--resume")

    assert (at_the_end.ended.code, asked(at_the_end)) == (0, set())
    assert at_once.findings()
    assert files == {name: content for name, content in nightly.written().items() if name != MANIFEST}
    for name in NAMES:
        for key in ("counts", "not_examined"):
            assert at_once.organization(name)[key] == at_the_end.organization(name)[key]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_while_the_review_hangs(nightly: Nightly, number: signal.Signals) -> None:
    """The manifest is written soon after a signal, whatever the end of the run is busy with."""
    started = time.monotonic()

    first = nightly.reports(nightly.finish(nightly.start(python=("-c", HANGS_IN_REVIEW, str(int(number))))))

    assert time.monotonic() - started < 10
    assert [event["event"] for event in first.ended.events][-1] == "run.completed"
    assert first.ended.code == first.manifest["exit_code"] == 128 + number
    assert first.manifest["status"] == "interrupted"
    nightly.assert_verified()
    assert nightly.run("--resume").ended.code == 0


def test_a_deadline_at_the_end(nightly: Nightly, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the end of a run exceeds the deadline, the manifest says so, and a resume completes the run."""
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
    assert [(gap["operation"], gap["code"]) for gap in first.manifest["gaps"]] == [
        ("merge", "DeadlineExceeded")
    ]
    assert first.statuses == dict.fromkeys(NAMES, "complete")
    nightly.assert_verified()
    again = nightly.run("--resume")
    assert (again.ended.code, asked(again), again.content()) == (0, set(), nightly.merged())


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name
)
@pytest.mark.parametrize("command", ["run", "merge"])
@pytest.mark.parametrize("moment", AFTER_THE_MANIFEST)
def test_signal_after_the_manifest(
    nightly: Nightly, moment: str, command: str, number: signal.Signals
) -> None:
    """A signal after the manifest ends the process with the exit code in it."""
    if command == "merge":
        nightly.run("--shard", "0/1")
    driver = ("-c", SIGNALLED, str(int(number)), moment)

    reports = nightly.reports(nightly.finish(nightly.start(command=command, python=driver)))

    assert "Traceback" not in reports.ended.stderr
    assert reports.ended.code == reports.manifest["exit_code"] == 0
    assert reports.ended.events[-1]["event"] == "run.completed"


@pytest.mark.parametrize("moment", ["merged files", "review", "*_findings.csv"])
def test_signal_at_the_end_of_a_merge(nightly: Nightly, moment: str) -> None:
    """An interrupted merge has status `interrupted`, and the next merge completes it."""
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
    completed = [reports.ended.events[-1] for reports in (again, once_more)]
    assert [(event["exit_code"], event["resumed"], event["audited"]) for event in completed] == [
        (0, False, 2),
        (0, True, 0),
    ]
    nightly.assert_verified()


# Files that changed on disk

CSV, SNAPSHOT = "organizations/org-1/*[0-9].csv", "organizations/org-1/snapshot.jsonl"


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-50])


def remove_last_row(path: Path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def change_a_person(path: Path) -> None:
    content = path.read_bytes()
    where = content.index(b"@")
    path.write_bytes(content[: where - 1] + b"X" + content[where:])


def remove(path: Path) -> None:
    path.unlink()


DAMAGES = [truncate, remove_last_row, change_a_person, remove]


class Damage:
    """Damages files of a run as soon as all organizations have been audited."""

    def __init__(self, nightly: Nightly, monkeypatch: pytest.MonkeyPatch) -> None:
        self._nightly = nightly
        self._monkeypatch = monkeypatch

    def run(self, pattern: str, damage: Callable[[Path], None], *options: object) -> Reports:
        """Run, and damage the only file whose name matches the pattern."""
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
def test_a_csv_that_changed(nightly: Nightly, damage: Damage, how: Callable[[Path], None]) -> None:
    """A changed CSV is written again from its snapshot before it is merged, and the report is exact."""
    reports = damage.run(CSV, how)

    assert (reports.ended.code, reports.manifest["status"]) == (0, "complete")
    assert reports.content() == nightly.merged()
    assert [event["level"] for event in reports.ended.named("run.file_restored")] == ["warning"]
    reports.assert_sums()
    nightly.assert_verified()


@pytest.mark.parametrize("how", DAMAGES)
def test_a_snapshot_that_changed(nightly: Nightly, damage: Damage, how: Callable[[Path], None]) -> None:
    """The organization of a changed snapshot fails; the others are merged, and a resume audits it again."""
    first = damage.run(SNAPSHOT, how)

    assert first.ended.code == 4
    assert first.statuses == {"org-0": "complete", "org-1": "failed"}
    assert (first.gap("org-1")["code"], first.organization("org-1")["files"]) == ("FilesChanged", [])
    assert first.gap("org-1")["hint"]
    assert {row["Organization"] for row in first.rows()} == {"org-0"}
    assert "organizations that were not read: org-1" in str(first.organization("org-0")["not_examined"])
    assert first.names == first.file_names("org-0")
    first.assert_sums()
    nightly.assert_verified()

    again = nightly.run("--resume")

    assert (again.ended.code, asked(again), again.content()) == (0, {"org-1"}, nightly.merged())
    nightly.assert_verified()


@pytest.mark.parametrize("pattern", [CSV, SNAPSHOT])
def test_a_file_is_read_incompletely_once(
    nightly: Nightly, damage: Damage, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    """A file that is read incompletely once and completely the next time loses no row."""
    read = Folder.read
    missing_bytes: list[int] = []

    def read_short(folder: Folder, name: str) -> Iterator[bytes]:
        for chunk in read(folder, name):
            if missing_bytes and fnmatch(name, pattern):
                yield chunk[: -missing_bytes.pop()]
                return
            yield chunk

    monkeypatch.setattr(Folder, "read", read_short)

    reports = damage.run(pattern, lambda _: missing_bytes.append(70))

    assert (reports.ended.code, missing_bytes, reports.content()) == (0, [], nightly.merged())


def break_a_line(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b"{\n", *lines[2:]]))


@pytest.mark.parametrize(("how", "code"), [(change_a_person, "FileChanged"), (break_a_line, "SnapshotError")])
@pytest.mark.parametrize("format_", ["html", "xlsx"])
def test_a_snapshot_that_changed_before_page_and_workbook(
    nightly: Nightly,
    monkeypatch: pytest.MonkeyPatch,
    format_: str,
    how: Callable[[Path], None],
    code: str,
) -> None:
    """No page and no workbook is made from a changed snapshot, and the manifest has a gap for it."""

    def damage_and_write(*arguments: Any, **named: Any) -> FileEntry:  # noqa: ANN401
        (path,) = nightly.folder.glob(SNAPSHOT)
        how(path)
        return write_human_format(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(merged_files, "write_human_format", damage_and_write)
        reports = nightly.run("--format", format_)

    assert (reports.ended.code, reports.manifest["files"]) == (4, [])
    (gap,) = reports.manifest["gaps"]
    assert (gap["operation"], gap["code"]) == ("merge", code)
    assert gap["hint"]
    assert list(nightly.folder.glob(f"*.{format_}")) == []
    again = nightly.run("--resume", "--format", format_)
    assert (again.ended.code, asked(again)) == (0, {"org-1"})
    nightly.assert_verified()


def test_a_csv_that_keeps_changing(nightly: Nightly, damage: Damage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A CSV that changes again after it was restored is not merged, and the manifest has a gap for it."""

    def restore_and_damage(*arguments: Any, **named: Any) -> None:  # noqa: ANN401
        restore_access(*arguments, **named)
        (path,) = nightly.folder.glob(CSV)
        truncate(path)

    monkeypatch.setattr(merged_files, "restore_access", restore_and_damage)

    reports = damage.run(CSV, truncate)

    assert (reports.ended.code, reports.manifest["files"]) == (4, [])
    assert [gap["code"] for gap in reports.manifest["gaps"]] == ["FileChanged"]
    assert len(reports.ended.named("run.file_restored")) == 1


@pytest.mark.parametrize("how", DAMAGES)
def test_an_earlier_snapshot_that_changed(
    nightly: Nightly, emulator: Emulator, how: Callable[[Path], None], sso_batch: Command
) -> None:
    """Neither a run nor `diff` compares with an earlier snapshot that changed."""
    nightly.run()
    old = manifest_in(nightly.folder)
    (path,) = nightly.folder.glob(SNAPSHOT)
    how(path)
    nightly.configure(emulator, settings="review: {compare: previous}\n")

    new = sso_batch("run", "--config", nightly.file, "--run-id", "next")

    manifest = manifest_in(nightly.place / "next")
    document = json.loads(manifest.read_bytes())
    assert (new.code, document["status"]) == (0, "complete")
    not_examined = {entry["name"]: str(entry["not_examined"]) for entry in document["organizations"]}
    assert "changes: the snapshot of the run nightly cannot be read" in not_examined["org-1"]
    assert "cannot be read" not in not_examined["org-0"]
    compared = sso_batch("diff", old, manifest)
    assert compared.code == 4
    assert "org-1" in compared.stdout


def test_a_snapshot_that_changed_before_a_resume(nightly: Nightly, emulator: Emulator) -> None:
    """A resume audits an organization again if its snapshot differs from the manifest, even if readable."""
    emulator.faults.append(Fault("access_denied", operation="ListUsers", organization="org-0"))
    nightly.run()
    emulator.faults.clear()
    (path,) = nightly.folder.glob(SNAPSHOT)
    change_a_person(path)

    again = nightly.run("--resume")

    assert (again.ended.code, asked(again), again.content()) == (0, set(NAMES), nightly.merged())


# Resumes


@pytest.mark.parametrize(
    ("options", "name"), [((), "manifest.json"), (("--shard", "0/1"), "manifest.shard-0.json")]
)
def test_resume_of_a_run_that_is_too_old(
    nightly: Nightly, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], name: str
) -> None:
    """A run that was completed longer ago than resume_max_age is refused and left unchanged."""
    nightly.run(*options)
    before = nightly.written()
    monkeypatch.setattr(run_command, "now", lambda: datetime.now(UTC) + timedelta(days=7))

    again = nightly.run("--resume", *options)

    assert (again.ended.code, again.calls.total()) == (2, 0)
    assert "--run-id" in again.ended.stderr
    assert nightly.written() == before
    assert name in before


def test_resume_in_the_log(nightly: Nightly) -> None:
    """`run.completed` says whether the run was complete already and how many organizations were audited."""
    first = nightly.run()
    again = nightly.run("--resume")
    (path,) = nightly.folder.glob(SNAPSHOT)
    path.unlink()
    third = nightly.run("--resume")

    completed = [reports.ended.events[-1] for reports in (first, again, third)]
    assert [(event["resumed"], event["audited"]) for event in completed] == [
        (False, 2),
        (True, 0),
        (False, 1),
    ]


def test_resume_with_only(nightly: Nightly) -> None:
    """--only limits what a resume audits; what the run already has stays in it."""
    nightly.run()
    (path,) = nightly.folder.glob(SNAPSHOT)
    path.unlink()

    again = nightly.run("--resume", "--only", "org-1")

    assert (again.ended.code, asked(again)) == (0, {"org-1"})
    assert (resumed(again), again.manifest["not_selected"]) == ({"org-0": True, "org-1": False}, [])
    assert "not_selected" not in again.ended.events[-1]
    assert again.content() == nightly.merged()
    nightly.assert_verified()


def test_resume_with_only_keeps_an_incomplete_organization(nightly: Nightly, emulator: Emulator) -> None:
    """An incomplete organization that a resume does not select stays in the run unchanged."""
    emulator.faults.append(Fault("access_denied", operation="ListGroupMemberships", organization="org-0"))
    nightly.run()
    emulator.faults.clear()

    again = nightly.run("--resume", "--only", "org-1")

    assert (again.ended.code, asked(again)) == (4, set())
    assert again.statuses == {"org-0": "incomplete", "org-1": "complete"}
    nightly.assert_verified()


def test_resume_with_only_of_an_organization_that_was_never_selected(nightly: Nightly) -> None:
    """An organization that was never selected stays in not_selected."""
    nightly.run("--only", "org-0")
    (path,) = nightly.folder.glob("organizations/org-0/*.jsonl")
    path.unlink()

    again = nightly.run("--resume", "--only", "org-0")

    assert (again.ended.code, again.statuses) == (0, {"org-0": "complete"})
    assert again.manifest["not_selected"] == again.ended.events[-1]["not_selected"] == ["org-1"]
    nightly.assert_verified()


def test_resume_with_a_shorter_configuration(nightly: Nightly) -> None:
    """A resume removes the files of organizations that the configuration no longer has."""
    nightly.run()
    with Emulator(small(1), limits=Limits.off()) as shorter:
        nightly.configure(shorter)
        again = nightly.run("--resume")

    assert (again.ended.code, again.statuses) == (0, {"org-0": "complete"})
    assert again.names == again.file_names("org-0")
    nightly.assert_verified()


def test_resume_of_a_shard_with_only(nightly: Nightly) -> None:
    """What a shard read before it was resumed with --only is merged."""
    nightly.run("--shard", "0/1")
    nightly.run("--shard", "0/1", "--resume", "--only", "org-1")

    merged = nightly.merge()

    assert (merged.ended.code, merged.content()) == (0, nightly.merged())
    assert merged.manifest["not_selected"] == []
    nightly.assert_verified()


# Gaps of the run itself


@pytest.mark.parametrize("name", ["*[0-9].csv", "*_findings.csv", "*.html", "*.xlsx"])
def test_disk_full_at_the_end(
    nightly: Nightly, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """A merged file that cannot be written is a gap of the run in the manifest and the step summary."""
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
    (gap,) = reports.manifest["gaps"]
    assert (gap["operation"], gap["resource"], gap["code"]) == ("merge", "nightly", "ENOSPC")
    assert gap["hint"]
    assert f"merge, ENOSPC; {gap['hint']}" in summary.read_text()


@pytest.fixture
def unreadable(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Return what makes a file unreadable: a symbolic link, or the error that the test gives."""
    error: OSError | None = request.param
    if error is None:
        return replace_by_link
    read = Folder.read

    def apply(path: Path) -> None:
        def refuse(folder: Folder, name: str) -> Iterator[bytes]:
            if folder.directory / name == path:
                raise error
            yield from read(folder, name)

        monkeypatch.setattr(Folder, "read", refuse)

    return apply


def replace_by_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


@pytest.mark.parametrize(
    ("unreadable", "code"),
    [
        (None, "NotAFile"),
        (PermissionError(errno.EACCES, os.strerror(errno.EACCES)), "EACCES"),
        (
            StorageError("InvalidObjectState", "the object is archived", hint="restore it"),
            "InvalidObjectState",
        ),
    ],
    indirect=["unreadable"],
)
@pytest.mark.parametrize("name", ["manifest.json", "run.json"])
def test_an_earlier_manifest_that_cannot_be_read(
    nightly: Nightly,
    emulator: Emulator,
    sso_batch: Command,
    unreadable: Callable[[Path], None],
    code: str,
    name: str,
) -> None:
    """An unreadable run is skipped with a warning, and each organization's not_examined names it."""
    nightly.configure(emulator, settings="review: {compare: previous}\n")
    nightly.run()
    sso_batch("run", "--config", nightly.file, "--run-id", "unreadable")
    unreadable(nightly.place / "unreadable" / name)

    new = sso_batch("run", "--config", nightly.file, "--run-id", "new")

    assert new.code == 0, new.stderr
    (warning,) = new.named("review.manifest_unusable")
    assert (warning["file"], warning["code"], warning["level"]) == (f"unreadable/{name}", code, "warning")
    document = nightly.document("manifest.json", run_id="new")
    assert (document["status"], len(document["files"])) == ("complete", 3)
    line = f"changes: earlier runs whose manifests cannot be read: unreadable/{name} ({code})"
    assert [line in entry["not_examined"] for entry in document["organizations"]] == [True, True]


def test_earlier_runs_that_cannot_be_listed(
    nightly: Nightly, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If earlier runs cannot be listed, nothing is compared and the run is complete."""
    nightly.configure(emulator, settings="review: {compare: previous}\n")

    def refuse(*_: object, **__: object) -> list[str]:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(FolderPlace, "run_ids", refuse)

    reports = nightly.run()

    assert reports.ended.code == 0
    assert all(row["FirstSeen"] == "NOT_READ" for row in read_rows(reports.raw_content()))
    dated = re.sub(rb",NOT_READ(,[^,\r\n]*\r\n)", rb",\1", reports.content())
    assert dated == nightly.merged()
    notes = str(reports.organization("org-0")["not_examined"])
    assert "first seen: earlier runs that cannot be read: the list of earlier runs (EACCES)" in notes
    assert "changes: earlier runs whose manifests cannot be read: the list of earlier runs (EACCES)" in notes
