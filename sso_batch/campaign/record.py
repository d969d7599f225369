"""The record of a campaign, `campaign.json`: what is reviewed, by whom, until when, and its files."""

from dataclasses import asdict
from typing import Annotated, Final, Literal

from pydantic import Field, NonNegativeInt

from sso_batch.config import Decision
from sso_batch.errors import UsageError
from sso_batch.run_files.json_records import Day, Moment, Sha256, StrictRecord, decode_record, encode_record
from sso_batch.store import FileEntry, FileKind

SCHEMA: Final = 1

FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,199}$")]
"""A name in the folder of a campaign, and nowhere else."""

CampaignScope = Literal["all", "privileged", "changed"]


class CampaignError(UsageError):
    """A campaign that cannot be opened, read, closed or proved: what is wrong, and what to do."""


class File(StrictRecord):
    """A file of a campaign as it was written; `rows` has no header."""

    name: FileName
    sha256: Sha256
    rows: NonNegativeInt
    bytes: NonNegativeInt

    @classmethod
    def of(cls, entry: FileEntry) -> "File":
        """Return the record of a file of a store."""
        values = asdict(entry)
        del values["kind"]
        return cls(**values)

    @property
    def entry(self) -> FileEntry:
        """The file as a store verifies it."""
        return FileEntry(self.name, FileKind.OTHER, self.sha256, self.rows, self.bytes)


class ReviewedRun(StrictRecord):
    """The run whose access is reviewed."""

    run_id: str
    ts: str
    started_at: Moment
    finished_at: Moment
    status: str
    version: str
    manifest_sha256: Sha256
    endpoint_overrides: tuple[str, ...]


class ReviewedOrganization(StrictRecord):
    """An organization of the population, and where its access is managed."""

    name: str
    instance_arn: str
    identity_store_id: str
    region: str
    organization_id: str | None
    management_account_id: str | None
    caller_account_id: str
    started_at: Moment
    items: NonNegativeInt
    snapshot_sha256: Sha256
    not_examined: tuple[str, ...]


class LeftOut(StrictRecord):
    """An organization that is not in the population, and why."""

    name: str
    reason: str


class Reviewer(StrictRecord):
    """A reviewer, and the sheets as they were written: the CSV file, and the workbook if there is one."""

    address: str
    items: NonNegativeInt
    files: tuple[File, ...]


class Earlier(StrictRecord):
    """The closed campaign with which the items were compared."""

    run_id: str
    closed_at: Moment
    signoff_sha256: Sha256


class FallbackCounts(StrictRecord):
    """How many items the fallback reviews: no rule matches, or the reviewer would be the item's only user."""

    no_rule: NonNegativeInt
    own_access: NonNegativeInt


class CampaignRecord(StrictRecord):
    """A campaign as it was opened."""

    schema_: Literal[1] = Field(alias="schema")
    version: str
    opened_at: Moment
    due: Day
    scope: CampaignScope
    run: ReviewedRun
    since: Earlier | None
    organizations: tuple[ReviewedOrganization, ...]
    left_out: tuple[LeftOut, ...]
    people: tuple[str, ...]
    population: File
    assignments: NonNegativeInt
    memberships: NonNegativeInt
    out_of_scope: NonNegativeInt
    out_of_scope_file: File | None
    unread_groups: NonNegativeInt
    groups_without_access: NonNegativeInt
    escape_formulas: bool
    require_comment: tuple[Decision, ...]
    fallback: FallbackCounts
    reviewers: tuple[Reviewer, ...]

    @property
    def items(self) -> int:
        """The number of items in the population."""
        return self.population.rows


def encode_campaign(record: CampaignRecord) -> bytes:
    """Return the content of `campaign.json`."""
    return encode_record(record)


def read_campaign(content: bytes, name: str) -> CampaignRecord:
    """Return the record in `content`; raise CampaignError for anything else. `name` is for the error."""
    return decode_record(
        CampaignRecord, content, "campaign", lambda message: CampaignError(f"{name}: {message}")
    )
