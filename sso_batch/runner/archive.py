"""What is already there of a run: organizations are taken over, and what does not stand is removed."""

import hashlib
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sso_batch.config import Config, Organization, reading_fingerprint
from sso_batch.model import Snapshot
from sso_batch.outcome import Calls, Counts, OrganizationOutcome, Status
from sso_batch.report.manifest import RunFacts
from sso_batch.report.manifest_reading import Manifest, ManifestError, read_manifest
from sso_batch.report.snapshot import SnapshotError, config_of, decode
from sso_batch.report.write import access_entry, count_rows, restore_access
from sso_batch.review.settings import wants_outdated
from sso_batch.runner.reading import until
from sso_batch.runner.resumption import Found, Standing, Wanted, abandoned, standing
from sso_batch.store import FileEntry, Store, lines


def reading_fingerprints(config: Config, organizations: Iterable[Organization]) -> dict[str, str]:
    """What decides each organization's rows, by its name."""
    outdated = wants_outdated(config.review)
    return {one.name: reading_fingerprint(config, one, outdated=outdated) for one in organizations}


_NO_CALLS = Calls(0, 0, 0, {})


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
            made_by = config_of(lines(self.store, snapshot_name))
        except (OSError, SnapshotError):
            return False
        return made_by == self.fingerprints[organization]

    def take_over(self, organization: str, stop: threading.Event) -> OrganizationOutcome | None:
        """The outcome of an organization that is finished, its files mended; None where none stands.

        Raises Stopped, OSError.
        """
        judged, snapshot = self.look(organization, stop)
        if judged is not Standing.FINISHED or snapshot is None:
            return None
        return self.outcome(snapshot, stop)

    def outcome(self, snapshot: Snapshot, stop: threading.Event) -> OrganizationOutcome:
        """What a snapshot that is there tells; its CSV is written anew where it is not the snapshot's.

        Whatever else has the organization's name is removed. Raises Stopped, OSError.
        """
        names, organization, complete = self.facts.names, snapshot.organization, snapshot.complete
        records = names.organization_snapshot(organization, complete=complete)
        files = [self.entry(records, stop)]
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
            calls=_NO_CALLS,
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

    def finished_run(self, stop: threading.Event) -> Manifest | None:
        """The manifest of the run where it is complete, of this configuration, and all files are as it says.

        Raises Stopped.
        """
        found = self.manifest(self.facts.manifest_name)
        if found is None or found.status is not Status.COMPLETE:
            return None
        if (found.config_sha256, found.not_selected) != (self.facts.config_sha256, self.facts.not_selected):
            return None
        outcome = found.outcome
        if {one.name for one in outcome.organizations} != set(self.fingerprints):
            return None
        entries = [*outcome.files, *(file for one in outcome.organizations for file in one.files)]
        return found if all(self.is_intact(entry, stop) for entry in entries) else None

    def manifest(self, name: str) -> Manifest | None:
        """A manifest of the run; None where it is not there, or is none."""
        try:
            found = read_manifest(b"".join(self.store.read(name)))
        except (OSError, ManifestError):
            return None
        return found if found.ts == self.facts.names.ts else None

    def clear(self) -> None:
        """Remove the manifests before anything that they name is changed, and what dead processes left."""
        self.store.remove(self.facts.names.manifest)
        self.store.remove(self.facts.manifest_name)
        for name in abandoned(self.facts.names, tuple(self.store.stored()), self.clock()):
            self.store.remove(name)

    def is_intact(self, entry: FileEntry, stop: threading.Event) -> bool:
        """Whether a file is as its manifest says. Raises Stopped."""
        try:
            return self.entry(entry.name, stop, rows=entry.rows) == entry
        except OSError:
            return False

    def entry(self, name: str, stop: threading.Event, *, rows: int = 0) -> FileEntry:
        """The entry of a file that is there. Raises Stopped, OSError."""
        digest, size = hashlib.sha256(), 0
        for chunk in until(stop, self.store.read(name)):
            digest.update(chunk)
            size += len(chunk)
        return FileEntry(name, digest.hexdigest(), rows, size)

    def _found(self, name: str, stop: threading.Event) -> Found:
        try:
            return Found(there=True, snapshot=decode(until(stop, lines(self.store, name))))
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
