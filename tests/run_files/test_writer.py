"""The files of one organization, and the merged ones, from snapshots."""

import csv
import errno
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from sso_batch.access import resolve
from sso_batch.model import Account, Snapshot
from sso_batch.run_files.access_csv import header, lines
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.run import Stopped
from sso_batch.run_files.snapshot import decode, encode
from sso_batch.run_files.verification import FileChangedError
from sso_batch.run_files.writer import write_document, write_merged, write_organization
from sso_batch.store import Draft, FileEntry, Folder, StorageError
from tests.support.records import gap, small_organization, snapshot

NAMES = FileNames("nightly-7", "20260304_050607")
ACME = small_organization()
ACME_CSV = "organizations/acme/aws_sso_access_report_acme_20260304_050607.csv"
ACME_SNAPSHOT = "organizations/acme/snapshot.jsonl"
MERGED = "aws_sso_access_report_20260304_050607.csv"


class StopsAfter(threading.Event):
    """Is set after so many checks."""

    def __init__(self, checks: int) -> None:
        super().__init__()
        self.checks = checks

    def is_set(self) -> bool:
        """Return whether it has been checked so often before."""
        self.checks -= 1
        return self.checks < 0


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def write(folder: Folder, records: Snapshot, *, stop: threading.Event | None = None) -> tuple[FileEntry, ...]:
    return write_organization(
        folder, NAMES, records, csv=True, escape=True, stop=stop or threading.Event()
    ).files


def rows_of(records: Snapshot) -> str:
    return "".join(text for text, _ in lines(resolve(records), escape=True))


def names(folder: Folder) -> list[str]:
    return sorted(file.name for file in folder.stored())


# Errors


@pytest.mark.parametrize("checks", range(6))
def test_organization_stopped(folder: Folder, checks: int) -> None:
    """A run that is stopped leaves neither file of an organization, whichever was being written."""
    with pytest.raises(Stopped):
        write(folder, ACME, stop=StopsAfter(checks))

    assert names(folder) == []


def test_merged_stopped(folder: Folder) -> None:
    """A run that is stopped leaves no merged file."""
    rows, _ = write(folder, ACME)
    before = names(folder)

    with pytest.raises(Stopped):
        write_merged(folder, MERGED, [rows], people=(), stop=StopsAfter(0))

    assert names(folder) == before


@pytest.mark.parametrize("change", ["shorter", "longer", "other", "missing"])
def test_merged_from_a_changed_file(folder: Folder, change: str) -> None:
    """A CSV that does not match its entry is not merged, and the error has the entry."""
    rows, _ = write(folder, ACME)
    path = folder.directory / rows.name
    content = path.read_bytes()
    path.unlink()
    if change != "missing":
        changed = {"shorter": content[:-9], "longer": content + b"x\r\n", "other": content[::-1]}
        path.write_bytes(changed[change])

    with pytest.raises(FileChangedError) as error:
        write_merged(folder, MERGED, [rows], people=(), stop=threading.Event())

    assert error.value.entry == rows
    assert MERGED not in names(folder)


@pytest.mark.parametrize("fits", range(3))
def test_full_disk(folder: Folder, monkeypatch: pytest.MonkeyPatch, fits: int) -> None:
    """A full disk leaves neither file of an organization."""
    write_really, written = Draft.write, 0

    def write_until_full(draft: Draft, data: bytes) -> None:
        nonlocal written
        if written == fits:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written += 1
        write_really(draft, data)

    monkeypatch.setattr(Draft, "write", write_until_full)

    with pytest.raises(OSError, match="No space left"):
        write(folder, ACME)

    assert names(folder) == []


@pytest.mark.parametrize("taken", [ACME_CSV, ACME_SNAPSHOT])
def test_taken(folder: Folder, taken: str) -> None:
    """If one of the two names is taken, neither file is written, and the existing one is unchanged."""
    (folder.directory / taken).parent.mkdir(parents=True)
    (folder.directory / taken).write_bytes(b"theirs")

    with pytest.raises(FileExistsError):
        write(folder, ACME)

    assert names(folder) == [taken]
    assert (folder.directory / taken).read_bytes() == b"theirs"


