"""`sso-batch verify`: a line for each file, and an exit code."""

import hashlib
from pathlib import Path

import pytest

from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.manifest import encode_manifest as written
from sso_batch.run_files.run import RunFacts
from sso_batch.store import FileEntry, FileKind
from tests.end_to_end.command import Command, execute, isolate
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
    """Give the manifest of a run of one file, in a folder of its own."""
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / MERGED).write_bytes(b"merged")
    facts = RunFacts(FileNames("nightly", TS), "0" * 64, "complete", ())
    entry = FileEntry(MERGED, FileKind.MERGED_ACCESS_CSV, hashlib.sha256(b"merged").hexdigest(), 1, 6)
    (folder / MANIFEST).write_bytes(written(facts, run_outcome(outcome(), files=(entry,))))
    return folder / MANIFEST


def test_not_there(sso_batch: Command, tmp_path: Path) -> None:
    """A manifest that is not there is a mistake of usage."""
    ended = sso_batch("verify", tmp_path / MANIFEST)

    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr == f"sso-batch: {tmp_path / MANIFEST} cannot be read: No such file or directory\n"


@pytest.mark.parametrize("content", ["", "{}", '{"schema": 1, "run_id"'])
def test_no_manifest(sso_batch: Command, tmp_path: Path, content: str) -> None:
    """A file that is no manifest, or was cut off, is a mistake of usage."""
    (tmp_path / "report.json").write_text(content)

    ended = sso_batch("verify", tmp_path / "report.json")

    assert (ended.code, ended.stdout) == (2, "")
    assert "report.json: this is not a manifest of this version" in ended.stderr
    assert "_manifest.json" in ended.stderr


@pytest.mark.parametrize("location", ["s3://", "s3://bucket", "reports/", "", "gs://bucket/x", "s3://B/x"])
def test_no_file_named(sso_batch: Command, location: str) -> None:
    """What names no file is a mistake of usage."""
    ended = sso_batch("verify", location)

    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.startswith("sso-batch: ")


@pytest.mark.parametrize("name", ["reports", "reports/", "link"])
def test_a_folder(sso_batch: Command, manifest: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A folder that holds one run stands for its manifest, through a symbolic link too."""
    monkeypatch.chdir(manifest.parents[1])
    Path("link").symlink_to("reports")

    ended = sso_batch("verify", name)

    assert (ended.code, ended.stderr) == (0, "")
    assert ended.stdout == sso_batch("verify", manifest).stdout


def test_a_folder_without_a_run(sso_batch: Command, tmp_path: Path) -> None:
    """A folder without a run says so, and what to name instead."""
    ended = sso_batch("verify", tmp_path)

    assert (ended.code, ended.stdout) == (2, "")
    assert f"{tmp_path} holds no run that has ended" in ended.stderr
    assert "_manifest.json" in ended.stderr


@pytest.mark.parametrize("runs", [2, 7])
def test_a_folder_of_several_runs(sso_batch: Command, manifest: Path, runs: int) -> None:
    """Of several runs the newest manifests are listed, ready to be copied."""
    names = [f"aws_sso_access_report_202601{day}_050607_manifest.json" for day in range(11, 10 + runs)]
    for name in names:
        (manifest.parent / name).write_bytes(manifest.read_bytes())
    newest = sorted([*names, MANIFEST], reverse=True)

    ended = sso_batch("verify", manifest.parent)

    assert (ended.code, ended.stdout) == (2, "")
    lines = ended.stderr.splitlines()
    assert lines[0] == f"sso-batch: {manifest.parent} holds {runs} runs that have ended"
    assert [line.strip() for line in lines[2:7]] == [f"{manifest.parent}/{name}" for name in newest[:5]]


def test_a_file_that_is_no_manifest(sso_batch: Command, manifest: Path) -> None:
    """A report is no manifest, whatever its name ends with."""
    ended = sso_batch("verify", manifest.parent / MERGED)

    assert (ended.code, ended.stdout) == (2, "")
    assert "this is not a manifest of this version" in ended.stderr


def test_as_written(sso_batch: Command, manifest: Path) -> None:
    """Where everything is as it was written the exit code is 0."""
    ended = sso_batch("verify", manifest)

    assert (ended.code, ended.stderr) == (0, "")
    assert ended.stdout == (f"run nightly of {TS}, complete\nok          {MERGED}\n1 as written, 0 not\n")


def test_beside_the_manifest(sso_batch: Command, manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A manifest is named by its bare name, too."""
    monkeypatch.chdir(manifest.parent)

    assert sso_batch("verify", MANIFEST).code == 0


def test_different(sso_batch: Command, manifest: Path) -> None:
    """Where anything differs the exit code is 6, and each file has its line."""
    (manifest.parent / MERGED).write_bytes(b"other")
    (manifest.parent / f"aws_sso_access_report_acme_{TS}.csv").write_bytes(b"")

    ended = sso_batch("verify", manifest)

    assert (ended.code, ended.stderr) == (6, "")
    assert ended.stdout.splitlines()[1:] == [
        f"changed     {MERGED}  (5 bytes instead of 6)",
        f"extra       aws_sso_access_report_acme_{TS}.csv  (belongs to this run, but is not in its manifest)",
        "0 as written, 2 not",
    ]


@pytest.mark.parametrize("odd", ["\x1b[2J", "\u202e", "\n", "\udcff", "ü"])
def test_hostile_names(sso_batch: Command, manifest: Path, odd: str) -> None:
    """No name of a file moves anything on the terminal, nor makes a line of its own."""
    (manifest.parent / f"aws_sso_access_report_{odd}_{TS}.csv").write_bytes(b"")

    ended = sso_batch("verify", manifest)

    assert ended.code == 6
    assert len(ended.stdout.splitlines()) == 4
    assert ended.stdout.replace("\n", "").isascii()
    assert ended.stdout.replace("\n", "").isprintable()


def test_no_boto3_for_a_folder(manifest: Path) -> None:
    """A run in a folder is verified without boto3."""
    script = (
        "import sys\n"
        f"sys.argv = ['sso-batch', 'verify', {str(manifest)!r}]\n"
        "from sso_batch.cli import main\n"
        "try:\n    main()\n"
        "finally:\n    assert not {'boto3', 'botocore'} & set(sys.modules)\n"
    )

    ended = execute(python=("-c", script))

    assert (ended.code, ended.stderr) == (0, "")
