"""The record of a proof: for each item to revoke, whether a later run still has the access."""

from typing import Final, Literal, get_args

from pydantic import Field, NonNegativeInt

from sso_batch.campaign.record import CampaignError, File
from sso_batch.run_files.json_records import Moment, Sha256, StrictRecord, decode_record, encode_record

SCHEMA: Final = 1

ResultName = Literal["still_there", "came_back", "reachable_otherwise", "not_read", "gone"]
"""What became of a revocation: the values of `Result`, what is not proved first."""

RESULTS: tuple[str, ...] = get_args(ResultName)


class ProvedCampaign(StrictRecord):
    """The closed campaign whose revocations are proved."""

    run_id: str
    closed_at: Moment
    undecided: NonNegativeInt
    signoff_sha256: Sha256


class ProvingRun(StrictRecord):
    """The later run with which the revocations are compared."""

    run_id: str
    started_at: Moment
    finished_at: Moment
    status: str
    manifest_sha256: Sha256
    endpoint_overrides: tuple[str, ...]


class ProvedOrganization(StrictRecord):
    """What the later run says about an organization of the campaign; `status` is that in the run."""

    name: str
    status: str
    not_examined: tuple[str, ...]


class ProofCounts(StrictRecord):
    """Numbers of items by result."""

    still_there: NonNegativeInt
    came_back: NonNegativeInt
    reachable_otherwise: NonNegativeInt
    not_read: NonNegativeInt
    gone: NonNegativeInt

    @property
    def items(self) -> int:
        """The number of items."""
        return self.unproved + self.gone

    @property
    def unproved(self) -> int:
        """The number of items that are not gone, or of which that is not known."""
        return self.still_there + self.came_back + self.reachable_otherwise + self.not_read

    def of(self, result: str) -> int:
        """Return the number of items with a result."""
        return int(getattr(self, result))


class ProofRow(StrictRecord):
    """An item to revoke: `item` is its id, `detail` says in words what the later run has."""

    item: str
    result: ResultName
    detail: str
    kind: str
    organization: str
    who: str
    what: str
    where: str
    reviewer: str


class Proof(StrictRecord):
    """The result of a comparison of a closed campaign with a later run."""

    schema_: Literal[1] = Field(alias="schema")
    version: str
    proved_at: Moment
    campaign: ProvedCampaign
    run: ProvingRun
    organizations: tuple[ProvedOrganization, ...]
    counts: ProofCounts
    rows: tuple[ProofRow, ...]
    files: tuple[File, ...]


def encode_proof(proof: Proof) -> bytes:
    """Return the proof as the content of a file."""
    return encode_record(proof)


def read_proof(content: bytes, name: str) -> Proof:
    """Return the record in `content`; raise CampaignError for anything else. `name` is for the error."""
    return decode_record(Proof, content, "proof", lambda message: CampaignError(f"{name}: {message}"))
