"""The names of a run's files."""

from dataclasses import dataclass
from datetime import date, datetime

from sso_batch.store import PREFIX


@dataclass(frozen=True, slots=True)
class FileNames:
    """Names for the run `run_id`, whose `ts` is its start in UTC as `YYYYMMDD_HHMMSS`."""

    run_id: str
    ts: str

    @property
    def day(self) -> date:
        """The day of the run's start, in UTC."""
        return datetime.strptime(f"{self.ts}+0000", "%Y%m%d_%H%M%S%z").date()

    @property
    def run(self) -> str:
        """The run file: the first of the run."""
        return f"{PREFIX}{self.run_id}_run.json"

    @property
    def manifest(self) -> str:
        """The manifest: the last of the run."""
        return f"{PREFIX}{self.ts}_manifest.json"

    def shard_manifest(self, index: int) -> str:
        """The manifest of one shard: the last of its files."""
        return f"{PREFIX}{self.ts}_shard_{index}_manifest.json"

    def access(self, *, complete: bool) -> str:
        """The merged CSV."""
        return f"{PREFIX}{self.ts}{_mark(complete=complete)}.csv"

    def findings(self, *, complete: bool) -> str:
        """The findings of all organizations."""
        return f"{PREFIX}{self.ts}_findings{_mark(complete=complete)}.csv"

    def changes(self, *, complete: bool) -> str:
        """What changed in all organizations since an earlier run."""
        return f"{PREFIX}{self.ts}_changes{_mark(complete=complete)}.csv"

    def page(self, *, complete: bool) -> str:
        """The page."""
        return f"{PREFIX}{self.ts}{_mark(complete=complete)}.html"

    def workbook(self, *, complete: bool) -> str:
        """The workbook."""
        return f"{PREFIX}{self.ts}{_mark(complete=complete)}.xlsx"

    def organization_access(self, organization: str, *, complete: bool) -> str:
        """One organization's CSV."""
        return f"{PREFIX}{organization}_{self.ts}{_mark(complete=complete)}.csv"

    def organization_snapshot(self, organization: str, *, complete: bool) -> str:
        """One organization's snapshot."""
        return f"{PREFIX}{organization}_{self.ts}_snapshot{_mark(complete=complete)}.jsonl"

    def of_organization(self, organization: str) -> tuple[str, ...]:
        """All names that files of one organization can have, snapshots first."""
        return (
            self.organization_snapshot(organization, complete=True),
            self.organization_snapshot(organization, complete=False),
            self.organization_access(organization, complete=True),
            self.organization_access(organization, complete=False),
        )

    def organization_of(self, name: str) -> str | None:
        """Give the organization whose file has that name; None where it is not an organization's file."""
        organization = name.removeprefix(PREFIX).partition(f"_{self.ts}")[0]
        return organization if name in self.of_organization(organization) else None

    def is_of_whole(self, name: str) -> bool:
        """Whether a file of that name is made from all organizations: merged, or the manifest."""
        start = f"{PREFIX}{self.ts}"
        # An organization's name can be digits, but has no `.` and no `_` in it.
        return name.startswith((f"{start}.", f"{start}_")) and not name.startswith(f"{start}_shard_")

    def is_draft(self, name: str) -> bool:
        """Whether a file of that name is one of the run's that was never published."""
        return name.startswith(f".{PREFIX}") and self.ts in name and name.endswith((".part", ".claim"))

    @staticmethod
    def is_run_file(name: str) -> bool:
        """Whether a file of that name begins a run."""
        return name.startswith(PREFIX) and name.endswith("_run.json")

    def taken(self, name: str) -> bool:
        """Whether a file of that name belongs to a run with this very `ts`."""
        return name.startswith(PREFIX) and self.ts in name


def _mark(*, complete: bool) -> str:
    """What stands before the extension of an incomplete organization's files."""
    return "" if complete else "_INCOMPLETE"
