"""What could make a result of the explorer incomplete; the page shows it next to the result. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sso_batch.coverage import NotExamined, by_item
from sso_batch.report.page.explorer import Extent, escape_for_script
from sso_batch.report.statistics import Statistics
from sso_batch.run_files.results import OrganizationOutcome, Status
from sso_batch.sanitize import show_hidden

_NAMED = 5


def serialize_caveats(
    organizations: Sequence[OrganizationOutcome], statistics: Mapping[str, Statistics], extent: Extent
) -> str:
    """Return what may be missing from a result, by organization: JSON that is safe in a script element.

    `gaps` and `unexamined` apply to every result, `levels` only to those about one level of access.
    """
    records: list[dict[str, Any]] = [
        {
            "name": organization.name,
            "gaps": [show_hidden(gap) for gap in _gaps(organization, extent)],
            "unexamined": [show_hidden(item.text) for item in organization.not_examined if item.hides_access],
            "levels": [show_hidden(what) for what in _unread(statistics.get(organization.name))],
        }
        for organization in organizations
    ]
    return escape_for_script(json.dumps(records))


def _unread(statistics: Statistics | None) -> tuple[str, ...]:
    return statistics.administrators_unread if statistics else ()


def unexamined(organizations: Iterable[OrganizationOutcome]) -> list[tuple[NotExamined, list[str]]]:
    """Return what was not examined, each with the names of the organizations that it applies to."""
    return by_item((each.name, each.not_examined) for each in organizations)


def _gaps(organization: OrganizationOutcome, extent: Extent) -> Iterable[str]:
    if organization.status in {Status.FAILED, Status.INTERRUPTED}:
        yield "nothing was read, so all of its access paths are missing here"
        return
    if organization.status is Status.INCOMPLETE:
        number = len(organization.gaps)
        gaps = "gap" if number == 1 else "gaps"
        yield f"{number:,} {gaps}: access paths that depend on unread data are missing"
    file = organization.access_file or organization.snapshot_file
    where = f"see {file.name}" if file else "see its files"
    if organization.name in extent.left_out:
        yield f"its access paths are not on this page; {where}"
    folded = extent.folded.get(organization.name, ())
    if folded:
        names = ", ".join(group.name or group.principal.id for group in folded[:_NAMED])
        others = f" and {len(folded) - _NAMED:,} more groups" if len(folded) > _NAMED else ""
        yield f"the members of {names}{others} are not on this page; {where}"
