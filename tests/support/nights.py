"""An output place with runs of several nights: complete, incomplete, unmerged and unfinished ones."""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sso_batch.model import Snapshot
from sso_batch.report import findings_csv
from sso_batch.review.finding import Finding
from sso_batch.run_files.file_names import RUN_FILE, FileNames
from sso_batch.run_files.manifest import encode_manifest, encode_run_file
from sso_batch.run_files.results import OrganizationOutcome, Status
from sso_batch.run_files.run import RunFacts
from sso_batch.run_files.writer import write_document, write_merged, write_organization, write_rows
from sso_batch.sharding import Shard
from sso_batch.store import FileEntry, FileKind, Folder
from tests.support.overviews import company, findings, with_gap
from tests.support.records import gap, outcome, run_outcome

NIGHTS = ("20261121", "20261122", "20261123", "20261124", "20261125")

LOGIN = "CORP\\ada"
"""A login with a backslash, which a careless reader takes for an escape."""


def described(records: Snapshot, *people: str) -> Snapshot:
    """Return an organization whose users have these attributes, with the attribute's name in the value.

    The level of one permission set can be higher, because a customer managed policy was not read.
    """
    permission_sets = tuple(
        replace(item, customer_managed_policies=("/Custom",)) if item.name == "Billing" else item
        for item in records.permission_sets
    )
    users = tuple(
        replace(user, attributes=tuple((name, f"{name} of {user.id}") for name in people))
        for user in records.users
    )
    users = (replace(users[0], login=LOGIN), *users[1:])
    return replace(records, people=people, users=users, permission_sets=permission_sets)


def without_grants(records: Snapshot) -> Snapshot:
    """Return an organization in which nobody has access any more."""
    return replace(records, grants=(), memberships=())


_ACME, _GLOBEX = company("acme", 1), company("globex", 2, users=12, grants=20)

FIRST = {
    "acme": described(_ACME, "department", "employee_number"),
    "globex": described(_GLOBEX, "department", "employee_number"),
    "hooli": described(company("hooli", 3, users=12, grants=9), "department", "employee_number"),
}
"""All organizations, complete."""

SECOND = {
    "acme": replace(described(_ACME, "employee_number"), grants=_ACME.grants[1:]),
    "globex": with_gap(described(_GLOBEX, "employee_number")),
    "hooli": without_grants(described(company("hooli", 3, users=12, grants=9), "employee_number")),
}
"""One assignment of acme is removed, globex is incomplete, and nobody has access in hooli."""

THIRD = {"acme": described(_ACME)}
"""The assignment of acme is back; globex and hooli failed. No attributes are reported."""

FOURTH = {"acme": described(_ACME)}
"""A shard with acme; the other shard, and the merged files, are missing."""

FIFTH = {"hooli": without_grants(described(company("hooli", 3)))}
"""hooli alone, in a run that was killed: it has no manifest."""

SNAPSHOTS = dict(zip(NIGHTS, (FIRST, SECOND, THIRD, FOURTH, FIFTH), strict=True))

FINDINGS = {"20261121": findings("acme"), "20261122": (*findings("acme")[:2],), "20261123": ()}
"""The findings of the runs that have merged files."""

SHARDED = "20261124"

FAILED = {"20261123": ("globex", "hooli")}


def write_nights(place: Path) -> None:
    """Write all runs below a folder."""
    *ended, sharded, _ = (_Night(place, run, shards=2 if run == SHARDED else 1) for run in NIGHTS)
    for night in ended:
        night.write_merged_files(FINDINGS[night.run])
        night.write_manifest(FAILED.get(night.run, ()))
    sharded.write_manifest((), shard=Shard(0, 2))


class _Night:
    def __init__(self, place: Path, run: str, *, shards: int) -> None:
        self.run = run
        self._stop = threading.Event()
        self._names = FileNames(run, f"{run}_031700")
        self._store = Folder(place.parent, place.name, run)
        self._outcomes: list[OrganizationOutcome] = []
        self._parts: list[FileEntry] = []
        started = datetime.strptime(f"{run}0317+0000", "%Y%m%d%H%M%z")
        write_document(self._store, RUN_FILE, encode_run_file(self._names, started, shards=shards))
        for name, snapshot in SNAPSHOTS[run].items():
            records = replace(snapshot, started_at=started, finished_at=started)
            written = write_organization(
                self._store, self._names, records, csv=True, escape=True, stop=self._stop
            )
            status = Status.COMPLETE if records.complete else Status.INCOMPLETE
            self._outcomes.append(outcome(name, status, gaps=records.gaps, files=written.files))
            self._parts.append(written.files[0])
        self._complete = all(records.complete for records in SNAPSHOTS[run].values())

    def write_merged_files(self, found: Iterable[Finding]) -> None:
        """Write the merged access CSV and the findings."""
        complete = self._complete and self.run not in FAILED
        people = next(iter(SNAPSHOTS[self.run].values())).people
        write_merged(
            self._store, self._names.access(complete=complete), self._parts, people=people, stop=self._stop
        )
        write_rows(
            self._store,
            self._names.findings(complete=complete),
            FileKind.FINDINGS_CSV,
            findings_csv.HEADER,
            findings_csv.lines(found, escape=True),
            stop=self._stop,
        )

    def write_manifest(self, failed: Sequence[str], shard: Shard | None = None) -> None:
        """Write the manifest, of the run or of one shard."""
        lost = [outcome(name, Status.FAILED, instance=None, gaps=(gap(name),)) for name in failed]
        facts = RunFacts(self._names, "0" * 64, "complete", (), shard)
        run = run_outcome(*self._outcomes, *lost)
        write_document(self._store, facts.manifest_name, encode_manifest(facts, run))
