"""The manifest: the run in JSON, for programs; and the run file that begins it."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sso_batch import __version__
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.results import OrganizationOutcome, RunOutcome
from sso_batch.sharding import Shard

SCHEMA = 2


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What is known of a run, or of one shard of it, before its first call."""

    names: FileNames
    config_sha256: str
    strategy: str
    not_selected: tuple[str, ...]
    shard: Shard | None = None

    @property
    def manifest_name(self) -> str:
        """The name of the manifest that tells of it."""
        return self.names.manifest if self.shard is None else self.names.shard_manifest(self.shard.index)


def run_file(names: FileNames, started_at: datetime, *, shards: int = 1) -> bytes:
    """The run file: by it a second process finds the run's `ts`."""
    return _json(
        {
            "schema": SCHEMA,
            "version": __version__,
            "run_id": names.run_id,
            "ts": names.ts,
            "started_at": _time(started_at),
            "shards": shards,
        }
    )


def manifest(facts: RunFacts, outcome: RunOutcome) -> bytes:
    """The manifest of a run that has ended."""
    return _json(
        {
            "schema": SCHEMA,
            "version": __version__,
            "run_id": facts.names.run_id,
            "ts": facts.names.ts,
            "started_at": _time(outcome.started_at),
            "finished_at": _time(outcome.finished_at),
            "status": outcome.status.value,
            "exit_code": outcome.exit_code,
            "config_sha256": facts.config_sha256,
            "strategy": facts.strategy,
            "endpoint_overrides": outcome.endpoint_overrides,
            "not_selected": facts.not_selected,
            "shard": facts.shard and str(facts.shard),
            "gaps": _records(outcome.gaps),
            "organizations": [_organization(one) for one in outcome.organizations],
            "files": _records(outcome.files),
        }
    )


def _organization(outcome: OrganizationOutcome) -> dict[str, Any]:
    instance = outcome.instance
    counts: dict[str, Any] = asdict(outcome.counts)
    return {
        "name": outcome.name,
        "status": outcome.status.value,
        "resumed": outcome.resumed,
        "instance_arn": instance and instance.arn,
        "region": instance.region if instance else outcome.region,
        "organization_id": instance and instance.organization_id,
        "management_account_id": instance and instance.management_account_id,
        "caller_arn": instance and instance.caller_arn,
        "started_at": _time(outcome.started_at),
        "finished_at": _time(outcome.finished_at),
        "counts": counts | {"findings": outcome.findings and asdict(outcome.findings)},
        "calls": asdict(outcome.calls),
        "not_examined": outcome.not_examined,
        "gaps": _records(outcome.gaps),
        "files": _records(outcome.files),
    }


def _records(records: Iterable[Any]) -> list[dict[str, Any]]:
    return [asdict(record) for record in records]


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _json(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, indent=2) + "\n").encode()
