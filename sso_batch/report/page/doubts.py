"""What could make an answer of the explorer wrong; it is said beside the answer. Pure."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sso_batch.not_examined import is_of_unknown_kind
from sso_batch.outcome import OrganizationOutcome, Status
from sso_batch.report.page.explorer import Extent, inert
from sso_batch.report.visible import visible

HIDING = frozenset(
    {
        "orphaned assignments",
        "grants to principals that are not listed",
        "account-access entitlements",
        "account-access applications in other accounts",
    }
)
"""What can hide a way to an account where it was not examined; the rest only leaves details out."""

_NAMED = 5


def doubts(organizations: Sequence[OrganizationOutcome], held: Extent) -> str:
    """For each organization its holes, and what was not examined: JSON that is safe in a script element."""
    records: list[dict[str, Any]] = [
        {
            "name": one.name,
            "holes": [visible(hole) for hole in _holes(one, held)],
            "unexamined": [
                visible(what) for what in one.not_examined if what in HIDING or is_of_unknown_kind(what)
            ],
        }
        for one in organizations
    ]
    return inert(json.dumps(records))


def unexamined(organizations: Iterable[OrganizationOutcome]) -> list[tuple[str, list[str]]]:
    """What was not examined, each with the organizations of which that is true."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for one in organizations:
        for what in one.not_examined:
            found[what].append(one.name)
    return list(found.items())


def _holes(one: OrganizationOutcome, held: Extent) -> Iterable[str]:
    if one.status in {Status.FAILED, Status.INTERRUPTED}:
        yield "nothing of it was read, so any way in it is missing here"
        return
    if one.status is Status.INCOMPLETE:
        number = len(one.gaps)
        gaps = "gap" if number == 1 else "gaps"
        yield f"{number:,} {gaps}: ways that depend on what was not read are missing"
    file = one.access_file or one.snapshot_file
    where = f"in {file.name}" if file else "in its files"
    if one.name in held.left_out:
        yield f"its ways are not on this page, but {where}"
    folded = held.folded.get(one.name, ())
    if folded:
        names = ", ".join(group.name or group.principal.id for group in folded[:_NAMED])
        others = f" and {len(folded) - _NAMED:,} more groups" if len(folded) > _NAMED else ""
        yield f"the members of {names}{others} are not on this page, but {where}"
