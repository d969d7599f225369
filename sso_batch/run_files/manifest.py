"""The manifest, the run in JSON for programs, and the run file: one model each, to write and to read.

Reading is strict: whatever this version would not have written is refused. Writing validates nothing, so
that no text of AWS's or of the operating system's can keep a run from its manifest.
"""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from functools import cached_property
from typing import Annotated, Final, Literal

from pydantic import Field, NonNegativeInt

from sso_batch import __version__, coverage
from sso_batch.errors import SsoBatchError
from sso_batch.exit_codes import signal_of
from sso_batch.model import EndpointOverride, Gap, GapKind, Instance, ListingStrategy
from sso_batch.review.finding import FindingCounts
from sso_batch.run_files.file_names import ORGANIZATIONS, PREFIX, FileNames
from sso_batch.run_files.json_records import Moment, Sha256, StrictRecord, decode_record, encode_record
from sso_batch.run_files.results import Calls, Counts, OrganizationOutcome, RunOutcome, Status
from sso_batch.run_files.run import RunFacts
from sso_batch.store import RUN_ID, FileEntry, FileKind

SCHEMA: Final = 2
RUN_FILE_SCHEMA: Final = 1


class ManifestError(SsoBatchError):
    """A manifest or a run file that cannot be used: cut off, changed, or of another version."""


# A name is looked up in the run's folder, and nowhere else.
_FOLDER = rf"{ORGANIZATIONS}/[a-z0-9][a-z0-9-]{{0,62}}/"
_REPORT = rf"{PREFIX}[A-Za-z0-9._-]{{1,200}}"
_SNAPSHOT = r"snapshot(_INCOMPLETE)?\.jsonl"
_FileName = Annotated[str, Field(pattern=rf"^({_REPORT}|{_FOLDER}({_REPORT}|{_SNAPSHOT}))$")]
_RunId = Annotated[str, Field(pattern=f"^{RUN_ID.pattern}$")]
_Ts = Annotated[str, Field(pattern=r"^[0-9]{8}_[0-9]{6}$")]
_OverrideText = Annotated[str, Field(pattern="^[^=]+=")]
_ShardText = Annotated[str, Field(pattern=r"^[0-9]{1,6}/[1-9][0-9]{0,5}$")]


class _File(StrictRecord):
    name: _FileName
    kind: FileKind
    sha256: Sha256
    rows: NonNegativeInt
    bytes: NonNegativeInt

    @classmethod
    def all_of(cls, entries: Iterable[FileEntry]) -> "tuple[_File, ...]":
        return tuple(cls.model_construct(**asdict(entry)) for entry in entries)


class _Gap(StrictRecord):
    kind: GapKind
    operation: str
    resource: str
    code: str
    message: str
    hint: str
    permission_set_arn: str

    @classmethod
    def all_of(cls, gaps: Iterable[Gap]) -> "tuple[_Gap, ...]":
        return tuple(cls.model_construct(**asdict(gap)) for gap in gaps)


class _Calls(StrictRecord):
    total: NonNegativeInt
    throttled: NonNegativeInt
    retried: NonNegativeInt
    by_operation: dict[str, NonNegativeInt]


class _Findings(StrictRecord):
    high: NonNegativeInt
    medium: NonNegativeInt
    low: NonNegativeInt


class _Counts(StrictRecord):
    users: NonNegativeInt
    groups: NonNegativeInt
    accounts: NonNegativeInt
    permission_sets: NonNegativeInt
    assignments: NonNegativeInt
    entitlements: NonNegativeInt
    rows: NonNegativeInt
    orphaned: NonNegativeInt
    findings: _Findings | None


class _Organization(StrictRecord):
    name: str
    status: Status
    resumed: bool
    instance_arn: str | None
    region: str | None
    organization_id: str | None
    management_account_id: str | None
    caller_arn: str | None
    started_at: Moment
    finished_at: Moment
    counts: _Counts
    calls: _Calls
    listing: ListingStrategy | None = None  # absent from manifests of earlier versions
    not_examined: tuple[str, ...]
    gaps: tuple[_Gap, ...]
    files: tuple[_File, ...]

    @classmethod
    def of(cls, outcome: OrganizationOutcome) -> "_Organization":
        instance, findings = outcome.instance, outcome.findings
        return cls.model_construct(
            name=outcome.name,
            status=outcome.status,
            resumed=outcome.resumed,
            instance_arn=instance.arn if instance else None,
            region=instance.region if instance else outcome.region,
            organization_id=instance.organization_id if instance else None,
            management_account_id=instance.management_account_id if instance else None,
            caller_arn=instance.caller_arn if instance else None,
            started_at=outcome.started_at,
            finished_at=outcome.finished_at,
            counts=_Counts.model_construct(
                **asdict(outcome.counts),
                findings=_Findings.model_construct(**asdict(findings)) if findings else None,
            ),
            calls=_Calls.model_construct(**asdict(outcome.calls)),
            listing=outcome.listing,
            not_examined=tuple(item.text for item in outcome.not_examined),
            gaps=_Gap.all_of(outcome.gaps),
            files=_File.all_of(outcome.files),
        )

    def outcome(self, endpoint_overrides: tuple[EndpointOverride, ...]) -> OrganizationOutcome:
        findings, gaps = self.counts.findings, _gaps(self.gaps)
        return OrganizationOutcome(
            name=self.name,
            status=self.status,
            started_at=self.started_at,
            finished_at=self.finished_at,
            region=self.region,
            instance=self._instance(),
            counts=Counts(**self.counts.model_dump(exclude={"findings"})),
            calls=Calls(**self.calls.model_dump()),
            not_examined=tuple(map(coverage.parse, self.not_examined)),
            gaps=gaps,
            files=_files(self.files),
            endpoint_overrides=endpoint_overrides,
            bug=any(gap.kind is GapKind.BUG for gap in gaps),
            findings=FindingCounts(**findings.model_dump()) if findings else None,
            resumed=self.resumed,
            listing=self.listing,
        )

    def _instance(self) -> Instance | None:
        if self.instance_arn is None or self.region is None or self.caller_arn is None:
            return None
        return Instance(
            arn=self.instance_arn,
            identity_store_id="",
            region=self.region,
            organization_id=self.organization_id,
            management_account_id=self.management_account_id,
            caller_arn=self.caller_arn,
        )


