"""The results that a run finds in its folder: complete ones are kept, everything else is removed."""

import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import PurePosixPath

from sso_batch.config import Config, Organization, reading_fingerprint
from sso_batch.model import Snapshot
from sso_batch.review.roster import Roster, fills_attributes, roster_sha256
from sso_batch.review.rules import needs_outdated_provisioning
from sso_batch.run_files.file_names import MANIFEST, ORGANIZATIONS, FileNames
from sso_batch.run_files.manifest import Manifest, ManifestError, read_manifest
from sso_batch.run_files.results import NO_CALLS, Counts, OrganizationOutcome, RunOutcome, Status
from sso_batch.run_files.run import until_stopped
from sso_batch.run_files.snapshot import SnapshotError, config_of, decode
from sso_batch.run_files.verification import read_verified
from sso_batch.run_files.writer import access_entry, count_rows, restore_access
from sso_batch.runner.context import RunContext
from sso_batch.store import Checksum, FileEntry, FileKind, Store, StoredFile, decode_lines

_ABANDONED_AFTER = timedelta(hours=1)
"""A draft that has not been written to for so long has lost its process."""


class ResultState(StrEnum):
    """Whether an existing result of an organization can be kept, or why not."""

    FINISHED = "finished"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    OTHER_ORGANIZATION = "other organization"
    INCOMPLETE = "incomplete"
    TOO_OLD = "too old"
    OTHER_CONFIGURATION = "other configuration"


@dataclass(frozen=True, slots=True)
class Requirements:
    """What an existing result must meet: its organization, its configuration, and how old it may be."""

    organization: str
    config_sha256: str
    not_before: datetime | None


@dataclass(frozen=True, slots=True)
class ExistingSnapshot:
    """A snapshot file: whether it exists, and its content if it can be read."""

    exists: bool
    snapshot: Snapshot | None


def result_state(existing: ExistingSnapshot, required: Requirements) -> ResultState:
    """Return whether an organization's result can be kept, or why not.

    Its snapshot alone decides, because it is published last: a CSV without one was left by a process that
    was killed.
    """
    snapshot = existing.snapshot
    if snapshot is None:
        return ResultState.UNREADABLE if existing.exists else ResultState.MISSING
    if snapshot.organization != required.organization:
        return ResultState.OTHER_ORGANIZATION
    if snapshot.config_sha256 != required.config_sha256:
        return ResultState.OTHER_CONFIGURATION
    if required.not_before is not None and snapshot.finished_at < required.not_before:
        return ResultState.TOO_OLD
    return ResultState.FINISHED if snapshot.complete else ResultState.INCOMPLETE


def reading_fingerprints(
    config: Config, organizations: Iterable[Organization], roster: Roster | None = None
) -> dict[str, str]:
    """Return the fingerprint of the settings that decide each organization's rows, by its name."""
    outdated = needs_outdated_provisioning(config.review)
    filled = roster_sha256(roster) if fills_attributes(config.collect.people) else ""
    return {
        organization.name: reading_fingerprint(config, organization, outdated=outdated, roster=filled)
        for organization in organizations
    }


