"""The names of a run's files: the one module that makes them and takes them apart."""

import re
from dataclasses import dataclass
from datetime import date, datetime

from sso_batch.store import PREFIX

_MANIFEST = "_manifest.json"
_MANIFEST_NAME = re.compile(rf"{PREFIX}([0-9]{{8}}_[0-9]{{6}}){re.escape(_MANIFEST)}", re.ASCII)
_RUN_FILE = "_run.json"
_UNPUBLISHED = (".part", ".claim")
"""How the hidden names of unpublished files end; see `store.Draft` and `store.folder`."""


@dataclass(frozen=True, slots=True)
class FileNames:
    """The names for the run `run_id`, whose `ts` is its start in UTC as `YYYYMMDD_HHMMSS`."""

    run_id: str
    ts: str

    @property
    def day(self) -> date:
        """The day of the run's start, in UTC."""
        return datetime.strptime(f"{self.ts}+0000", "%Y%m%d_%H%M%S%z").date()

    @property
    def run(self) -> str:
        """The run file: the first of the run."""
        return f"{PREFIX}{self.run_id}{_RUN_FILE}"

    @property
    def manifest(self) -> str:
        """The manifest: the last of the run."""
        return f"{PREFIX}{self.ts}{_MANIFEST}"

    def shard_manifest(self, index: int) -> str:
        """Return the name of a shard's manifest: the last of its files."""
        return f"{PREFIX}{self.ts}_shard_{index}{_MANIFEST}"

    def access(self, *, complete: bool) -> str:
        """Return the name of the merged access CSV."""
        return f"{PREFIX}{self.ts}{_mark(complete=complete)}.csv"

    def findings(self, *, complete: bool) -> str:
        """Return the name of the CSV with the findings of all organizations."""
        return f"{PREFIX}{self.ts}_findings{_mark(complete=complete)}.csv"

    def changes(self, *, complete: bool) -> str:
        """Return the name of the CSV with the changes in all organizations since an earlier run."""
        return f"{PREFIX}{self.ts}_changes{_mark(complete=complete)}.csv"

    def page(self, *, complete: bool) -> str:
        """Return the name of the HTML page."""
        return f"{PREFIX}{self.ts}{_mark(complete=complete)}.html"

    def workbook(self, *, complete: bool) -> str:
        """Return the name of the Excel workbook."""
        return f"{PREFIX}{self.ts}{_mark(complete=complete)}.xlsx"

    def organization_access(self, organization: str, *, complete: bool) -> str:
        """Return the name of one organization's access CSV."""
        return f"{PREFIX}{organization}_{self.ts}{_mark(complete=complete)}.csv"

    def organization_snapshot(self, organization: str, *, complete: bool) -> str:
        """Return the name of one organization's snapshot."""
        return f"{PREFIX}{organization}_{self.ts}_snapshot{_mark(complete=complete)}.jsonl"

    def of_organization(self, organization: str) -> tuple[str, ...]:
        """Return all names that files of one organization can have, snapshots first."""
        return (
            self.organization_snapshot(organization, complete=True),
            self.organization_snapshot(organization, complete=False),
            self.organization_access(organization, complete=True),
            self.organization_access(organization, complete=False),
        )

    def expected(self, organization: str, *, complete: bool, csv: bool) -> tuple[str, ...]:
        """Return the names of the files that a run writes of one organization, in the manifest's order."""
        snapshot = self.organization_snapshot(organization, complete=complete)
        return (self.organization_access(organization, complete=complete), snapshot) if csv else (snapshot,)

    def organization_of(self, name: str) -> str | None:
        """Return the organization whose file has that name; None for a file of the run itself."""
        organization = name.removeprefix(PREFIX).partition(f"_{self.ts}")[0]
        return organization if name in self.of_organization(organization) else None

    def is_named_after(self, organization: str, name: str) -> bool:
        """Return whether a name begins as those of an organization's files do, whatever follows."""
        return name.startswith(f"{PREFIX}{organization}_{self.ts}")

    def is_merged(self, name: str) -> bool:
        """Return whether a file of that name covers the whole run: merged files and the manifest."""
        start = f"{PREFIX}{self.ts}"
        # An organization's name can be digits, but has no `.` and no `_` in it.
        return name.startswith((f"{start}.", f"{start}_")) and not name.startswith(f"{start}_shard_")

    def is_draft(self, name: str) -> bool:
        """Return whether a file of that name is one of the run's that was never published."""
        return name.startswith(f".{PREFIX}") and self.ts in name and name.endswith(_UNPUBLISHED)

    @staticmethod
    def is_manifest(name: str) -> bool:
        """Return whether a file of that name is the manifest of a run or of a shard."""
        return name.startswith(PREFIX) and name.endswith(_MANIFEST)

    @staticmethod
    def is_run_file(name: str) -> bool:
        """Return whether a file of that name is a run file."""
        return name.startswith(PREFIX) and name.endswith(_RUN_FILE)

    @staticmethod
    def start_in_manifest_name(name: str) -> str | None:
        """Return the start of the run whose manifest has that name; None for any other file."""
        found = _MANIFEST_NAME.fullmatch(name)
        return found[1] if found else None

    def taken(self, name: str) -> bool:
        """Return whether a file of that name belongs to a run with this very `ts`."""
        return name.startswith(PREFIX) and self.ts in name


def _mark(*, complete: bool) -> str:
    """Return what precedes the extension of a file with gaps."""
    return "" if complete else "_INCOMPLETE"
