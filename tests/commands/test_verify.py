"""Tests of `sso-batch verify`."""

import hashlib
from pathlib import Path

import pytest

from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.manifest import encode_manifest, encode_run_file
from sso_batch.run_files.run import RunFacts
from sso_batch.store import FileEntry, FileKind
from tests.support.command import Command, execute, isolate
from tests.support.records import STARTED, outcome, run_outcome

TS = "20260304_050607"
MANIFEST = "manifest.json"
MERGED = f"aws_sso_access_report_{TS}.csv"

WHAT_TO_PASS = "pass the folder of a finished run, which contains manifest.json, or a manifest"


@pytest.fixture
def sso_batch(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    isolate(monkeypatch, tmp_path)
    return Command(monkeypatch, capsys)


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Return the manifest of a run with one file, in a folder of its own."""
    folder = tmp_path / "reports" / "nightly"
    folder.mkdir(parents=True)
    (folder / MERGED).write_bytes(b"merged")
    facts = RunFacts(FileNames("nightly", TS), "0" * 64, "complete", ())
    (folder / "run.json").write_bytes(encode_run_file(facts.names, STARTED))
    entry = FileEntry(MERGED, FileKind.MERGED_ACCESS_CSV, hashlib.sha256(b"merged").hexdigest(), 1, 6)
    (folder / MANIFEST).write_bytes(encode_manifest(facts, run_outcome(outcome(), files=(entry,))))
    return folder / MANIFEST


def test_missing_manifest(sso_batch: Command, tmp_path: Path) -> None:
    """A missing manifest is a usage error."""
    ended = sso_batch("verify", tmp_path / MANIFEST)

    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr == f"sso-batch: {tmp_path} does not contain manifest.json\n  {WHAT_TO_PASS}\n"


@pytest.mark.parametrize("content", ["", "{}", '{"schema": 1, "run_id"'])
def test_invalid_manifest(sso_batch: Command, tmp_path: Path, content: str) -> None:
    """A file that is not a manifest, or is truncated, is a usage error."""
    (tmp_path / "report.json").write_text(content)

    ended = sso_batch("verify", tmp_path / "report.json")

    assert (ended.code, ended.stdout) == (2, "")
    assert "report.json: this is not a manifest of this version" in ended.stderr
    assert WHAT_TO_PASS in ended.stderr


@pytest.mark.parametrize("location", ["s3://", "reports/", "", "gs://bucket/x", "s3://B/x"])
def test_invalid_location(sso_batch: Command, location: str) -> None:
    """A location that is not a file is a usage error."""
    ended = sso_batch("verify", location)

    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.startswith("sso-batch: ")


@pytest.mark.parametrize("name", ["reports/nightly", "reports/nightly/", "link"])
def test_folder(sso_batch: Command, manifest: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The folder of a run can be passed instead of its manifest, also through a symbolic link."""
    monkeypatch.chdir(manifest.parents[2])
    Path("link").symlink_to("reports/nightly")

    ended = sso_batch("verify", name)

    assert (ended.code, ended.stderr) == (0, "")
    assert ended.stdout == sso_batch("verify", manifest).stdout


def test_folder_without_a_run(sso_batch: Command, tmp_path: Path) -> None:
    """A folder without a run is a usage error that says what to pass instead."""
    ended = sso_batch("verify", tmp_path)

    assert (ended.code, ended.stdout) == (2, "")
    assert f"{tmp_path} does not contain manifest.json" in ended.stderr
    assert WHAT_TO_PASS in ended.stderr


def test_report_instead_of_manifest(sso_batch: Command, manifest: Path) -> None:
    """A report is not a manifest."""
    ended = sso_batch("verify", manifest.parent / MERGED)

    assert (ended.code, ended.stdout) == (2, "")
    assert "this is not a manifest of this version" in ended.stderr


def test_unchanged(sso_batch: Command, manifest: Path) -> None:
    """If all files are unchanged, the exit code is 0."""
    ended = sso_batch("verify", manifest)

    assert (ended.code, ended.stderr) == (0, "")
    assert ended.stdout == (
        f"run nightly of {TS}, complete\nok          {MERGED}\n1 unchanged, 0 different\n"
    )


def test_relative_path(sso_batch: Command, manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A manifest in the current folder can be passed by its name."""
    monkeypatch.chdir(manifest.parent)

    assert sso_batch("verify", MANIFEST).code == 0


def test_different(sso_batch: Command, manifest: Path) -> None:
    """If a file differs, the exit code is 6; each file has a line."""
    (manifest.parent / MERGED).write_bytes(b"other")
    extra = manifest.parent / "organizations" / "acme" / "notes.txt"
    extra.parent.mkdir(parents=True)
    extra.write_bytes(b"")

    ended = sso_batch("verify", manifest)

    assert (ended.code, ended.stderr) == (6, "")
    assert ended.stdout.splitlines()[1:] == [
        f"changed     {MERGED}  (5 bytes instead of 6)",
        "extra       organizations/acme/notes.txt  (is in the run's folder, but not in its manifest)",
        "0 unchanged, 2 different",
    ]


@pytest.mark.parametrize("odd", ["\x1b[2J", "\u202e", "\n", "\udcff", "ü"])
def test_hostile_names(sso_batch: Command, manifest: Path, odd: str) -> None:
    """The name of a file cannot move the cursor of the terminal or add a line."""
    (manifest.parent / f"aws_sso_access_report_{odd}_{TS}.csv").write_bytes(b"")

    ended = sso_batch("verify", manifest)

    assert ended.code == 6
    assert len(ended.stdout.splitlines()) == 4
    assert ended.stdout.replace("\n", "").isascii()
    assert ended.stdout.replace("\n", "").isprintable()


def test_without_boto3(manifest: Path) -> None:
    """A run in a folder is verified without importing boto3."""
    script = (
        "import sys\n"
        f"sys.argv = ['sso-batch', 'verify', {str(manifest)!r}]\n"
        "from sso_batch.cli import command_line\n"
        "code = command_line()\n"
        "assert not {'boto3', 'botocore'} & set(sys.modules)\n"
        "sys.exit(code)\n"
    )

    ended = execute(python=("-c", script))

    assert (ended.code, ended.stderr) == (0, "")
