"""What is already there of a run: organizations are taken over, and what does not stand is removed."""

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sso_batch.config import Config, Organization, reading_fingerprint
from sso_batch.model import Snapshot
from sso_batch.review.settings import wants_outdated
from sso_batch.run_files.manifest import Manifest, ManifestError, read_manifest
from sso_batch.run_files.results import NO_CALLS, Counts, OrganizationOutcome, RunOutcome, Status
from sso_batch.run_files.run import RunFacts, until_stopped
from sso_batch.run_files.snapshot import SnapshotError, config_of, decode
from sso_batch.run_files.verification import read_verified
from sso_batch.run_files.writer import access_entry, count_rows, restore_access
from sso_batch.runner.resumption import Found, Standing, Wanted, abandoned, standing, unknown
from sso_batch.runner.shards import names_expected
from sso_batch.store import Checksum, FileEntry, FileKind, Store, lines


def reading_fingerprints(config: Config, organizations: Iterable[Organization]) -> dict[str, str]:
    """What decides each organization's rows, by its name."""
    outdated = wants_outdated(config.review)
    return {one.name: reading_fingerprint(config, one, outdated=outdated) for one in organizations}


@dataclass(frozen=True, slots=True)
class Archive:
    """The files of one run that are there.

    `fingerprints` has what decides each organization's rows. A finished organization that is older than
    `max_age` does not stand; None takes any.
    """

    store: Store
    facts: RunFacts
    fingerprints: Mapping[str, str]
    csv: bool
    escape_formulas: bool
    max_age: timedelta | None
    clock: Callable[[], datetime]
    entries: dict[str, FileEntry] = field(default_factory=dict)
    """What the manifest of an earlier try said of files that have not been read since; see `clear`."""

    def look(
        self, organization: str, stop: threading.Event, *, complete: bool = True
    ) -> tuple[Standing, Snapshot | None]:
        """Whether an organization's snapshot stands, and what is in it. Raises Stopped."""
        found = self._found(self.facts.names.organization_snapshot(organization, complete=complete), stop)
        oldest = None if self.max_age is None else self.clock() - self.max_age
        wanted = Wanted(organization, self.fingerprints[organization], oldest)
        return standing(found, wanted), found.snapshot

    def best(self, organization: str, stop: threading.Event) -> Snapshot | None:
        """An organization's snapshot, the complete one where it stands, else the incomplete one."""
        for complete, good in ((True, Standing.FINISHED), (False, Standing.INCOMPLETE)):
            judged, snapshot = self.look(organization, stop, complete=complete)
            if judged is good:
                return snapshot
        return None

    def made_by_this_configuration(self, snapshot_name: str, organization: str) -> bool:
        """Whether a snapshot that is there says so in its first record, which alone is read."""
        try:
            made_by = config_of(lines(self.store.read(snapshot_name)))
        except (OSError, SnapshotError):
            return False
        return made_by == self.fingerprints[organization]

    def take_over(
        self, organization: str, stop: threading.Event, *, incomplete: bool = False
    ) -> OrganizationOutcome | None:
        """The outcome of an organization that is finished, its files mended; None where none stands.

        With `incomplete`, a result that is incomplete stands, too. Raises Stopped, OSError.
        """
        if incomplete:
            snapshot = self.best(organization, stop)
        else:
            judged, snapshot = self.look(organization, stop)
            snapshot = snapshot if judged is Standing.FINISHED else None
        return None if snapshot is None else self.outcome(snapshot, stop)

    def outcome(self, snapshot: Snapshot, stop: threading.Event) -> OrganizationOutcome:
        """What a snapshot that is there tells; its CSV is written anew where it is not the snapshot's.

        Whatever else has the organization's name is removed. Raises Stopped, OSError.
        """
        names, organization, complete = self.facts.names, snapshot.organization, snapshot.complete
        records = names.organization_snapshot(organization, complete=complete)
        files = [self._snapshot_entry(records, stop)]
        if self.csv:
            files.insert(0, self._access(snapshot, stop))
        rows = files[0].rows if self.csv else count_rows(snapshot)
        self.remove(organization, but={file.name for file in files})
        return OrganizationOutcome(
            name=organization,
            status=Status.COMPLETE if complete else Status.INCOMPLETE,
            started_at=snapshot.started_at,
            finished_at=snapshot.finished_at,
            region=snapshot.instance.region,
            instance=snapshot.instance,
            counts=Counts.of(snapshot, rows=rows),
            calls=NO_CALLS,
            not_examined=snapshot.not_examined,
            gaps=snapshot.gaps,
            files=tuple(files),
            endpoint_overrides=snapshot.endpoint_overrides,
            resumed=True,
        )

    def remove(self, organization: str, *, but: Iterable[str] = ()) -> None:
        """Remove an organization's files, its snapshots first: a CSV alone counts nowhere."""
        for name in self.facts.names.of_organization(organization):
            if name not in but:
                self.store.remove(name)

    def finished_run(
        self, organizations: Collection[str], promised: Collection[str], stop: threading.Event
    ) -> RunOutcome | None:
        """The outcome of the run where its manifest says that nothing is left to do, and where that is so.

        It is complete, of this configuration, and was not ended by a signal. It has the `organizations`, and
        of others only those that it was told to read, with their files and those of the whole that are
        `promised`, all of them as the manifest says. Raises Stopped.
        """
        found = self.manifest(self.facts.manifest_name)
        if found is None or {found.status, found.outcome.status} != {Status.COMPLETE}:
            return None
        outcome, names = found.outcome, {one.name for one in found.outcome.organizations}
        everything = set(organizations if self.facts.shard else self.fingerprints)
        left_out = set() if self.facts.shard else set(found.not_selected)
        if found.config_sha256 != self.facts.config_sha256 or names | left_out != everything:
            return None
        if not names.issuperset(organizations) or {file.name for file in outcome.files} != set(promised):
            return None
        if any(
            tuple(file.name for file in one.files) != names_expected(self.facts.names, one, csv=self.csv)
            for one in outcome.organizations
        ):
            return None
        return outcome if all(self.is_intact(entry, stop) for entry in outcome.all_files) else None

    def manifest(self, name: str) -> Manifest | None:
        """A manifest of the run; None where it is not there, or is none."""
        try:
            found = read_manifest(b"".join(self.store.read(name)))
        except (OSError, ManifestError):
            return None
        return found if found.ts == self.facts.names.ts else None

    def clear(self) -> None:
        """Remove the manifests before anything that they name is changed, and what dead processes left.

        Files of organizations that the configuration no longer has are removed, too. What the manifest says
        of the others is kept, to verify those that are taken over.
        """
        if (found := self.manifest(self.facts.manifest_name)) is not None:
            self.entries.update({entry.name: entry for entry in found.outcome.all_files})
        self.store.remove(self.facts.names.manifest)
        self.store.remove(self.facts.manifest_name)
        stored = tuple(self.store.stored())
        for name in abandoned(self.facts.names, stored, self.clock()):
            self.store.remove(name)
        for name in unknown(self.facts.names, stored, self.fingerprints) if self.facts.shard is None else ():
            self.store.remove(name)

    def is_intact(self, entry: FileEntry, stop: threading.Event) -> bool:
        """Whether a file is as its manifest says. Raises Stopped."""
        try:
            for _ in until_stopped(read_verified(self.store, entry), stop):
                pass
        except OSError:
            return False
        return True

    def _snapshot_entry(self, name: str, stop: threading.Event) -> FileEntry:
        """Return the entry of a snapshot that is there. Raises Stopped, OSError."""
        checksum = Checksum()
        for chunk in until_stopped(self.store.read(name), stop):
            checksum.update(chunk)
        return FileEntry(name, FileKind.SNAPSHOT, checksum.sha256, 0, checksum.bytes)

    def _found(self, name: str, stop: threading.Event) -> Found:
        entry = self.entries.pop(name, None)
        try:
            chunks = self.store.read(name) if entry is None else read_verified(self.store, entry)
            return Found(there=True, snapshot=decode(until_stopped(lines(chunks), stop)))
        except FileNotFoundError:
            return Found(there=False, snapshot=None)
        except (OSError, SnapshotError):
            return Found(there=True, snapshot=None)

    def _access(self, snapshot: Snapshot, stop: threading.Event) -> FileEntry:
        """The entry of a snapshot's CSV, which is there afterwards."""
        name = self.facts.names.organization_access(snapshot.organization, complete=snapshot.complete)
        wanted = access_entry(name, snapshot, escape=self.escape_formulas, stop=stop)
        if not self.is_intact(wanted, stop):
            restore_access(self.store, name, snapshot, escape=self.escape_formulas, stop=stop)
        return wanted
