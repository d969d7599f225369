"""The notice of a run that has ended, for those who subscribe to a topic: short, and without people."""

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

MOST_BYTES = 256_000
"""Of a message; SNS takes 262,144 bytes, its attributes included."""

_LONGEST_SUBJECT = 99  # SNS: fewer than 100 characters

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
    """A subject in one line of ASCII, and a message: a JSON document in ASCII."""

    subject: str
    message: str


def notice(facts: RunFacts, outcome: RunOutcome, *, manifest: str | None) -> Notice:
    """Tell of a run that has ended; `manifest` is where its manifest is, None where it was not written.

    Gaps are told by operation and code, never by resource or in AWS's words. Organizations for which there
    is no room are counted in `organizations_left_out`, complete ones before others.
    """
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
        "endpoint_overrides": outcome.endpoint_overrides,
        "organizations_by_status": Counter(one.status.value for one in outcome.organizations),
        "counts": {
            name: sum(getattr(one.counts, name) for one in outcome.organizations) for name in _COUNTED
        },
        "findings": asdict(outcome.findings),
        "findings_certain": outcome.findings_certain,
    }
    return Notice(_subject(facts, outcome), _with_organizations(document, outcome.organizations))


def _subject(facts: RunFacts, outcome: RunOutcome) -> str:
    complete = sum(one.status is Status.COMPLETE for one in outcome.organizations)
    own = "".join(f", {gap.operation} {gap.code}" for gap in outcome.gaps)
    return (
        f"sso-batch {outcome.status.value}: {complete} of {len(outcome.organizations)} organizations{own}, "
        f"run {facts.names.run_id}"
    )[:_LONGEST_SUBJECT]


def _with_organizations(document: dict[str, Any], organizations: Sequence[OrganizationOutcome]) -> str:
    """The document with as many of the organizations as there is room for, in their order."""
    room = MOST_BYTES - len(json.dumps(document | {"organizations": [], "organizations_left_out": 10**9}))
    told: dict[str, dict[str, Any]] = {}
    for one in sorted(organizations, key=lambda one: one.status is Status.COMPLETE):
        record = _organization(one)
        room -= len(json.dumps(record)) + len(", ")
        if room < 0:
            break
        told[one.name] = record
    return json.dumps(
        document
        | {
            "organizations": [told[one.name] for one in organizations if one.name in told],
            "organizations_left_out": len(organizations) - len(told),
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
