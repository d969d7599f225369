"""The files of a run, read back by their names in the manifest, and what the command wrote to its streams."""

import csv
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from sso_batch.report import findings_csv
from tests.support.command import CommandResult
from tests.support.oracle import APPLICATION_COLUMNS, ATTRIBUTES, COLUMNS, LEVELS, NOT_READ, Row

_DATE = r",[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
_CELL = r',(?:"(?:[^"]|"")*"|[^",\r\n]*)'

UNREAD = {"NOT_READ", "MEMBERS_NOT_READ"}
"""States in which a row describes an assignment and no person who has it."""


class Reports:
    """The newest run in a place, the result of its command, and the calls that the emulator counted."""

    def __init__(
        self, place: Path, ended: CommandResult, calls: Counter[tuple[str, str]], throttled: int = 0
    ) -> None:
        self.folder = run_folder(place)
        self.ended = ended
        self.calls = calls
        self.throttled = throttled

    @property
    def names(self) -> set[str]:
        """The names of all files in the run's folder and below it, hidden ones too."""
        return set(files_in(self.folder))

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The content of the manifest."""
        document: dict[str, Any] = json.loads(manifest_in(self.folder).read_bytes())
        return document

    @property
    def statuses(self) -> dict[str, str]:
        """The status of each organization."""
        return {
            organization["name"]: organization["status"] for organization in self.manifest["organizations"]
        }

    def organization(self, name: str) -> dict[str, Any]:
        """Return what the manifest says about one organization."""
        (found,) = (entry for entry in self.manifest["organizations"] if entry["name"] == name)
        return dict(found)

    def gaps(self, name: str) -> list[dict[str, str]]:
        """Return the gaps of an organization."""
        return list(self.organization(name)["gaps"])

    def gap(self, name: str) -> dict[str, str]:
        """Return the only gap of an organization."""
        (gap,) = self.gaps(name)
        return gap

    def raw_content(self, name: str | None = None) -> bytes:
        """Return the bytes of an organization's CSV, or of the merged one."""
        entries = self.manifest["files"] if name is None else self.organization(name)["files"]
        path: Path = self.folder / entries[0]["name"]
        return path.read_bytes()

    def content(self, name: str | None = None) -> bytes:
        """Return the bytes of a CSV without FirstSeen, which has tests of its own."""
        return without_first_seen(self.raw_content(name))

    def rows(self, name: str | None = None) -> list[Row]:
        """Return the rows of an organization's CSV, or of the merged one, likewise without FirstSeen."""
        return [row | {"FirstSeen": ""} for row in read_rows(self.raw_content(name))]

    def records(self, name: str) -> list[dict[str, Any]]:
        """Return the records of an organization's snapshot."""
        lines = (self.folder / self.organization(name)["files"][-1]["name"]).read_text().splitlines()
        return [json.loads(line) for line in lines]

    def findings(self) -> list[dict[str, str]]:
        """Return the rows of the findings CSV."""
        (name,) = (entry["name"] for entry in self.manifest["files"] if entry["kind"] == "findings_csv")
        header, *rows = parsed((self.folder / name).read_bytes())
        assert tuple(header) == findings_csv.COLUMNS
        return [dict(zip(findings_csv.COLUMNS, row, strict=True)) for row in rows]

    def application_rows(self) -> list[Row]:
        """Return the rows of the applications CSV."""
        (name,) = (entry["name"] for entry in self.manifest["files"] if entry["kind"] == "applications_csv")
        header, *rows = parsed((self.folder / name).read_bytes())
        assert tuple(header) == APPLICATION_COLUMNS
        return [dict(zip(APPLICATION_COLUMNS, row, strict=True)) for row in rows]

    def file_names(
        self,
        *complete: str,
        incomplete: Sequence[str] = (),
        merged: bool = True,
        formats: Sequence[str] = ("csv",),
        applications: bool = False,
    ) -> set[str]:
        """Return the file names that the contract gives to a run with these organizations."""
        ts, prefix = self.manifest["ts"], "aws_sso_access_report_"
        names = {"run.json", "manifest.json"}
        for organizations, mark in ((complete, ""), (incomplete, "_INCOMPLETE")):
            for name in organizations:
                folder = f"organizations/{name}"
                names |= {f"{folder}/{prefix}{name}_{ts}{mark}.csv", f"{folder}/snapshot{mark}.jsonl"}
        if merged:
            mark = "" if self.manifest["status"] == "complete" else "_INCOMPLETE"
            names |= {f"{prefix}{ts}{mark}.{extension}" for extension in formats}
            csvs = ("_findings", *(["_applications"] if applications else [])) if "csv" in formats else ()
            names |= {f"{prefix}{ts}{name}{mark}.csv" for name in csvs}
        return names

    def assert_sums(self) -> None:
        """Assert that every file in the manifest is there, private, and has the recorded size and SHA-256."""
        organizations = self.manifest["organizations"]
        entries = [(entry, _KINDS) for organization in organizations for entry in organization["files"]]
        entries += [(entry, _MERGED_KINDS) for entry in self.manifest["files"]]
        for entry, kinds in entries:
            path = self.folder / entry["name"]
            content = path.read_bytes()
            rows = _rows(path.suffix, content)
            assert entry == {
                "name": entry["name"],
                "kind": next(kind for pattern, kind in kinds.items() if path.match(pattern)),
                "sha256": hashlib.sha256(content).hexdigest(),
                "rows": rows,
                "bytes": len(content),
            }
        modes = {(path.is_dir(), path.stat().st_mode & 0o777) for path in self.folder.rglob("*")}
        assert modes <= {(True, 0o700), (False, 0o600)}


