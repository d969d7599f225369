"""Opens a campaign: the population of a complete run, and sheets for each reviewer, all of them or none."""

import contextlib
import threading
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sso_batch import __version__
from sso_batch.access import NOT_READ
from sso_batch.campaign import file_names
from sso_batch.campaign.closed import manifest_sha256
from sso_batch.campaign.item import ASSIGNMENT, MEMBERSHIP, Item
from sso_batch.campaign.population import Population
from sso_batch.campaign.previous import ClosedCampaign
from sso_batch.campaign.record import (
    SCHEMA,
    CampaignError,
    CampaignRecord,
    CampaignScope,
    FallbackCounts,
    File,
    LeftOut,
    ReviewedOrganization,
    ReviewedRun,
    encode_campaign,
)
from sso_batch.campaign.reviewers import FALLBACK, OWN_ACCESS, Reviewers
from sso_batch.campaign.sheets.facts import SheetFacts
from sso_batch.campaign.sheets.writing import SheetFiles
from sso_batch.config import Config
from sso_batch.errors import UsageError
from sso_batch.model import Snapshot
from sso_batch.review.reviewer import Reviewer as Checker
from sso_batch.review.roster import Roster
from sso_batch.review.rules import Rules
from sso_batch.review.snapshot_index import SnapshotIndex
from sso_batch.run_files.results import OrganizationOutcome, Status
from sso_batch.run_files.snapshot import SnapshotError
from sso_batch.run_files.stored_runs import StoredRun
from sso_batch.run_files.verification import read_snapshot
from sso_batch.store import Store

_NAMED = 10  # organizations in an error


@dataclass(frozen=True, slots=True)
class Opening:
    """What a campaign is opened with; `organizations` are those of the run to review, by default all."""

    config: Config
    run: StoredRun
    roster: Roster | None
    scope: CampaignScope
    since: ClosedCampaign | None
    organizations: Collection[str]
    opened_at: datetime


def open_campaign(store: Store, opening: Opening) -> CampaignRecord:
    """Write the files of a new campaign and return its record.

    Raises UsageError where the population would not be complete, FileExistsError where a file exists, or
    another OSError; then no file was written.
    """
    outcomes = _selected(opening)
    snapshots = _Snapshots(opening.run, outcomes)
    reviewers = Reviewers(opening.config.campaign)
    rules = Rules.from_config(opening.config.review, today=opening.opened_at.date())
    checker = Checker(rules, lambda: None)
    population = Population(reviewers, opening.roster, opening.since, opening.scope)
    organizations: list[ReviewedOrganization] = []
    people: tuple[str, ...] = ()
    for outcome, snapshot in zip(outcomes, snapshots, strict=True):
        before = len(population.items)
        checker.examine(SnapshotIndex(snapshot, roster=opening.roster))
        population.add(snapshot, checker.take())
        if organizations and snapshot.people != people:
            raise CampaignError(
                f"{outcome.name} was read with other attributes of users than the organizations before it",
                hint="repeat the run with one configuration",
            )
        people = snapshot.people
        organizations.append(_organization(outcome, snapshot, len(population.items) - before))
        del snapshot  # free it before the next one is read
    items = population.finish(checker.finish().findings)
    _require_different(items)
    with contextlib.ExitStack() as drafts:
        files = SheetFiles(store, drafts, _sheet_facts(opening, people))
        written = files.write(items)
        if opening.scope != "all":
            files.write_out_of_scope(population.out_of_scope)
        kinds = Counter(item.kind for item in items)
        chosen_by = Counter(item.reviewer_rule for item in items)
        record = CampaignRecord.model_construct(
            schema_=SCHEMA,
            version=__version__,
            opened_at=opening.opened_at,
            due=(opening.opened_at + opening.config.campaign.due).date(),
            scope=opening.scope,
            run=_reviewed_run(opening.run),
            since=opening.since.record if opening.since else None,
            organizations=tuple(organizations),
            left_out=tuple(_left_out(opening, outcomes)),
            people=people,
            population=File.of(files.population),
            assignments=kinds[ASSIGNMENT],
            memberships=kinds[MEMBERSHIP],
            out_of_scope=len(population.out_of_scope),
            out_of_scope_file=File.of(files.out_of_scope) if files.out_of_scope else None,
            unread_groups=sum(item.people == NOT_READ for item in items),
            groups_without_access=population.groups_without_access,
            escape_formulas=opening.config.output.escape_formulas,
            require_comment=opening.config.campaign.require_comment,
            fallback=FallbackCounts(no_rule=chosen_by[FALLBACK], own_access=chosen_by[OWN_ACCESS]),
            reviewers=tuple(written),
        )
        draft = drafts.enter_context(store.draft(file_names.CAMPAIGN))
        draft.write(encode_campaign(record))
        store.publish(*files.drafts, draft)
    return record