def test_folder_is_a_link(folder: Folder, tmp_path_factory: pytest.TempPathFactory) -> None:
    """An organization's files are not written through a link, and nothing is left."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (folder.directory / "organizations").mkdir()
    (folder.directory / "organizations" / "acme").symlink_to(elsewhere)

    with pytest.raises(StorageError, match="acme is not a folder"):
        write(folder, ACME)

    assert names(folder) == ["organizations/acme"]
    assert list(elsewhere.iterdir()) == []


# An organization's files


def test_organization(folder: Folder) -> None:
    """The CSV has a header and all rows, the snapshot all records, and the entries match."""
    entries = write(folder, ACME)

    text = (folder.directory / ACME_CSV).read_bytes()
    assert names(folder) == [ACME_CSV, ACME_SNAPSHOT]
    assert text == (header() + rows_of(ACME)).encode()
    assert (folder.directory / ACME_SNAPSHOT).read_text().splitlines(keepends=True) == list(encode(ACME))
    assert [(entry.name, entry.rows, entry.bytes) for entry in entries] == [
        (ACME_CSV, 7, len(text)),
        (ACME_SNAPSHOT, 0, (folder.directory / ACME_SNAPSHOT).stat().st_size),
    ]


def test_incomplete_organization(folder: Folder) -> None:
    """The names of an organization's files with gaps contain _INCOMPLETE."""
    write(folder, replace(ACME, gaps=(gap(),)))

    assert names(folder) == [
        "organizations/acme/aws_sso_access_report_acme_20260304_050607_INCOMPLETE.csv",
        "organizations/acme/snapshot_INCOMPLETE.jsonl",
    ]


def test_snapshot_is_never_escaped(folder: Folder) -> None:
    """Formulas are escaped in the CSV only; the snapshot has the exact values."""
    write(folder, ACME)

    with (folder.directory / ACME_SNAPSHOT).open(encoding="ascii") as file:
        assert decode(file) == ACME


def test_escaping_off(folder: Folder) -> None:
    """Without `escape_formulas` the CSV has AWS's values."""
    write_organization(folder, NAMES, ACME, csv=True, escape=False, stop=threading.Event())

    with (folder.directory / ACME_CSV).open(encoding="utf-8", newline="") as file:
        logins = {row["UserLogin"] for row in csv.DictReader(file)}
    assert logins == {"", "login-u-1", "=cmd()"}


def test_no_csv(folder: Folder) -> None:
    """Without a CSV, the snapshot is written and the rows are counted."""
    written = write_organization(folder, NAMES, ACME, csv=False, escape=True, stop=threading.Event())

    assert [file.name for file in written.files] == names(folder) == [ACME_SNAPSHOT]
    assert written.rows == rows_of(ACME).count("\r\n")


def test_many_records(folder: Folder) -> None:
    """A snapshot of more records than one write holds is complete."""
    many = snapshot(accounts=tuple(Account(f"{number:012}", "", "ACTIVE") for number in range(12_000)))

    write(folder, many)

    with (folder.directory / ACME_SNAPSHOT).open(encoding="ascii") as file:
        assert decode(file) == many


# The merged file


def test_merged(folder: Folder) -> None:
    """All rows are under one header, in the given order and not in that of the names."""
    globex, empty = replace(ACME, organization="globex"), snapshot(organization="empty")
    parts = [write(folder, records)[0] for records in (globex, empty, ACME)]

    entry = write_merged(folder, MERGED, parts, people=(), stop=threading.Event())

    text = (folder.directory / MERGED).read_bytes()
    assert text == (header() + rows_of(globex) + rows_of(ACME)).encode()
    assert (entry.name, entry.rows, entry.bytes) == (MERGED, 14, len(text))


def test_merged_incomplete(folder: Folder) -> None:
    """The name of the merged file of a run with gaps contains _INCOMPLETE."""
    parts = [write(folder, ACME)[0]]

    entry = write_merged(folder, NAMES.access(complete=False), parts, people=(), stop=threading.Event())

    assert entry.name == "aws_sso_access_report_20260304_050607_INCOMPLETE.csv"


def test_document(folder: Folder) -> None:
    """A small file has the given content and is never overwritten."""
    entry = write_document(folder, "x.json", b"{}\n")

    assert (entry.name, entry.rows, entry.bytes) == ("x.json", 0, 3)
    with pytest.raises(FileExistsError):
        write_document(folder, "x.json", b"[]\n")
    assert (folder.directory / "x.json").read_bytes() == b"{}\n"
