"""The checks that examine the applications of Identity Center: a match is an application or a user. Pure.

Each check yields what it found and what it could not examine.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from sso_batch.coverage import BlindSpot, Omission, Setting
from sso_batch.model import USER, Application, GapKind, Principal
from sso_batch.review.snapshot_index import Limits, Match, SnapshotIndex

_NAMED = 5
"""The number of applications that a message names."""


def application_open_to_all(index: SnapshotIndex, _: Limits) -> Iterator[Match | BlindSpot]:
    """Find applications, unless they are disabled, that do not require an assignment."""
    applications = index.snapshot.applications or ()
    for application in applications:
        if application.assignment_required is False and application.status != "DISABLED":
            message = "is open to every user of the directory: it does not require an assignment"
            yield Match(message, application=application)
    yield from _unread_applications(index)
    if unread := sum(application.assignment_required is None for application in applications):
        yield BlindSpot("applications of which it is unknown whether they require an assignment", unread)


def application_disabled_user(index: SnapshotIndex, _: Limits) -> Iterator[Match | BlindSpot]:
    """Find users whose status is DISABLED and who are assigned to applications, themselves or as members."""
    assigned: defaultdict[Principal, list[str]] = defaultdict(list)
    for assignment in index.snapshot.application_assignments:
        assigned[assignment.principal].append(assignment.application_arn)
    applications = {application.arn: application for application in index.snapshot.applications or ()}
    found: defaultdict[str, set[str]] = defaultdict(set)
    for user_id, principal in index.holders(assigned):
        user = index.users.get(user_id)
        if user is not None and user.status == "DISABLED":
            found[user_id].update(assigned[principal])
    for user_id, arns in found.items():
        names = _names(applications[arn] for arn in arns)
        yield Match(f"is disabled but still assigned to applications: {names}", Principal(USER, user_id))
    yield from _unread_applications(index)
    if unread := sum(not application.assignments_complete for application in applications.values()):
        yield BlindSpot("applications whose assignments were not all read", unread)
    yield from index.unread_members(assigned)
    yield from index.unread_holders(assigned)


def _names(applications: Iterable[Application]) -> str:
    names = sorted(application.name or application.arn for application in applications)
    others = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + others


def _unread_applications(index: SnapshotIndex) -> Iterator[BlindSpot]:
    """Yield why there may be applications that are not known."""
    if index.snapshot.omits(Omission.APPLICATIONS):
        yield BlindSpot(Setting.APPLICATIONS)
    known = {application.arn for application in index.snapshot.applications or ()}
    unread = [
        gap for gap in index.snapshot.gaps if gap.kind is GapKind.APPLICATIONS and gap.resource not in known
    ]
    if unread:
        yield BlindSpot("applications that were not all read", len(unread), of="gaps")
