"""The organizations of a run, from what its shards have reported and left."""

import threading
from collections.abc import Sequence
from datetime import datetime

from sso_batch.model import Gap
from sso_batch.run_files.results import NO_CALLS, NOTHING, OrganizationOutcome, Status
from sso_batch.runner.existing_results import Archive
from sso_batch.runner.instance_claims import same_instance
from sso_batch.runner.shards import Reports, changed, lost, names_expected, unreported
from sso_batch.sharding import Shard


class Joining:
    """Joins the organizations of `order`: those of the configuration that were selected, in its order."""

    def __init__(
        self, archive: Archive, reports: Reports, order: Sequence[str], stop: threading.Event
    ) -> None:
        self._archive = archive
        self._reports = reports
        self._order = tuple(order)
        self._stop = stop
        self._holders: dict[str, str] = {}

    def outcomes(self) -> tuple[OrganizationOutcome, ...]:
        """One for each organization; of two with one instance the later one fails. Raises Stopped."""
        return tuple(self._alone(name) for name in self._order)

    def _alone(self, name: str) -> OrganizationOutcome:
        reported = self._reports.of(name)
        if reported is not None and (failed := self._lost(reported)):
            return failed
        outcome = self._there(name, reported)
        if failed := self._lost(outcome):
            return failed
        if outcome.status.was_read and outcome.instance is not None:
            self._holders[outcome.instance.arn] = name
        return outcome

    def _lost(self, outcome: OrganizationOutcome) -> OrganizationOutcome | None:
        """The failure of an entry whose instance an earlier one has; its files are taken back."""
        arn = outcome.instance.arn if outcome.instance else None
        if not outcome.status.was_read or arn is None or arn not in self._holders:
            return None
        self._archive.remove(outcome.name)
        return lost(outcome, same_instance(self._holders[arn], arn))

    def _there(self, name: str, reported: OrganizationOutcome | None) -> OrganizationOutcome:
        """What was reported, where its files are as reported; else what the files that are there tell."""
        if reported is not None and (reported.status is Status.FAILED or self._stands(reported)):
            return reported
        snapshot = self._archive.best(name, self._stop)
        if snapshot is not None:
            return self._archive.outcome(snapshot, self._stop)
        if reported is None:
            return self._nothing(name, unreported(name, self._shard(name)))
        if reported.status is Status.INTERRUPTED:
            return reported
        return self._nothing(name, changed(name))

    def _stands(self, reported: OrganizationOutcome) -> bool:
        archive = self._archive
        expected = names_expected(archive.facts.names, reported, csv=archive.csv)
        return (
            reported.status.was_read
            and tuple(file.name for file in reported.files) == expected
            and archive.made_by_this_configuration(reported.files[-1].name, reported.name)
            and all(archive.is_intact(file, self._stop) for file in reported.files)
        )

    def _shard(self, name: str) -> Shard:
        """Whose part the organization was."""
        shards = [Shard(index, self._reports.count) for index in range(self._reports.count)]
        return next(shard for shard in shards if name in shard.part(self._order))

    def _nothing(self, name: str, gap: Gap) -> OrganizationOutcome:
        return nothing(name, Status.FAILED, self._archive.clock(), gap)


def nothing(name: str, status: Status, now: datetime, *gaps: Gap) -> OrganizationOutcome:
    """The outcome of an organization of which a merge knows nothing."""
    return OrganizationOutcome(
        name=name,
        status=status,
        started_at=now,
        finished_at=now,
        region=None,
        instance=None,
        counts=NOTHING,
        calls=NO_CALLS,
        not_examined=(),
        gaps=gaps,
        files=(),
    )
