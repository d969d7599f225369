"""What a run left: its files, read back by their names in the manifest, and what it said."""

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.end_to_end.command import Ended
from tests.support.oracle import COLUMNS, NOT_READ, Row

# In these states a row tells of the grant, and of nobody who holds it.
UNREAD = {"NOT_READ", "MEMBERS_NOT_READ"}


class Reports:
    """The folder of one run, what the run said, and what the emulator counted."""

    def __init__(
        self, folder: Path, ended: Ended, calls: Counter[tuple[str, str]], throttled: int = 0
    ) -> None:
        self.folder = folder
        self.ended = ended
        self.calls = calls
        self.throttled = throttled

    @property
    def names(self) -> set[str]:
        """The names of all files in the folder, hidden ones too."""
        return {path.name for path in self.folder.iterdir()} if self.folder.exists() else set()

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The manifest of the whole."""
        (path,) = (one for one in self.folder.glob("*_manifest.json") if "_shard_" not in one.name)
        document: dict[str, Any] = json.loads(path.read_bytes())
        return document

    @property
    def statuses(self) -> dict[str, str]:
        """The status of each organization."""
        return {one["name"]: one["status"] for one in self.manifest["organizations"]}

    def organization(self, name: str) -> dict[str, Any]:
        """One organization of the manifest."""
        (found,) = (one for one in self.manifest["organizations"] if one["name"] == name)
        return dict(found)

    def gaps(self, name: str) -> list[dict[str, str]]:
        """The gaps of one organization."""
        return list(self.organization(name)["gaps"])

    def gap(self, name: str) -> dict[str, str]:
        """The one gap of an organization."""
        (gap,) = self.gaps(name)
        return gap

    def content(self, name: str | None = None) -> bytes:
        """The bytes of an organization's CSV, or of the merged one."""
        entries = self.manifest["files"] if name is None else self.organization(name)["files"]
        path: Path = self.folder / entries[0]["name"]
        return path.read_bytes()

    def rows(self, name: str | None = None) -> list[Row]:
        """The rows of an organization's CSV, or of the merged one."""
        return read_rows(self.content(name))

    def records(self, name: str) -> list[dict[str, Any]]:
        """The records of an organization's snapshot."""
        lines = (self.folder / self.organization(name)["files"][-1]["name"]).read_text().splitlines()
        return [json.loads(line) for line in lines]

    def file_names(
        self,
        *complete: str,
        incomplete: Sequence[str] = (),
        merged: bool = True,
        formats: Sequence[str] = ("csv",),
    ) -> set[str]:
        """The names that the contract gives to the files of a run with these organizations."""
        ts, prefix = self.manifest["ts"], "aws_sso_access_report_"
        names = {f"{prefix}{self.manifest['run_id']}_run.json", f"{prefix}{ts}_manifest.json"}
        for organizations, mark in ((complete, ""), (incomplete, "_INCOMPLETE")):
            for one in organizations:
                names |= {f"{prefix}{one}_{ts}{mark}.csv", f"{prefix}{one}_{ts}_snapshot{mark}.jsonl"}
        if merged:
            mark = "" if self.manifest["status"] == "complete" else "_INCOMPLETE"
            names |= {f"{prefix}{ts}{mark}.{one}" for one in formats}
            names |= {f"{prefix}{ts}_findings{mark}.csv"} if "csv" in formats else set()
        return names

    def assert_sums(self) -> None:
        """Every file that the manifest names is there, whole, private, and as long as it says."""
        entries = [(entry, _KINDS) for one in self.manifest["organizations"] for entry in one["files"]]
        entries += [(entry, _MERGED_KINDS) for entry in self.manifest["files"]]
        for entry, kinds in entries:
            path = self.folder / entry["name"]
            content = path.read_bytes()
            rows = len(parsed(content)) - 1 if path.suffix == ".csv" else 0
            assert entry == {
                "name": path.name,
                "kind": next(kind for pattern, kind in kinds.items() if path.match(pattern)),
                "sha256": hashlib.sha256(content).hexdigest(),
                "rows": rows,
                "bytes": len(content),
            }
        assert {path.stat().st_mode & 0o777 for path in self.folder.iterdir()} <= {0o600}


_KINDS = {"*.csv": "access_csv", "*.jsonl": "snapshot"}
_MERGED_KINDS = {
    "*_findings*.csv": "findings_csv",
    "*_changes*.csv": "changes_csv",
    "*.csv": "merged_access_csv",
    "*.html": "page",
    "*.xlsx": "workbook",
}
"""The kinds of a run's files, by the first pattern that a name matches."""

csv.field_size_limit(1 << 24)  # a name can be megabytes long


def parsed(content: bytes) -> list[list[str]]:
    """The lines of a CSV, its header first."""
    return list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))


def read_rows(content: bytes) -> list[Row]:
    """Read an access CSV; every line has all columns, and nothing more."""
    header, *lines = parsed(content)
    assert tuple(header) == COLUMNS
    return [dict(zip(COLUMNS, line, strict=True)) for line in lines]


def written(rows: list[Row]) -> bytes:
    """Write rows as the contract has it, where no cell begins a formula."""
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\r\n").writerows([COLUMNS, *([*row.values()] for row in rows)])
    return file.getvalue().encode()


def honest(row: Row, truth: list[Row]) -> bool:
    """Whether a row says nothing that is not true: each cell is the truth, or says that it was not read."""
    return any(all(_true(column, row, one) for column in COLUMNS) for one in truth)


def _true(column: str, row: Row, truth: Row) -> bool:
    if row[column] in (truth[column], NOT_READ):
        return True
    if row["PrincipalState"] not in UNREAD:
        return False
    of_a_person = column.startswith("User")
    return column == "PrincipalState" or (of_a_person and row[column] == "")
