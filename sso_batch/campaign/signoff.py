"""The record of a closed campaign, `signoff.json`: what was reviewed, who decided, and what follows."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal

from pydantic import Field, NonNegativeInt

from sso_batch import __version__
from sso_batch.campaign.decisions import Decided
from sso_batch.campaign.item import Item
from sso_batch.campaign.record import (
    CampaignError,
    CampaignRecord,
    CampaignScope,
    Earlier,
    FallbackCounts,
    File,
    LeftOut,
)
from sso_batch.campaign.revocations import AWS, IDENTITY_PROVIDER, revocations
from sso_batch.run_files.json_records import Day, Moment, Sha256, StrictRecord, decode_record, encode_record

SCHEMA: Final = 1

MAX_OPEN_ITEMS = 1000
"""Items without a decision that the record names; the others are only counted."""


class Totals(StrictRecord):
    """Numbers of items by decision; `open` are those without one."""

    keep: NonNegativeInt
    revoke: NonNegativeInt
    unsure: NonNegativeInt
    open: NonNegativeInt

    @classmethod
    def of(cls, decided: Iterable[Decided]) -> "Totals":
        """Count decisions."""
        counts = Counter(each.decision for each in decided)
        return cls(keep=counts["keep"], revoke=counts["revoke"], unsure=counts["unsure"], open=counts[""])

    @property
    def items(self) -> int:
        """The number of items."""
        return self.keep + self.revoke + self.unsure + self.open

    @property
    def undecided(self) -> int:
        """The number of items that are open or unsure."""
        return self.unsure + self.open


class SignedCampaign(StrictRecord):
    """The campaign that was closed, and the run whose access was reviewed."""

    opened_at: Moment
    due: Day
    scope: CampaignScope
    since: Earlier | None
    run_id: str
    run_started_at: Moment
    run_finished_at: Moment
    endpoint_overrides: tuple[str, ...]
    manifest_sha256: Sha256
    population_sha256: Sha256
    campaign_sha256: Sha256


class SignedPopulation(StrictRecord):
    """The size of the population, and what is not in it."""

    items: NonNegativeInt
    assignments: NonNegativeInt
    memberships: NonNegativeInt
    out_of_scope: NonNegativeInt
    groups_without_access: NonNegativeInt
    unread_groups: NonNegativeInt


class SignedOrganization(StrictRecord):
    """An organization of the population: when it was read, and what was not examined."""

    name: str
    organization_id: str | None
    items: NonNegativeInt
    started_at: Moment
    not_examined: tuple[str, ...]


class ReturnedFile(StrictRecord):
    """A sheet as it was when the campaign was closed; `changed` is whether the reviewer changed it."""

    name: str
    sha256: Sha256
    modified: Moment
    changed: bool


class ReviewerResult(StrictRecord):
    """What a reviewer decided, and in which files."""

    address: str
    totals: Totals
    files: tuple[ReturnedFile, ...]


class RevocationCounts(StrictRecord):
    """How many items of an organization are to be revoked, and where."""

    organization: str
    aws: NonNegativeInt
    identity_provider: NonNegativeInt


class OpenItem(StrictRecord):
    """An item without a final decision: `decision` is unsure or empty."""

    id: str
    reviewer: str
    organization: str
    who: str
    what: str
    where: str
    decision: str


class Signoff(StrictRecord):
    """A closed campaign; `open_items` are the first of `totals.undecided` items."""

    schema_: Literal[1] = Field(alias="schema")
    version: str
    closed_at: Moment
    partial: bool
    campaign: SignedCampaign
    population: SignedPopulation
    organizations: tuple[SignedOrganization, ...]
    left_out: tuple[LeftOut, ...]
    totals: Totals
    reviewers: tuple[ReviewerResult, ...]
    fallback: FallbackCounts
    revocations: tuple[RevocationCounts, ...]
    waivers: NonNegativeInt
    open_items: tuple[OpenItem, ...]
    files: tuple[File, ...]


def sign_off(
    record: CampaignRecord,
    decided: Sequence[tuple[Item, Decided]],
    *,
    closed_at: datetime,
    campaign_sha256: str,
    sheets: Mapping[str, Iterable[ReturnedFile]],
    waivers: int,
    files: Iterable[File],
) -> Signoff:
    """Return the record of a campaign with its decisions.

    `sheets` are the files of each reviewer by address, `waivers` the number of waivers, and `files` what was
    written before.
    """
    totals = Totals.of(decision for _, decision in decided)
    by_reviewer: defaultdict[str, list[Decided]] = defaultdict(list)
    for item, decision in decided:
        by_reviewer[item.reviewer].append(decision)
    return Signoff.model_construct(
        schema_=SCHEMA,
        version=__version__,
        closed_at=closed_at,
        partial=bool(totals.undecided),
        campaign=_campaign(record, campaign_sha256),
        population=SignedPopulation(
            items=record.items,
            assignments=record.assignments,
            memberships=record.memberships,
            out_of_scope=record.out_of_scope,
            groups_without_access=record.groups_without_access,
            unread_groups=record.unread_groups,
        ),
        organizations=tuple(
            SignedOrganization(
                name=each.name,
                organization_id=each.organization_id,
                items=each.items,
                started_at=each.started_at,
                not_examined=each.not_examined,
            )
            for each in record.organizations
        ),
        left_out=record.left_out,
        totals=totals,
        reviewers=tuple(
            ReviewerResult(
                address=each.address,
                totals=Totals.of(by_reviewer[each.address]),
                files=tuple(sheets.get(each.address, ())),
            )
            for each in record.reviewers
        ),
        fallback=record.fallback,
        revocations=_revocations(record, decided),
        waivers=waivers,
        open_items=_open_items(decided),
        files=tuple(files),
    )


def encode_signoff(signoff: Signoff) -> bytes:
    """Return the content of `signoff.json`."""
    return encode_record(signoff)


def read_signoff(content: bytes, name: str) -> Signoff:
    """Return the record in `content`; raise CampaignError for anything else. `name` is for the error."""
    return decode_record(Signoff, content, "sign-off", lambda message: CampaignError(f"{name}: {message}"))


def _campaign(record: CampaignRecord, campaign_sha256: str) -> SignedCampaign:
    return SignedCampaign(
        opened_at=record.opened_at,
        due=record.due,
        scope=record.scope,
        since=record.since,
        run_id=record.run.run_id,
        run_started_at=record.run.started_at,
        run_finished_at=record.run.finished_at,
        endpoint_overrides=record.run.endpoint_overrides,
        manifest_sha256=record.run.manifest_sha256,
        population_sha256=record.population.sha256,
        campaign_sha256=campaign_sha256,
    )


def _revocations(
    record: CampaignRecord, decided: Iterable[tuple[Item, Decided]]
) -> tuple[RevocationCounts, ...]:
    counts = Counter((each.item.organization, each.how) for each in revocations(record, decided))
    return tuple(
        RevocationCounts(
            organization=each.name,
            aws=counts[each.name, AWS],
            identity_provider=counts[each.name, IDENTITY_PROVIDER],
        )
        for each in record.organizations
        if counts[each.name, AWS] or counts[each.name, IDENTITY_PROVIDER]
    )


def _open_items(decided: Iterable[tuple[Item, Decided]]) -> tuple[OpenItem, ...]:
    undecided = [(item, decision) for item, decision in decided if not decision.is_final]
    return tuple(
        OpenItem(
            id=item.id,
            reviewer=item.reviewer,
            organization=item.organization,
            who=item.who,
            what=item.what,
            where=item.where,
            decision=decision.decision,
        )
        for item, decision in undecided[:MAX_OPEN_ITEMS]
    )
