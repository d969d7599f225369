"""Users, groups and memberships of the identity store, and which principals no longer exist."""

from collections import Counter
from functools import partial

from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.instance_api import InstanceApi
from sso_batch.aws.response_parsing import Unexamined
from sso_batch.collect.gaps import contradiction, unknown_type, unreliable_directory, unverified
from sso_batch.collect.group_members import GroupMembers, MemberList, members_of
from sso_batch.collect.listing import Listing, Stream
from sso_batch.collect.principals import Principals
from sso_batch.collect.work_queue import WorkQueue, run_together
from sso_batch.model import (
    GROUP,
    USER,
    ApplicationAssignment,
    Grant,
    Group,
    Instance,
    Membership,
    Principal,
    User,
)

_FEWEST = 5
"""The number of principals that must be "not found" before the directory itself is in doubt. They must be
more than half of those with access, too. Counted for users, for groups, and for both together."""


_Assigned = Stream[Grant] | Stream[ApplicationAssignment]


class IdentityStore:
    """The users and groups, and the members of the groups that have access to accounts or applications.

    "Not found" proves nothing about a principal if AWS lists members of the group, or if it is the answer
    for most principals with access.
    """

    def __init__(self, api: InstanceApi, queue: WorkQueue, instance: Instance) -> None:
        self.memberships: dict[str, Membership] = {}
        self.missing: set[Principal] = set()
        self.unexamined: Counter[Unexamined] = Counter()
        self.members = GroupMembers(api, queue)
        self._queue = queue
        self._store_id = instance.identity_store_id
        self.users = Principals[User](
            queue, USER, self._store_id, operation="ListUsers", pages=api.users, read=api.user
        )
        self.groups = Principals[Group](
            queue, GROUP, self._store_id, operation="ListGroups", pages=api.groups, read=api.group
        )
        self._with_access = Stream[Principal](queue.jobs)
        self._without_members: dict[Principal, AwsFailure] = {}

    @property
    def ended(self) -> bool:
        """Whether both listings have ended."""
        return self.users.listing.ended and self.groups.listing.ended

    @property
    def complete(self) -> bool:
        """Whether every user and group that AWS lists is known."""
        return self.users.listing.complete and self.groups.listing.complete

    def listing_of(self, principal_type: str) -> Listing:
        """Return the listing of users or of groups."""
        return self.users.listing if principal_type == USER else self.groups.listing

    async def read_principals(
        self, grants: Stream[Grant], applications: Stream[ApplicationAssignment]
    ) -> None:
        """Read the members of groups as soon as an assignment names them, and principals not listed."""
        await run_together(
            self._list_members(grants, applications),
            self.users.describe_unlisted(self._with_access),
            self.groups.describe_unlisted(self._with_access),
        )

    def verify(self) -> None:
        """Read contradictory answers again, once all other calls are made: deletions can explain them."""
        for group, failure in self._without_members.items():
            if group in self.groups.not_found and group.id in self.groups.listing:
                self.groups.listing.not_found(group.id, failure, members_of(group))
        for group in self.groups.not_found:
            if self._has_members(group):
                self._queue.add(members_of(group), partial(self._verify_members, group))
        self.users.listing.verify()
        self.groups.listing.verify()

    def finish(self) -> None:
        """Decide who is missing and which answers contradict each other, once all calls are made."""
        self._remove_deleted()
        doubtful = self._doubtful_types()
        for group, failure in self._without_members.items():
            if group.id in self.groups.found and group not in self.groups.not_found:
                self._queue.gaps.append(contradiction(failure, members_of(group), "the group exists"))
            elif group not in self.groups.not_found:
                self._queue.gaps.append(unverified(failure, members_of(group)))
        for principal, failure in (self.users.not_found | self.groups.not_found).items():
            if self._has_members(principal):
                members = len(self.memberships[principal.id].members)
                evidence = f"ListGroupMemberships lists {members} members of the group"
                self._queue.gaps.append(contradiction(failure, self.groups.subject(principal), evidence))
            elif principal.type not in doubtful and principal.id not in self.groups.found:
                self.missing.add(principal)

    def _remove_deleted(self) -> None:
        """Remove the records of principals that were deleted during the run; they are missing."""
        for id_ in self.users.listing.deleted:
            self.users.found.pop(id_, None)
            self.missing.add(Principal(USER, id_))
        for id_ in self.groups.listing.deleted:
            self.groups.found.pop(id_, None)
            self.memberships.pop(id_, None)
            self.missing.add(Principal(GROUP, id_))

    def _has_members(self, principal: Principal) -> bool:
        membership = self.memberships.get(principal.id)
        return principal.type == GROUP and membership is not None and bool(membership.members)

    def _doubtful_types(self) -> set[str]:
        """Return the principal types for which "not found" proves nothing; each is a gap."""
        doubtful: set[str] = set()
        for types in ({USER}, {GROUP}, {USER, GROUP}):
            missing, total = self._count(types)
            if missing >= _FEWEST and 2 * missing > total:
                for principal_type in sorted(types - doubtful):
                    if self._count({principal_type})[0]:
                        gap = unreliable_directory(principal_type, self._store_id, missing, total)
                        self._queue.gaps.append(gap)
                doubtful |= types
        return doubtful

    def _count(self, types: set[str]) -> tuple[int, int]:
        """Return how many principals of some types are "not found", and how many have access."""
        missing = sum(len(kind.not_found) for kind in (self.users, self.groups) if kind.type in types)
        return missing, sum(principal.type in types for principal in self._with_access)

    # The members of groups that have access

    async def _list_members(self, *sources: _Assigned) -> None:
        await run_together(*(self._list_members_in(source) for source in sources))
        await self.members.done()
        self._with_access.end()

    async def _list_members_in(self, source: _Assigned) -> None:
        unknown: set[Principal] = set()
        async for page in source.pages():
            for principal in self._with_access.add(assigned.principal for assigned in page):
                if principal.type == GROUP:
                    self.members.request(principal, self._add_members)
            for assigned in page:
                if assigned.principal.type not in {USER, GROUP} and assigned.principal not in unknown:
                    unknown.add(assigned.principal)
                    self._queue.gaps.append(unknown_type(assigned))

    def _add_members(self, listed: MemberList) -> None:
        """Add the members of a group that has access."""
        group, members, failure = listed.group, listed.members, listed.failure
        if failure is not None and not failure.not_found:
            self._queue.gaps.append(failure.gap(members_of(group)))
            return
        if failure is not None:
            self._without_members[group] = failure
            self.groups.describe(group)
            return
        self.unexamined += listed.unexamined
        if members or not listed.unexamined:  # a group whose members are all of unknown kinds is not empty
            self.memberships[group.id] = Membership(group.id, tuple(members[id_] for id_ in sorted(members)))
        self._with_access.add(Principal(USER, user_id) for user_id in members)

    async def _verify_members(self, group: Principal) -> None:
        """List the members of a group that is not found again: it may have been deleted meanwhile."""
        try:
            listed = await self.members.read(group)
        except AwsFailure as failure:
            if not failure.not_found:
                raise
            del self.memberships[group.id]
            return
        if not listed.members and not listed.unexamined:
            del self.memberships[group.id]
