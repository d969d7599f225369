"""The notice of a finished run, for the subscribers of a topic: short, and without names of people."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sso_batch import __version__
from sso_batch.model import Gap
from sso_batch.run_files.results import OrganizationOutcome, RunOutcome, Status
from sso_batch.run_files.run import RunFacts

_SCHEMA = 1

MAX_MESSAGE_BYTES = 256_000
"""The maximum size of a message; the limit of SNS is 262,144 bytes, including attributes."""

_MAX_SUBJECT = 99  # SNS: fewer than 100 characters

_COUNTED = (
    "users",
    "groups",
    "accounts",
    "permission_sets",
    "assignments",
    "entitlements",
    "rows",
    "orphaned",
)


@dataclass(frozen=True, slots=True)
class Notice:
    """A subject, one line of ASCII, and a message, a JSON document in ASCII."""

    subject: str
    message: str


def build_notice(facts: RunFacts, outcome: RunOutcome, *, manifest: str | None) -> Notice:
    """Return the notice of a finished run.

    `manifest` is the location of its manifest, or None if none was written. Gaps are reported by operation
    and code, never by resource or with AWS's message. Organizations that do not fit are counted in
    `organizations_left_out`; complete ones are left out before others.
    """
    organizations = outcome.organizations
    document = {
        "schema": _SCHEMA,
        "version": __version__,
        "run_id": facts.names.run_id,
        "status": outcome.status.value,
        "exit_code": outcome.exit_code,
        "started_at": outcome.started_at.isoformat(timespec="seconds"),
        "finished_at": outcome.finished_at.isoformat(timespec="seconds"),
        "manifest": manifest,
        "gaps": _gaps(outcome.gaps),
        "endpoint_overrides": [str(override) for override in outcome.endpoint_overrides],
        "organizations_by_status": Counter(organization.status.value for organization in organizations),
        "counts": {
            name: sum(getattr(organization.counts, name) for organization in organizations)
            for name in _COUNTED
        },
        "findings": asdict(outcome.findings),
        "findings_certain": outcome.findings_certain,
    }
    return Notice(_subject(facts, outcome), _with_organizations(document, organizations))


def _subject(facts: RunFacts, outcome: RunOutcome) -> str:
    complete = sum(organization.status is Status.COMPLETE for organization in outcome.organizations)
    gaps = "".join(f", {gap.operation} {gap.code}" for gap in outcome.gaps)
    return (
        f"sso-batch {outcome.status.value}: {complete} of {len(outcome.organizations)} organizations{gaps}, "
        f"run {facts.names.run_id}"
    )[:_MAX_SUBJECT]


def _with_organizations(document: dict[str, Any], organizations: Sequence[OrganizationOutcome]) -> str:
    """Return the document as JSON, with as many organizations as fit, in their order."""
    empty = document | {"organizations": [], "organizations_left_out": 10**9}
    room = MAX_MESSAGE_BYTES - len(json.dumps(empty))
    records: dict[str, dict[str, Any]] = {}
    for organization in sorted(organizations, key=lambda each: each.status is Status.COMPLETE):
        record = _organization(organization)
        room -= len(json.dumps(record)) + len(", ")
        if room < 0:
            break
        records[organization.name] = record
    return json.dumps(
        document
        | {
            "organizations": [records[each.name] for each in organizations if each.name in records],
            "organizations_left_out": len(organizations) - len(records),
        }
    )


def _organization(outcome: OrganizationOutcome) -> dict[str, Any]:
    return {
        "name": outcome.name,
        "status": outcome.status.value,
        "rows": outcome.counts.rows,
        "gaps": _gaps(outcome.gaps),
    }


def _gaps(gaps: Iterable[Gap]) -> list[dict[str, str | int]]:
    counts = Counter((gap.operation, gap.code) for gap in gaps)
    return [
        {"operation": operation, "code": code, "count": count}
        for (operation, code), count in sorted(counts.items())
    ]