@dataclass(frozen=True, slots=True)
class _Snapshots:
    """The snapshots of organizations, read one at a time."""

    run: StoredRun
    outcomes: Sequence[OrganizationOutcome]

    def __iter__(self) -> Iterator[Snapshot]:
        for outcome in self.outcomes:
            file = outcome.snapshot_file
            if file is None:
                raise CampaignError(f"{outcome.name} has no snapshot in this run")
            try:
                snapshot = read_snapshot(self.run.store, file, threading.Event())
            except (OSError, SnapshotError) as error:
                raise CampaignError(
                    f"the snapshot of {outcome.name} cannot be read: {error}",
                    hint="verify the run with `sso-batch verify`, or open the campaign on another run",
                ) from error
            yield snapshot
            del snapshot  # free it before the next one is read


def _selected(opening: Opening) -> list[OrganizationOutcome]:
    """Return the organizations to review; raise UsageError if one of them is not complete."""
    outcomes = {outcome.name: outcome for outcome in opening.run.manifest.outcome.organizations}
    if unknown := [name for name in opening.organizations if name not in outcomes]:
        raise UsageError(
            f"unknown organization {', '.join(unknown)}", hint=f"organizations of the run: {_named(outcomes)}"
        )
    chosen = [
        outcome
        for name, outcome in outcomes.items()
        if not opening.organizations or name in opening.organizations
    ]
    partial = [outcome for outcome in chosen if outcome.status is not Status.COMPLETE]
    if not partial:
        return chosen
    complete = [outcome.name for outcome in chosen if outcome.status is Status.COMPLETE]
    reasons = _named(f"{outcome.name} ({outcome.status.value})" for outcome in partial)
    narrowed = f", or review only the complete ones: --organization {','.join(complete)}" if complete else ""
    raise CampaignError(
        f"the population would not be complete: {reasons}",
        hint=f"repeat the run for them with `sso-batch run --resume`{narrowed}",
    )


def _left_out(opening: Opening, chosen: Iterable[OrganizationOutcome]) -> Iterator[LeftOut]:
    """Yield the organizations of the run or of the configuration that are not in the population."""
    names = {outcome.name for outcome in chosen}
    for outcome in opening.run.manifest.outcome.organizations:
        if outcome.name not in names:
            reason = f"left out with --organization; {outcome.status.value} in the run"
            yield LeftOut(name=outcome.name, reason=reason)
    not_selected = opening.run.manifest.not_selected
    for name in not_selected:
        yield LeftOut(name=name, reason="not selected in the run")
    known = {outcome.name for outcome in opening.run.manifest.outcome.organizations}.union(not_selected)
    for organization in opening.config.organizations:
        if organization.name not in known:
            yield LeftOut(name=organization.name, reason="not configured in the run")


def _organization(outcome: OrganizationOutcome, snapshot: Snapshot, items: int) -> ReviewedOrganization:
    instance = snapshot.instance
    return ReviewedOrganization(
        name=outcome.name,
        instance_arn=instance.arn,
        identity_store_id=instance.identity_store_id,
        region=instance.region,
        organization_id=instance.organization_id,
        management_account_id=instance.management_account_id,
        caller_account_id=instance.caller_account_id,
        started_at=snapshot.started_at,
        items=items,
        snapshot_sha256=outcome.snapshot_file.sha256 if outcome.snapshot_file else "",
        not_examined=tuple(item.text for item in snapshot.not_examined),
    )


def _reviewed_run(run: StoredRun) -> ReviewedRun:
    manifest = run.manifest
    return ReviewedRun(
        run_id=manifest.run_id,
        ts=manifest.ts,
        started_at=manifest.started_at,
        finished_at=manifest.finished_at,
        status=manifest.status.value,
        version=manifest.version,
        manifest_sha256=manifest_sha256(run),
        endpoint_overrides=manifest.endpoint_overrides,
    )


def _sheet_facts(opening: Opening, people: tuple[str, ...]) -> SheetFacts:
    campaign = opening.config.campaign
    return SheetFacts(
        run_id=opening.run.manifest.run_id,
        run_started_at=opening.run.manifest.started_at,
        opened_at=opening.opened_at,
        due=(opening.opened_at + campaign.due).date(),
        people=people,
        require_comment=campaign.require_comment,
        escape_formulas=opening.config.output.escape_formulas,
    )


def _require_different(items: Sequence[Item]) -> None:
    if len({item.id for item in items}) != len(items):
        raise CampaignError(
            "two items of the population have the same id",
            hint="please report it: no campaign can be opened on this run",
        )


def _named(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _NAMED} more" if len(listed) > _NAMED else ""
    return ", ".join(listed[:_NAMED]) + more
