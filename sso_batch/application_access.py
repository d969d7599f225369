"""The rows about applications: who is assigned to which application, and through which group. Pure."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from sso_batch.access import NOT_READ, Holder, HolderIndex
from sso_batch.activity import ActivityIndex
from sso_batch.model import Application, Principal, Snapshot

_NOBODY = Principal("", "")
_UNREAD = Principal(NOT_READ, NOT_READ)


@dataclass(frozen=True, slots=True)
class ApplicationAccess:
    """One assignment of an application and everyone who has it: a row for each of `holders`, at least one.

    An application without assignments has one row without a principal. One whose assignments were not all
    read has a row that says so.
    """

    organization: str
    application: Application
    principal: Principal
    group_name: str
    holders: tuple[Holder, ...]

    @property
    def assignment_required(self) -> str:
        """Whether only assigned users have access: `yes`, `no` or NOT_READ."""
        required = self.application.assignment_required
        return NOT_READ if required is None else ("yes" if required else "no")


def resolve_applications(snapshot: Snapshot) -> Iterator[ApplicationAccess]:
    """Yield every assignment of the snapshot's applications with its holders, in the order of the report.

    They are sorted by application, principal type and principal, holders by user id, all bytewise.
    """
    principals: defaultdict[str, set[Principal]] = defaultdict(set)
    for assignment in snapshot.application_assignments:
        principals[assignment.application_arn].add(assignment.principal)
    index = HolderIndex(snapshot, ActivityIndex(snapshot))
    for application in sorted(snapshot.applications or (), key=lambda application: application.arn):
        assigned = principals[application.arn]
        if not application.assignments_complete:
            assigned.add(_UNREAD)
        for principal in sorted(assigned or {_NOBODY}):
            yield ApplicationAccess(
                organization=snapshot.organization,
                application=application,
                principal=principal,
                group_name=index.group_name(principal),
                holders=_holders(index, principal),
            )


def _holders(index: HolderIndex, principal: Principal) -> tuple[Holder, ...]:
    if principal == _NOBODY:
        return (Holder(""),)
    return index.holders(principal)
