"""A published file as the manifest names it."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum


class FileKind(StrEnum):
    """What a file of a run holds; the values are those of `kind` in the manifest."""

    ACCESS_CSV = "access_csv"
    SNAPSHOT = "snapshot"
    MERGED_ACCESS_CSV = "merged_access_csv"
    FINDINGS_CSV = "findings_csv"
    CHANGES_CSV = "changes_csv"
    APPLICATIONS_CSV = "applications_csv"
    FINDINGS_OCSF = "findings_ocsf"
    PAGE = "page"
    WORKBOOK = "workbook"
    RUN_FILE = "run_file"
    """The first file of a run, which no manifest lists."""
    OTHER = "other"
    """Any other file that no manifest lists: a manifest, a probe."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A published file: its name in the run's folder; `rows` is 0 where a file has none to count."""

    name: str
    kind: FileKind
    sha256: str
    rows: int
    bytes: int


class Checksum:
    """The SHA-256 and the size of what passes through."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self.bytes = 0

    def update(self, data: bytes) -> None:
        """Add the next bytes."""
        self._digest.update(data)
        self.bytes += len(data)

    @property
    def sha256(self) -> str:
        """The SHA-256 in hexadecimal digits."""
        return self._digest.hexdigest()