@dataclass(frozen=True, slots=True)
class ExistingResults:
    """The files of one run that exist already.

    `fingerprints` says which settings decide each organization's rows. A finished organization that is older
    than `max_age` is not kept; None keeps any.
    """

    context: RunContext
    fingerprints: Mapping[str, str]
    max_age: timedelta | None
    _entries: dict[str, FileEntry] = field(default_factory=dict)
    """The entries of an earlier attempt's manifest whose files have not been read since; see `clear`."""

    def take_over(
        self, organization: str, stop: threading.Event, *, incomplete: bool = False
    ) -> OrganizationOutcome | None:
        """Return the outcome of an organization that is finished; None where no result can be kept.

        Its CSV is restored if it was changed. With `incomplete`, an incomplete result is kept, too. Raises
        Stopped, OSError.
        """
        if incomplete:
            snapshot = self.best(organization, stop)
        else:
            state, snapshot = self._examine(organization, stop)
            snapshot = snapshot if state is ResultState.FINISHED else None
        return None if snapshot is None else self.outcome(snapshot, stop)

    def best(self, organization: str, stop: threading.Event) -> Snapshot | None:
        """Return an organization's complete snapshot, else its incomplete one, if it can be kept."""
        for complete, wanted in ((True, ResultState.FINISHED), (False, ResultState.INCOMPLETE)):
            state, snapshot = self._examine(organization, stop, complete=complete)
            if state is wanted:
                return snapshot
        return None

    def outcome(self, snapshot: Snapshot, stop: threading.Event) -> OrganizationOutcome:
        """Return the outcome of a snapshot that exists; write its CSV if it is missing or was changed.

        All other files of the organization are removed. Raises Stopped, OSError.
        """
        names, organization, complete = self.context.names, snapshot.organization, snapshot.complete
        files = [self._snapshot_entry(names.organization_snapshot(organization, complete=complete), stop)]
        if self.context.csv:
            files.insert(0, self._restored_access(snapshot, stop))
        rows = files[0].rows if self.context.csv else count_rows(snapshot)
        self.remove(organization, keep={file.name for file in files})
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
            listing=snapshot.listing,
        )

    def made_by_this_configuration(self, snapshot_name: str, organization: str) -> bool:
        """Return whether the first record of a snapshot has this configuration's fingerprint."""
        try:
            made_by = config_of(decode_lines(self.context.store.read(snapshot_name)))
        except (OSError, SnapshotError):
            return False
        return made_by == self.fingerprints[organization]

    def remove(self, organization: str, *, keep: Iterable[str] = ()) -> None:
        """Remove an organization's files, its snapshots first: a CSV alone counts nowhere."""
        for name in self.context.names.of_organization(organization):
            if name not in keep:
                self.context.store.remove(name)

    def finished_run(
        self, organizations: Collection[str], merged_files: Collection[str], stop: threading.Event
    ) -> RunOutcome | None:
        """Return the outcome of the run if its manifest says that nothing is left to do, and that is so.

        The run must be complete, of this configuration, and not ended by a signal. It must have the
        `organizations`, others only if they were selected then, and all `merged_files`; every file must be
        as the manifest says. Raises Stopped.
        """
        facts = self.context.facts
        manifest = read_manifest_of(self.context.store, facts.manifest_name, facts.names)
        if manifest is None or {manifest.status, manifest.outcome.status} != {Status.COMPLETE}:
            return None
        outcome = manifest.outcome
        names = {each.name for each in outcome.organizations}
        everything = set(organizations if facts.shard else self.fingerprints)
        left_out = set() if facts.shard else set(manifest.not_selected)
        if manifest.config_sha256 != facts.config_sha256 or names | left_out != everything:
            return None
        if not names.issuperset(organizations):
            return None
        if {file.name for file in outcome.files} != set(merged_files):
            return None
        if not all(self.has_expected_files(each) for each in outcome.organizations):
            return None
        return outcome if all(self.is_intact(entry, stop) for entry in outcome.all_files) else None

    def has_expected_files(self, outcome: OrganizationOutcome) -> bool:
        """Return whether an outcome names just the files that this run writes of such an organization."""
        complete = outcome.status is Status.COMPLETE
        expected = self.context.names.expected(outcome.name, complete=complete, csv=self.context.csv)
        return tuple(file.name for file in outcome.files) == expected

    def is_intact(self, entry: FileEntry, stop: threading.Event) -> bool:
        """Return whether a file is as its entry says. Raises Stopped."""
        try:
            for _ in until_stopped(read_verified(self.context.store, entry), stop):
                pass
        except OSError:
            return False
        return True

    def clear(self) -> None:
        """Remove the manifests, before anything that they name is changed, and what dead processes left.

        Files of organizations that the configuration no longer has are removed, too. The entries of the
        others are kept, to verify the results that are taken over.
        """
        facts, store = self.context.facts, self.context.store
        manifest = read_manifest_of(store, facts.manifest_name, facts.names)
        if manifest is not None:
            self._entries.update({entry.name: entry for entry in manifest.outcome.all_files})
        store.remove(MANIFEST)
        store.remove(facts.manifest_name)
        stored = tuple(store.stored())
        obsolete = abandoned_drafts(stored, self.context.clock())
        if facts.shard is None:
            obsolete += files_of_unknown_organizations(facts.names, stored, self.fingerprints)
        for name in obsolete:
            store.remove(name)

    def _examine(
        self, organization: str, stop: threading.Event, *, complete: bool = True
    ) -> tuple[ResultState, Snapshot | None]:
        """Return the state of an organization's snapshot, and its content. Raises Stopped."""
        existing = self._read(self.context.names.organization_snapshot(organization, complete=complete), stop)
        oldest = None if self.max_age is None else self.context.clock() - self.max_age
        required = Requirements(organization, self.fingerprints[organization], oldest)
        return result_state(existing, required), existing.snapshot

    def _read(self, name: str, stop: threading.Event) -> ExistingSnapshot:
        store, entry = self.context.store, self._entries.pop(name, None)
        try:
            chunks = store.read(name) if entry is None else read_verified(store, entry)
            return ExistingSnapshot(exists=True, snapshot=decode(until_stopped(decode_lines(chunks), stop)))
        except FileNotFoundError:
            return ExistingSnapshot(exists=False, snapshot=None)
        except (OSError, SnapshotError):
            return ExistingSnapshot(exists=True, snapshot=None)

    def _snapshot_entry(self, name: str, stop: threading.Event) -> FileEntry:
        """Return the entry of a snapshot that exists. Raises Stopped, OSError."""
        checksum = Checksum()
        for chunk in until_stopped(self.context.store.read(name), stop):
            checksum.update(chunk)
        return FileEntry(name, FileKind.SNAPSHOT, checksum.sha256, 0, checksum.bytes)

    def _restored_access(self, snapshot: Snapshot, stop: threading.Event) -> FileEntry:
        """Return the entry of a snapshot's CSV; write the file if it is missing or was changed."""
        escape = self.context.escape_formulas
        name = self.context.names.organization_access(snapshot.organization, complete=snapshot.complete)
        entry = access_entry(name, snapshot, escape=escape, stop=stop)
        if not self.is_intact(entry, stop):
            restore_access(self.context.store, name, snapshot, escape=escape, stop=stop)
        return entry


def read_manifest_of(store: Store, name: str, names: FileNames) -> Manifest | None:
    """Return a manifest of the run that `names` belong to; None where it is missing or cannot be used."""
    try:
        manifest = read_manifest(b"".join(store.read(name)))
    except (OSError, ManifestError):
        return None
    return manifest if manifest.ts == names.ts else None


def files_of_unknown_organizations(
    names: FileNames, stored: Iterable[StoredFile], known: Iterable[str]
) -> tuple[str, ...]:
    """Return the files in the folders of organizations that are not `known`."""
    folders = {PurePosixPath(names.organization_folder(organization)) for organization in known}
    paths = [PurePosixPath(file.name) for file in stored]
    return tuple(
        str(path) for path in paths if str(path.parent.parent) == ORGANIZATIONS and path.parent not in folders
    )


def abandoned_drafts(stored: Iterable[StoredFile], now: datetime) -> tuple[str, ...]:
    """Return the run's unpublished files whose process must be gone.

    A newer one can belong to another process of the run and is left alone; no run reads it.
    """
    oldest = now - _ABANDONED_AFTER
    return tuple(file.name for file in stored if file.unpublished and file.modified < oldest)
