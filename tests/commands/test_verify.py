"""Tests of `sso-batch verify`."""

import hashlib
from pathlib import Path

import pytest

from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.manifest import encode_manifest as written
from sso_batch.run_files.run import RunFacts
from sso_batch.store import FileEntry, FileKind
from tests.support.command import Command, execute, isolate
from tests.support.records import outcome, run_outcome

TS = "20260304_050607"
MANIFEST = f"aws_sso_access_report_{TS}_manifest.json"
MERGED = f"aws_sso_access_report_{TS}.csv"


@pytest.fixture
def sso_batch(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    isolate(monkeypatch, tmp_path)
    return Command(monkeypatch, capsys)


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Return the manifest of a run with one file, in a folder of its own."""
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / MERGED).write_bytes(b"merged")
    facts = RunFacts(FileNames("nightly", TS), "0" * 64, "complete", ())
    entry = FileEntry(MERGED, FileKind.MERGED_ACCESS_CSV, hashlib.sha256(b"merged").hexdigest(), 1, 6)
    (folder / MANIFEST).write_bytes(written(facts, run_outcome(outcome(), files=(entry,))))
    return folder / MANIFEST


def test_missing_manifest(sso_batch: Command, tmp_path: Path) -> None:
    """A missing manifest is a usage error."""
    ended = sso_batch("verify", tmp_path / MANIFEST)

    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr == f"sso-batch: {tmp_path / MANIFEST} cannot be read: No such file or directory\n"


@pytest.mark.parametrize("content", ["", "{}", '{"schema": 1, "run_id"'])
def test_invalid_manifest(sso_batch: Command, tmp_path: Path, content: str) -> None:
    """A file that is not a manifest, or is truncated, is a usage error."""
    (tmp_path / "report.json").write_text(content)

    ended = sso_batch("verify", tmp_path / "report.json")

    assert (ended.code, ended.stdout) == (2, "")
    assert "report.json: this is not a manifest of this version" in ended.stderr
    assert "_manifest.json" in ended.stderr


@pytest.mark.parametrize("location", ["s3://", "s3://bucket", "reports/", "", "gs://bucket/x", "s3://B/x"])
def test_invalid_location(sso_batch: Command, location: str) -> None:
    """A location that is not a file is a usage error."""
    ended = sso_batch("verify", location)

    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.startswith("sso-batch: ")


@pytest.mark.parametrize("name", ["reports", "reports/", "link"])
def test_folder(sso_batch: Command, manifest: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A folder with one run can be passed instead of its manifest, also through a symbolic link."""
    monkeypatch.chdir(manifest.parents[1])
    Path("link").symlink_to("reports")

    ended = sso_batch("verify", name)

    assert (ended.code, ended.stderr) == (0, "")
    assert ended.stdout == sso_batch("verify", manifest).stdout


def test_folder_without_a_run(sso_batch: Command, tmp_path: Path) -> None:
    """A folder without a run is a usage error that says what to pass instead."""
    ended = sso_batch("verify", tmp_path)

    assert (ended.code, ended.stdout) == (2, "")
    assert f"{tmp_path} contains no finished run" in ended.stderr
    assert "_manifest.json" in ended.stderr


@pytest.mark.parametrize("runs", [2, 7])
def test_folder_with_several_runs(sso_batch: Command, manifest: Path, runs: int) -> None:
    """The newest manifests of several runs are listed, ready to be copied."""
    names = [f"aws_sso_access_report_202601{day}_050607_manifest.json" for day in range(11, 10 + runs)]
    for name in names:
        (manifest.parent / name).write_bytes(manifest.read_bytes())
    newest = sorted([*names, MANIFEST], reverse=True)

    ended = sso_batch("verify", manifest.parent)

    assert (ended.code, ended.stdout) == (2, "")
    lines = ended.stderr.splitlines()
    assert lines[0] == f"sso-batch: {manifest.parent} contains {runs} finished runs"
    assert [line.strip() for line in lines[2:7]] == [f"{manifest.parent}/{name}" for name in newest[:5]]


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
    (manifest.parent / f"aws_sso_access_report_acme_{TS}.csv").write_bytes(b"")

    ended = sso_batch("verify", manifest)

    assert (ended.code, ended.stderr) == (6, "")
    assert ended.stdout.splitlines()[1:] == [
        f"changed     {MERGED}  (5 bytes instead of 6)",
        f"extra       aws_sso_access_report_acme_{TS}.csv  (belongs to this run, but is not in its manifest)",
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
        "from sso_batch.cli import main\n"
        "try:\n    main()\n"
        "finally:\n    assert not {'boto3', 'botocore'} & set(sys.modules)\n"
    )

    ended = execute(python=("-c", script))

    assert (ended.code, ended.stderr) == (0, "")
