"""Proves with a later run that a closed campaign was carried out, organization by organization."""

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from sso_batch.campaign.closed import Closed
from sso_batch.campaign.decisions import REVOKE
from sso_batch.campaign.item import Item
from sso_batch.campaign.proof import ProvedItem, Prover, Result, incomparable_reason, not_read
from sso_batch.campaign.record import CampaignError, ReviewedOrganization
from sso_batch.dates import format_date
from sso_batch.model import Snapshot
from sso_batch.run_files.results import Status
from sso_batch.run_files.snapshot import SnapshotError
from sso_batch.run_files.stored_runs import StoredRun
from sso_batch.run_files.verification import read_snapshot


@dataclass(frozen=True, slots=True)
class EarlierProof:
    """An earlier run with which revocations were proved, and the ids of the items that were gone in it."""

    run_id: str
    gone: frozenset[str]


@dataclass(frozen=True, slots=True)
class Proving:
    """A closed campaign, a later run, the runs between them, and earlier proofs.

    `between` are complete or incomplete runs of the same output place; they are read only where something is
    there that was first seen after the campaign.
    """

    closed: Closed
    run: StoredRun
    between: Iterable[StoredRun]
    earlier: Sequence[EarlierProof]

    def __post_init__(self) -> None:
        reviewed, proving = self.closed.record.run, self.run.manifest
        if (proving.ts, proving.started_at) < (reviewed.ts, reviewed.started_at):
            raise CampaignError(
                f"run {proving.run_id} is older than the reviewed run {reviewed.run_id}",
                hint="pass a run that was made after the revocations",
            )

    def results(self) -> Iterator[ProvedItem]:
        """Yield the result of each revocation, in the order of the decisions within an organization."""
        revoked: defaultdict[str, list[Item]] = defaultdict(list)
        population: defaultdict[str, list[Item]] = defaultdict(list)
        for item, _ in self.closed.out_of_scope:
            population[item.organization].append(item)
        for item, decided in self.closed.decided:
            population[item.organization].append(item)
            if decided.decision == REVOKE:
                revoked[item.organization].append(item)
        for organization in self.closed.record.organizations:
            items = revoked[organization.name]
            if items:
                yield from self._prove(organization, items, population[organization.name])

    def _prove(
        self,
        organization: ReviewedOrganization,
        items: Sequence[Item],
        population: Sequence[Item],
    ) -> Iterator[ProvedItem]:
        snapshot, reason = _read(self.run, organization)
        if snapshot is not None:
            reason = incomparable_reason(snapshot, organization)
        if snapshot is None or reason:
            yield from not_read(items, reason)
            return
        prover = Prover(snapshot, organization, population)
        proved = [prover.prove(item) for item in items]
        returned = self._returned(organization, proved)
        for each in proved:
            yield each.came_back(returned[each.item.id]) if each.item.id in returned else each

    def _returned(
        self, organization: ReviewedOrganization, proved: Iterable[ProvedItem]
    ) -> Mapping[str, str]:
        """Return the items that were gone in a run between, each with the id of the run."""
        returned: dict[str, str] = {}
        opened = format_date(self.closed.record.run.started_at)
        searched: list[ProvedItem] = []
        for each in proved:
            if each.result is not Result.STILL_THERE:
                continue
            item_id = each.item.id
            for proof in self.earlier:
                if item_id in proof.gone:
                    returned[item_id] = proof.run_id
            if item_id not in returned and each.first_seen > opened:
                searched.append(each)
        if searched:
            returned |= self._absent_between(organization, searched)
        return returned

    def _absent_between(
        self, organization: ReviewedOrganization, searched: Sequence[ProvedItem]
    ) -> Mapping[str, str]:
        """Return the items that a run before their first one lacks, each with the id of that run."""
        found: dict[str, str] = {}
        for run in self.between:
            before = format_date(run.manifest.started_at)
            wanted = [
                each.item for each in searched if before < each.first_seen and each.item.id not in found
            ]
            if not wanted:
                continue
            snapshot, _ = _read(run, organization)
            if snapshot is None or incomparable_reason(snapshot, organization):
                continue
            prover = Prover(snapshot, organization, ())
            found |= {item.id: run.manifest.run_id for item in wanted if prover.lacks(item)}
            if len(found) == len(searched):
                break
        return found


def _read(run: StoredRun, organization: ReviewedOrganization) -> tuple[Snapshot | None, str]:
    """Return the snapshot of an organization in a run, or why there is none.

    An organization that has another name now is found by its instance of IAM Identity Center.
    """
    outcomes = run.manifest.outcome.organizations
    named = (each for each in outcomes if each.name == organization.name)
    same = (each for each in outcomes if each.instance and each.instance.arn == organization.instance_arn)
    outcome = next(chain(same, named), None)
    if outcome is None:
        return None, "the organization is not in this run"
    if outcome.status is not Status.COMPLETE or outcome.snapshot_file is None:
        return None, f"the organization is {outcome.status.value} in this run"
    try:
        return read_snapshot(run.store, outcome.snapshot_file, threading.Event()), ""
    except (OSError, SnapshotError) as error:
        return None, f"its snapshot cannot be read: {error}"