class Manifest(StrictRecord):
    """The manifest of a run, or of one shard of it."""

    schema_: Literal[2] = Field(alias="schema")
    version: str
    run_id: _RunId
    ts: _Ts
    started_at: Moment
    finished_at: Moment
    status: Status
    exit_code: NonNegativeInt
    config_sha256: str
    strategy: str
    checks: tuple[str, ...] = ()  # absent from manifests of earlier versions
    endpoint_overrides: tuple[_OverrideText, ...]
    not_selected: tuple[str, ...]
    shard: _ShardText | None
    gaps: tuple[_Gap, ...]
    organizations: tuple[_Organization, ...]
    files: tuple[_File, ...]

    @classmethod
    def of(cls, facts: RunFacts, outcome: RunOutcome) -> "Manifest":
        """Return the manifest of a run that has ended."""
        return cls.model_construct(
            schema_=SCHEMA,
            version=__version__,
            run_id=facts.names.run_id,
            ts=facts.names.ts,
            started_at=outcome.started_at,
            finished_at=outcome.finished_at,
            status=outcome.status,
            exit_code=outcome.exit_code,
            config_sha256=facts.config_sha256,
            strategy=facts.strategy,
            checks=facts.checks,
            endpoint_overrides=tuple(map(str, outcome.endpoint_overrides)),
            not_selected=facts.not_selected,
            shard=str(facts.shard) if facts.shard else None,
            gaps=_Gap.all_of(outcome.gaps),
            organizations=tuple(map(_Organization.of, outcome.organizations)),
            files=_File.all_of(outcome.files),
        )

    @property
    def names(self) -> FileNames:
        """The names of the run's files."""
        return FileNames(self.run_id, self.ts)

    @cached_property
    def outcome(self) -> RunOutcome:
        """The run's outcome; the ids of identity stores are not in a manifest and stay empty."""
        overrides = tuple(map(EndpointOverride.parse, self.endpoint_overrides))
        return RunOutcome(
            organizations=tuple(each.outcome(overrides) for each in self.organizations),
            files=_files(self.files),
            started_at=self.started_at,
            finished_at=self.finished_at,
            gaps=_gaps(self.gaps),
            signal=signal_of(self.exit_code),
        )


class RunFile(StrictRecord):
    """The first file of a run: it tells other processes the run's start and its number of shards."""

    schema_: Literal[1] = Field(alias="schema")
    version: str
    run_id: str
    ts: _Ts
    started_at: Moment
    shards: Annotated[int, Field(ge=1)]

    @property
    def names(self) -> FileNames:
        """The names of the run's files."""
        return FileNames(self.run_id, self.ts)


def encode_manifest(facts: RunFacts, outcome: RunOutcome) -> bytes:
    """Return the content of the manifest of a run that has ended."""
    return encode_record(Manifest.of(facts, outcome))


def read_manifest(content: bytes) -> Manifest:
    """Return the manifest in `content`; raise ManifestError for anything else."""
    return decode_record(Manifest, content, "manifest", ManifestError)


def encode_run_file(names: FileNames, started_at: datetime, *, shards: int = 1) -> bytes:
    """Return the content of a run file."""
    return encode_record(
        RunFile.model_construct(
            schema_=RUN_FILE_SCHEMA,
            version=__version__,
            run_id=names.run_id,
            ts=names.ts,
            started_at=started_at,
            shards=shards,
        )
    )


def read_run_file(content: bytes) -> RunFile:
    """Return the run file in `content`; raise ManifestError for anything else."""
    return decode_record(RunFile, content, "run file", ManifestError)


def _gaps(records: Iterable[_Gap]) -> tuple[Gap, ...]:
    return tuple(Gap(**record.model_dump()) for record in records)


def _files(records: Iterable[_File]) -> tuple[FileEntry, ...]:
    return tuple(FileEntry(**record.model_dump()) for record in records)
