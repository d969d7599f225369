"""The applications of one organization, as a page shows them. Pure.

They stay small for any size of the organization: those of all organizations are in memory at the same time.
"""

import heapq
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sso_batch.access import MEMBERS_NOT_READ, NOT_FOUND, NOT_READ, OK
from sso_batch.application_access import ApplicationAccess, resolve_applications
from sso_batch.model import GROUP, USER, Application, GapKind, Snapshot

MAX_APPLICATIONS = 100
"""The maximum number of applications that the statistics of an organization name."""


@dataclass(frozen=True, slots=True)
class ApplicationSummary:
    """One application: the names of its groups, how many users are assigned directly, and who has it in all.

    `certain` is set if all of these users are known. Those who have an application that requires no
    assignment are not counted.
    """

    organization: str
    application: Application
    groups: tuple[str, ...]
    direct: int
    users: int
    certain: bool

    @property
    def name(self) -> str:
        """The name, else the ARN."""
        return self.application.name or self.application.arn

    @property
    def provider(self) -> str:
        """The last part of the provider's ARN, which is the type of the application."""
        return self.application.provider_arn.partition("/")[2] or self.application.provider_arn


@dataclass(frozen=True, slots=True)
class ApplicationStatistics:
    """The applications of one organization: the first ones, and how many there are.

    `complete` is set if everything about them was read.
    """

    listed: tuple[ApplicationSummary, ...]
    total: int
    open_to_all: int
    complete: bool


def compute_application_statistics(snapshot: Snapshot) -> ApplicationStatistics | None:
    """Traverse the assignments of an organization's applications; return None if none were listed."""
    if snapshot.applications is None:
        return None
    accesses: defaultdict[str, list[ApplicationAccess]] = defaultdict(list)
    for access in resolve_applications(snapshot):
        accesses[access.application.arn].append(access)
    summaries = [_summary(of_one) for of_one in accesses.values()]
    return ApplicationStatistics(
        listed=tuple(heapq.nsmallest(MAX_APPLICATIONS, summaries, key=order)),
        total=len(summaries),
        open_to_all=sum(each.application.assignment_required is False for each in summaries),
        complete=not any(gap.kind is GapKind.APPLICATIONS for gap in snapshot.gaps),
    )


def order(summary: ApplicationSummary) -> tuple[bool, int, str, str, str]:
    """Return the key that sorts applications that are open to all, and those with the most users, first."""
    application = summary.application
    return (
        application.assignment_required is not False,
        -summary.users,
        summary.name.casefold(),
        summary.organization,
        application.arn,
    )


def _summary(accesses: Sequence[ApplicationAccess]) -> ApplicationSummary:
    groups = [access for access in accesses if access.principal.type == GROUP]
    people = {
        holder.user_id
        for access in accesses
        for holder in access.holders
        if holder.state == OK or (holder.state == NOT_READ and holder.user_id)
    }
    unread = any(
        holder.state in {NOT_READ, MEMBERS_NOT_READ} and not holder.user_id
        for access in accesses
        for holder in access.holders
    )
    return ApplicationSummary(
        organization=accesses[0].organization,
        application=accesses[0].application,
        groups=tuple(sorted(_group_name(access) for access in groups)),
        direct=sum(access.principal.type == USER for access in accesses),
        users=len(people),
        certain=not unread,
    )


def _group_name(access: ApplicationAccess) -> str:
    if any(holder.state == NOT_FOUND for holder in access.holders):
        return f"{access.principal.id} (deleted)"
    return access.principal.id if access.group_name in ("", NOT_READ) else access.group_name
