"""The names of a run's files."""

from dataclasses import dataclass

PREFIX = "aws_sso_access_report_"


@dataclass(frozen=True, slots=True)
class FileNames:
    """Names for the run `run_id`, whose `ts` is its start in UTC as `YYYYMMDD_HHMMSS`."""

    run_id: str
    ts: str

    @property
    def run(self) -> str:
        """The run file: the first of the run."""
        return f"{PREFIX}{self.run_id}_run.json"

    @property
    def manifest(self) -> str:
        """The manifest: the last of the run."""
        return f"{PREFIX}{self.ts}_manifest.json"

    def access(self, *, complete: bool) -> str:
        """The merged CSV."""
        return f"{PREFIX}{self.ts}{_mark(complete=complete)}.csv"

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
