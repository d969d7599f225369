"""What could make an answer of the explorer wrong; it is said beside the answer. Pure."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sso_batch.coverage import NotExamined
from sso_batch.report.page.explorer import Extent, inert
from sso_batch.report.statistics import Digest
from sso_batch.run_files.results import OrganizationOutcome, Status
from sso_batch.sanitize.html import show_hidden

_NAMED = 5


def doubts(organizations: Sequence[OrganizationOutcome], digests: Mapping[str, Digest], held: Extent) -> str:
    """For each organization what may be missing from an answer: JSON that is safe in a script element.

    `holes` concern every answer, `administrators` only those about administrators.
    """
    records: list[dict[str, Any]] = [
        {
            "name": one.name,
            "holes": [show_hidden(hole) for hole in _holes(one, held)],
            "unexamined": [show_hidden(item.text) for item in one.not_examined if item.hides_access],
            "administrators": [show_hidden(what) for what in _unread(digests.get(one.name))],
        }
        for one in organizations
    ]
    return inert(json.dumps(records))


def _unread(digest: Digest | None) -> tuple[str, ...]:
    return digest.administrators_unread if digest else ()


def unexamined(organizations: Iterable[OrganizationOutcome]) -> list[tuple[NotExamined, list[str]]]:
    """What was not examined, each with the organizations of which that is true."""
    found: defaultdict[NotExamined, list[str]] = defaultdict(list)
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
