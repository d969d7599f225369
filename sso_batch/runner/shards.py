"""What the shards of a run have reported, put together in the order of the configuration. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sso_batch.errors import OrganizationError
from sso_batch.model import Gap
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.manifest import Manifest
from sso_batch.run_files.results import NOTHING, OrganizationOutcome, Status
from sso_batch.sharding import Shard

CHANGED = "FilesChanged"
"""The code of the gap of an organization whose files are not as they were written."""

_PREFERRED = (Status.COMPLETE, Status.INCOMPLETE, Status.FAILED, Status.INTERRUPTED)


@dataclass(frozen=True, slots=True)
class Reports:
    """The manifests of a run's shards, by their numbers, as far as they are there."""

    count: int
    manifests: Mapping[int, Manifest]

    @property
    def missing(self) -> tuple[int, ...]:
        """The shards that have not reported, or were told to end: another try of those will come."""
        return tuple(
            index
            for index in range(self.count)
            if index not in self.manifests or self.manifests[index].outcome.signal is not None
        )

    def not_selected(self, order: Sequence[str]) -> tuple[str, ...]:
        """The organizations that the shards were told to leave out."""
        reported = {one.name for each in self.manifests.values() for one in each.outcome.organizations}
        left_out = {name for each in self.manifests.values() for name in each.not_selected}
        return tuple(name for name in order if name in left_out - reported)

    def of(self, organization: str) -> OrganizationOutcome | None:
        """What was reported of an organization; the better where two shards did."""
        found = [
            one
            for each in self.manifests.values()
            for one in each.outcome.organizations
            if one.name == organization
        ]
        return min(found, key=lambda one: _PREFERRED.index(one.status), default=None)


def is_report(manifest: Manifest, names: FileNames, shard: Shard) -> bool:
    """Whether a manifest is that of this shard of this run."""
    return (manifest.run_id, manifest.ts, manifest.shard) == (names.run_id, names.ts, str(shard))


def names_expected(names: FileNames, outcome: OrganizationOutcome, *, csv: bool) -> tuple[str, ...]:
    """The names of the files that an organization of this outcome has, in the manifest's order."""
    complete = outcome.status is Status.COMPLETE
    records = names.organization_snapshot(outcome.name, complete=complete)
    return (names.organization_access(outcome.name, complete=complete), records) if csv else (records,)


def lost(outcome: OrganizationOutcome, error: OrganizationError) -> OrganizationOutcome:
    """The outcome of an entry whose instance an earlier entry has read, in another shard."""
    gap = Gap(error.operation, outcome.name, error.code, error.message, error.hint)
    return replace(
        outcome, status=Status.FAILED, counts=NOTHING, not_examined=(), gaps=(gap,), files=(), findings=None
    )


def unreported(organization: str, shard: Shard) -> Gap:
    """The gap of an organization whose shard has not reported."""
    return Gap(
        "merge",
        organization,
        "ShardMissing",
        f"shard {shard} has not reported, and has left no finished files of this organization",
        f"run again with --shard {shard} --resume and the same --run-id, then merge again",
    )


def changed(organization: str) -> Gap:
    """The gap of an organization whose files are not those that its shard has reported."""
    return Gap(
        "merge",
        organization,
        CHANGED,
        "the organization's files are not there as its shard has reported them, "
        "or were made by another configuration",
        "run its shard again with --resume and the same --run-id and configuration, then merge again",
    )
