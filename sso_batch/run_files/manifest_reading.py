"""Reads manifests and run files back, strictly: whatever this version did not write itself is refused."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError

from sso_batch.errors import SsoBatchError
from sso_batch.exit_codes import signal_of
from sso_batch.model import Gap, Instance
from sso_batch.review.finding import FindingCounts
from sso_batch.run_files.results import Calls, Counts, OrganizationOutcome, RunOutcome, Status
from sso_batch.store import PREFIX, FileEntry, FileKind

# A name is taken to the place where the manifest is, and nowhere else.
_FileName = Annotated[str, Field(pattern=rf"^{PREFIX}[A-Za-z0-9._-]{{1,200}}$")]
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Ts = Annotated[str, Field(pattern=r"^[0-9]{8}_[0-9]{6}$")]
_OfShard = Annotated[str, Field(pattern=r"^[0-9]{1,6}/[1-9][0-9]{0,5}$")]


class ManifestError(SsoBatchError):
    """A manifest or a run file that cannot be used: cut off, changed, or of another version."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a manifest says. It does not tell the identity stores: in `outcome` they are empty."""

    run_id: str
    ts: str
    status: Status
    exit_code: int
    config_sha256: str
    strategy: str
    endpoint_overrides: tuple[str, ...]
    not_selected: tuple[str, ...]
    shard: str | None
    outcome: RunOutcome


@dataclass(frozen=True, slots=True)
class RunFile:
    """What a run file says."""

    run_id: str
    ts: str
    started_at: datetime
    shards: int


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _File(_Strict):
    name: _FileName
    kind: FileKind
    sha256: _Sha256
    rows: NonNegativeInt
    bytes: NonNegativeInt


class _Gap(_Strict):
    operation: str
    resource: str
    code: str
    message: str
    hint: str


class _Calls(_Strict):
    total: NonNegativeInt
    throttled: NonNegativeInt
    retried: NonNegativeInt
    by_operation: dict[str, NonNegativeInt]


class _Findings(_Strict):
    high: NonNegativeInt
    medium: NonNegativeInt
    low: NonNegativeInt


class _Counts(_Strict):
    users: NonNegativeInt
    groups: NonNegativeInt
    accounts: NonNegativeInt
    permission_sets: NonNegativeInt
    assignments: NonNegativeInt
    entitlements: NonNegativeInt
    rows: NonNegativeInt
    orphaned: NonNegativeInt
    findings: _Findings | None


class _Organization(_Strict):
    name: str
    status: Status
    resumed: bool
    instance_arn: str | None
    region: str | None
    organization_id: str | None
    management_account_id: str | None
    caller_arn: str | None
    started_at: AwareDatetime
    finished_at: AwareDatetime
    counts: _Counts
    calls: _Calls
    not_examined: tuple[str, ...]
    gaps: tuple[_Gap, ...]
    files: tuple[_File, ...]


class _Manifest(_Strict):
    schema_: Literal[2] = Field(alias="schema")
    version: str
    run_id: str
    ts: _Ts
    started_at: AwareDatetime
    finished_at: AwareDatetime
    status: Status
    exit_code: NonNegativeInt
    config_sha256: str
    strategy: str
    endpoint_overrides: tuple[str, ...]
    not_selected: tuple[str, ...]
    shard: _OfShard | None
    gaps: tuple[_Gap, ...]
    organizations: tuple[_Organization, ...]
    files: tuple[_File, ...]


class _RunFile(_Strict):
    schema_: Literal[2] = Field(alias="schema")
    version: str
    run_id: str
    ts: _Ts
    started_at: AwareDatetime
    shards: Annotated[int, Field(ge=1)]


_M = TypeVar("_M", bound=_Strict)


def read_manifest(content: bytes) -> Manifest:
    """The manifest that `manifest` wrote; raises ManifestError for anything else."""
    read = _read(_Manifest, content, "manifest")
    outcome = RunOutcome(
        organizations=tuple(_organization(one, read.endpoint_overrides) for one in read.organizations),
        files=_files(read.files),
        started_at=read.started_at,
        finished_at=read.finished_at,
        gaps=_gaps(read.gaps),
        signal=signal_of(read.exit_code),
    )
    return Manifest(
        run_id=read.run_id,
        ts=read.ts,
        status=read.status,
        exit_code=read.exit_code,
        config_sha256=read.config_sha256,
        strategy=read.strategy,
        endpoint_overrides=read.endpoint_overrides,
        not_selected=read.not_selected,
        shard=read.shard,
        outcome=outcome,
    )


def read_run_file(content: bytes) -> RunFile:
    """The run file that `run_file` wrote; raises ManifestError for anything else."""
    read = _read(_RunFile, content, "run file")
    return RunFile(read.run_id, read.ts, read.started_at, read.shards)


def _read(model: type[_M], content: bytes, what: str) -> _M:
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"])) or what
        raise ManifestError(f"this is no {what} of this version: {place}: {first['msg']}") from None


def _organization(read: _Organization, endpoint_overrides: tuple[str, ...]) -> OrganizationOutcome:
    counts = read.counts.model_dump(exclude={"findings"})
    gaps = _gaps(read.gaps)
    return OrganizationOutcome(
        name=read.name,
        status=read.status,
        started_at=read.started_at,
        finished_at=read.finished_at,
        region=read.region,
        instance=_instance(read),
        counts=Counts(**counts),
        calls=Calls(**read.calls.model_dump()),
        not_examined=read.not_examined,
        gaps=gaps,
        files=_files(read.files),
        endpoint_overrides=endpoint_overrides,
        bug=any(gap.operation == "sso-batch" for gap in gaps),
        findings=FindingCounts(**read.counts.findings.model_dump()) if read.counts.findings else None,
        resumed=read.resumed,
    )


def _instance(read: _Organization) -> Instance | None:
    if read.instance_arn is None or read.region is None or read.caller_arn is None:
        return None
    return Instance(
        arn=read.instance_arn,
        identity_store_id="",
        region=read.region,
        organization_id=read.organization_id,
        management_account_id=read.management_account_id,
        caller_arn=read.caller_arn,
    )


def _gaps(read: tuple[_Gap, ...]) -> tuple[Gap, ...]:
    return tuple(Gap(**one.model_dump()) for one in read)


def _files(read: tuple[_File, ...]) -> tuple[FileEntry, ...]:
    return tuple(FileEntry(**one.model_dump()) for one in read)
