"""The names of a run's files in its folder: the one module that makes them."""

from dataclasses import dataclass
from datetime import date, datetime

PREFIX = "aws_sso_access_report_"

RUN_FILE = "run.json"
"""The first file of a run: a folder without it is not a run."""

MANIFEST = "manifest.json"
"""The last file of a run."""

ORGANIZATIONS = "organizations"
"""The folder with a folder for each organization."""


@dataclass(frozen=True, slots=True)
class FileNames:
    """The names for the run `run_id`, whose `ts` is its start in UTC as `YYYYMMDD_HHMMSS`."""

    run_id: str
    ts: str

    @property
    def day(self) -> date:
        """The day of the run's start, in UTC."""
        return datetime.strptime(f"{self.ts}+0000", "%Y%m%d_%H%M%S%z").date()

    @staticmethod
    def shard_manifest(index: int) -> str:
        """Return the name of a shard's manifest: the last of its files."""
        return f"manifest.shard-{index}.json"

    def access(self, *, complete: bool) -> str:
        """Return the name of the merged access CSV."""
        return f"{PREFIX}{self.ts}{_mark(complete=complete)}.csv"

    def findings(self, *, complete: bool) -> str:
        """Return the name of the CSV with the findings of all organizations."""
        return f"{PREFIX}{self.ts}_findings{_mark(complete=complete)}.csv"

    def changes(self, *, complete: bool) -> str:
        """Return the name of the CSV with the changes in all organizations since an earlier run."""
        return f"{PREFIX}{self.ts}_changes{_mark(complete=complete)}.csv"

    def applications(self, *, complete: bool) -> str:
        """Return the name of the CSV with the assignments of applications in all organizations."""
        return f"{PREFIX}{self.ts}_applications{_mark(complete=complete)}.csv"

    def ocsf(self, *, complete: bool) -> str:
        """Return the name of the findings of all organizations as OCSF events."""
        return f"{PREFIX}{self.ts}_findings{_mark(complete=complete)}.ocsf.json"

    def page(self, *, complete: bool) -> str:
        """Return the name of the HTML page."""
        return f"{PREFIX}{self.ts}{_mark(complete=complete)}.html"

    def workbook(self, *, complete: bool) -> str:
        """Return the name of the Excel workbook."""
        return f"{PREFIX}{self.ts}{_mark(complete=complete)}.xlsx"

    @property
    def merged(self) -> frozenset[str]:
        """All names that merged files can have."""
        names = (
            self.access,
            self.findings,
            self.changes,
            self.applications,
            self.ocsf,
            self.page,
            self.workbook,
        )
        return frozenset(name(complete=complete) for name in names for complete in (True, False))

    @staticmethod
    def organization_folder(organization: str) -> str:
        """Return the name of one organization's folder, which has only its own files."""
        return f"{ORGANIZATIONS}/{organization}"

    def organization_access(self, organization: str, *, complete: bool) -> str:
        """Return the name of one organization's access CSV."""
        folder = self.organization_folder(organization)
        return f"{folder}/{PREFIX}{organization}_{self.ts}{_mark(complete=complete)}.csv"

    def organization_snapshot(self, organization: str, *, complete: bool) -> str:
        """Return the name of one organization's snapshot: the last of its files."""
        return f"{self.organization_folder(organization)}/snapshot{_mark(complete=complete)}.jsonl"

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


def _mark(*, complete: bool) -> str:
    """Return what precedes the extension of a file with gaps."""
    return "" if complete else "_INCOMPLETE"
