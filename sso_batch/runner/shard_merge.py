"""The organizations of a run, from the manifests and the files that its shards have left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sso_batch.model import Gap, GapKind
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.manifest import Manifest
from sso_batch.run_files.results import OrganizationOutcome, Status
from sso_batch.run_files.verification import FILES_CHANGED
from sso_batch.runner.existing_results import ExistingResults, read_manifest_of
from sso_batch.runner.instance_claims import InstanceHolders
from sso_batch.sharding import Shard
from sso_batch.store import Store

_BEST_FIRST = (Status.COMPLETE, Status.INCOMPLETE, Status.FAILED, Status.INTERRUPTED)


@dataclass(frozen=True, slots=True)
class ShardManifests:
    """The manifests of a run's `count` shards, by their index, as far as they exist."""

    count: int
    manifests: Mapping[int, Manifest]

    @property
    def missing(self) -> tuple[int, ...]:
        """The shards without a manifest, or ended by a signal: another attempt of those will follow."""
        return tuple(
            index
            for index in range(self.count)
            if index not in self.manifests or self.manifests[index].outcome.signal is not None
        )

    def not_selected(self, order: Sequence[str]) -> tuple[str, ...]:
        """Return the organizations that no shard audited, because they were not selected."""
        manifests = self.manifests.values()
        reported = {outcome.name for manifest in manifests for outcome in manifest.outcome.organizations}
        left_out = {name for manifest in manifests for name in manifest.not_selected}
        return tuple(name for name in order if name in left_out - reported)

    def outcome_of(self, organization: str) -> OrganizationOutcome | None:
        """Return the outcome of an organization, the better one if two shards reported it."""
        outcomes = [
            outcome
            for manifest in self.manifests.values()
            for outcome in manifest.outcome.organizations
            if outcome.name == organization
        ]
        return min(outcomes, key=lambda outcome: _BEST_FIRST.index(outcome.status), default=None)


def read_shard_manifests(store: Store, names: FileNames, count: int) -> ShardManifests:
    """Return the manifests of a run's shards; those of other runs and other shards are ignored."""
    found: dict[int, Manifest] = {}
    for index in range(count):
        manifest = read_manifest_of(store, names.shard_manifest(index), names)
        expected = (names.run_id, str(Shard(index, count)))
        if manifest is not None and (manifest.run_id, manifest.shard) == expected:
            found[index] = manifest
    return ShardManifests(count, found)


class ShardMerge:
    """Merges the organizations of `order`: the selected ones, in the configuration's order."""

    def __init__(self, existing: ExistingResults, shards: ShardManifests, order: Sequence[str]) -> None:
        self._existing = existing
        self._shards = shards
        self._order = tuple(order)
        self._stop = existing.context.stop
        self._holders = InstanceHolders()

    def outcomes(self) -> tuple[OrganizationOutcome, ...]:
        """Return one outcome for each organization. Raises Stopped, OSError.

        Of two entries with the same instance the later one fails, and its files are removed.
        """
        return tuple(self._outcome(name) for name in self._order)

    def _outcome(self, name: str) -> OrganizationOutcome:
        reported = self._shards.outcome_of(name)
        if reported is not None and reported.status.was_read:
            conflict = self._holders.conflict(name, reported.instance)
            if conflict is not None:
                self._existing.remove(name)
                return reported.as_failed(conflict.gap(name))
        outcome = self._merged(name, reported)
        conflict = self._holders.claim(name, outcome.instance) if outcome.status.was_read else None
        if conflict is not None:
            self._existing.remove(name)
            return outcome.as_failed(conflict.gap(name))
        return outcome

    def _merged(self, name: str, reported: OrganizationOutcome | None) -> OrganizationOutcome:
        """Return the reported outcome if its files match it, else the outcome of the files that exist."""
        if reported is not None and (reported.status is Status.FAILED or self._is_usable(reported)):
            return reported
        snapshot = self._existing.best(name, self._stop)
        if snapshot is not None:
            return self._existing.outcome(snapshot, self._stop)
        if reported is not None and reported.status is Status.INTERRUPTED:
            return reported
        gap = _shard_missing(name, self._shard_of(name)) if reported is None else _files_changed(name)
        return OrganizationOutcome.unread(name, Status.FAILED, self._existing.context.clock(), gap)

    def _is_usable(self, reported: OrganizationOutcome) -> bool:
        existing, snapshot = self._existing, reported.snapshot_file
        return (
            reported.status.was_read
            and snapshot is not None
            and existing.has_expected_files(reported)
            and existing.made_by_this_configuration(snapshot.name, reported.name)
            and all(existing.is_intact(file, self._stop) for file in reported.files)
        )

    def _shard_of(self, name: str) -> Shard:
        """Return the shard that the organization belongs to."""
        shards = (Shard(index, self._shards.count) for index in range(self._shards.count))
        return next(shard for shard in shards if name in shard.part(self._order))


def _shard_missing(organization: str, shard: Shard) -> Gap:
    return Gap(
        GapKind.MERGE,
        "merge",
        organization,
        "ShardMissing",
        f"shard {shard} has not reported this organization, and there are no finished files of it",
        f"run again with --shard {shard} --resume and the same --run-id, then merge again",
    )


def _files_changed(organization: str) -> Gap:
    return Gap(
        GapKind.MERGE,
        "merge",
        organization,
        FILES_CHANGED,
        "the organization's files are missing, were changed since its shard wrote them, or were written with "
        "another configuration",
        "run its shard again with --resume and the same --run-id and configuration, then merge again",
    )