def _rows(suffix: str, content: bytes) -> int:
    """Return how many rows a file with this suffix has."""
    if suffix == ".csv":
        return len(parsed(content)) - 1
    return len(json.loads(content)) if suffix == ".json" else 0


_KINDS = {"*.csv": "access_csv", "*.jsonl": "snapshot"}
_MERGED_KINDS = {
    "*_findings*.csv": "findings_csv",
    "*_changes*.csv": "changes_csv",
    "*_applications*.csv": "applications_csv",
    "*.csv": "merged_access_csv",
    "*.ocsf.json": "findings_ocsf",
    "*.html": "page",
    "*.xlsx": "workbook",
}
"""The kinds of a run's files, by the first pattern that a name matches."""

csv.field_size_limit(1 << 24)  # a name can be megabytes long


def run_folder(place: Path) -> Path:
    """Return the folder of the newest run in a place; the place itself if there is none, or if it is one."""
    starts = {path.parent: path.read_bytes() for path in place.glob("*/run.json")}
    return max(starts, key=lambda folder: json.loads(starts[folder])["started_at"], default=place)


def manifest_in(place: Path) -> Path:
    """Return the manifest of the newest run in a place, or of the run in this folder."""
    return run_folder(place) / "manifest.json"


def files_in(folder: Path) -> dict[str, Path]:
    """Return all files in a folder and below it, by their relative names."""
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if not path.is_dir()}


def without_first_seen(content: bytes) -> bytes:
    """Return the bytes of a CSV without FirstSeen, which depends on earlier runs in the same place."""
    _, found, columns = content.partition(b"\r\n")[0].partition(b",FirstSeen,")
    if not found:
        return content
    after = columns.count(b",") + 1
    return re.sub(f"{_DATE}((?:{_CELL}){{{after}}}\r\n)".encode(), rb",\1", content)


def parsed(content: bytes) -> list[list[str]]:
    """Return the lines of a CSV, its header first."""
    return list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))


def read_rows(content: bytes) -> list[Row]:
    """Return the rows of an access CSV; raise where a line has more or fewer cells than the header.

    Only the columns of attributes may follow the columns that every report has.
    """
    header, *lines = parsed(content)
    assert tuple(header[: len(COLUMNS)]) == COLUMNS
    assert [name for name in ATTRIBUTES.values() if name in header] == header[len(COLUMNS) :]
    return [dict(zip(header, line, strict=True)) for line in lines]


def written(rows: list[Row]) -> bytes:
    """Return rows as an access CSV, for rows in which no cell looks like a formula."""
    file = io.StringIO(newline="")
    header = rows[0] if rows else COLUMNS
    csv.writer(file, lineterminator="\r\n").writerows([header, *([*row.values()] for row in rows)])
    return file.getvalue().encode()


def honest(row: Row, truth: list[Row]) -> bool:
    """Return whether each cell of a row agrees with one true row or says that it was not read."""
    return any(all(_agrees(column, row, true_row) for column in COLUMNS) for true_row in truth)


def _agrees(column: str, row: Row, true_row: Row) -> bool:
    if row[column] in (true_row[column], NOT_READ):
        return True
    if column == "PrivilegeReason":
        return _agrees_in_reason(row, true_row)
    if column == "PrivilegeUnread":
        return row["Privilege"] == NOT_READ and row[column] != ""
    if row["PrincipalState"] not in UNREAD:
        return False
    return column == "PrincipalState" or (is_about_user(column) and row[column] == "")


def is_about_user(column: str) -> bool:
    """Return whether a column is empty in a row that stands for all unread members of a group."""
    return column.startswith("User") or column == "LastSignIn"


def _agrees_in_reason(row: Row, true_row: Row) -> bool:
    """Return whether a reason is a true one without an unread boundary, or of a lower privilege."""
    reason, true_reason = row["PrivilegeReason"], true_row["PrivilegeReason"]
    if row["PermissionsBoundary"] == NOT_READ:
        true_reason = true_reason.partition("; limited by")[0]
    if row["Privilege"] != NOT_READ:
        return reason == true_reason
    highest = LEVELS.index(true_row["Privilege"]) if true_row["Privilege"] != NOT_READ else -1
    return reason == "" or reason.startswith(
        (true_reason, *(f"at least {level}: " for level in LEVELS[: highest + 1]))
    )
