"""Users, groups and memberships of the identity store, and which principals no longer exist."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import TypeVar

from sso_batch.aws.api import InstanceApi
from sso_batch.aws.error_codes import DEADLINE
from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.response_parsing import Unexamined
from sso_batch.collect.contradictions import (
    KINDS,
    contradiction,
    failed_listing,
    unreliable_directory,
    unverified,
)
from sso_batch.collect.deletions import Deletions
from sso_batch.collect.work_queue import WorkQueue
from sso_batch.model import GROUP, USER, Gap, GapKind, Group, Membership, Principal, Subject, User

T = TypeVar("T", User, Group)

_FEWEST = 5
"""The number of principals that must be "not found" before the directory itself is in doubt. They must be
more than half of those with access, too. Counted for users, for groups, and for both together."""


class IdentityStore:
    """Lists users and groups, and reads the principals that have access.

    The members of a group are listed once, as soon as an assignment names the group. AWS may not list the
    principals of an Active Directory: one that has access and is not listed is read by id before it counts
    as missing, also if the listing failed. "Not found" proves nothing if AWS lists members of the group, or
    if it is the answer for most principals with access. `on_progress` is called whenever more principals
    are known.
    """

    def __init__(self, api: InstanceApi, queue: WorkQueue, on_progress: Callable[[], None]) -> None:
        self.users: dict[str, User] = {}
        self.groups: dict[str, Group] = {}
        self.memberships: dict[str, Membership] = {}
        self.missing: set[Principal] = set()
        self.unexamined: Counter[Unexamined] = Counter()
        self.ended = False
        self._api = api
        self._queue = queue
        self._on_progress = on_progress
        self._store_id = ""
        self._listing_ended: set[str] = set()  # principal types, whether the listing failed or not
        self._failed: dict[str, AwsFailure] = {}  # principal types whose listing failed
        self._refused: set[str] = set()  # principal types that can be neither listed nor described
        self._with_access: set[Principal] = set()
        self._described: set[Principal] = set()
        self._not_found: dict[Principal, AwsFailure] = {}
        self._without_members: dict[Principal, AwsFailure] = {}
        self._listed: dict[str, set[str]] = {USER: set(), GROUP: set()}
        self._deletions = {
            USER: self._deletions_of(USER, "ListUsers", api.users),
            GROUP: self._deletions_of(GROUP, "ListGroups", api.groups),
        }

    @property
    def complete(self) -> bool:
        """Whether every user and group that AWS lists is known."""
        return self.ended and not self._failed

    def start(self, identity_store_id: str) -> None:
        """List all users and groups."""
        self._store_id = identity_store_id
        users = partial(self._list, USER, self._api.users, self.users)
        groups = partial(self._list, GROUP, self._api.groups, self.groups)
        self._queue.add(self._store(USER), users, then=partial(self._end_listing, USER))
        self._queue.add(self._store(GROUP), groups, then=partial(self._end_listing, GROUP))

    def add_principal(self, principal: Principal) -> None:
        """Read a principal that has access, once: a group with its members."""
        if principal in self._with_access:
            return
        self._with_access.add(principal)
        if principal.type == GROUP:
            self._queue.add(_members_of(principal), partial(self._list_members, principal))
        elif principal.type != USER:
            self._queue.gaps.append(_unknown_type(principal))
        self._find_unlisted(principal)

    def not_found(self, principal: Principal, failure: AwsFailure) -> None:
        """Record that a call about a listed principal did not find it; raise any other failure."""
        subject = Subject(GapKind.ASSIGNMENTS, principal.id)
        self._deletions[principal.type].not_found(principal.id, failure, subject)

    def verify(self) -> None:
        """Read contradictory answers again, once all other calls are made: deletions can explain them."""
        for group, failure in self._without_members.items():
            if group in self._not_found and group.id in self._listed[GROUP]:
                self._deletions[GROUP].not_found(group.id, failure, _members_of(group))
        for group in self._not_found:
            if self._has_members(group):
                self._queue.add(_members_of(group), partial(self._verify_members, group))
        for principal_type, deletions in self._deletions.items():
            deletions.verify(self._store(principal_type))

    def finish(self) -> None:
        """Decide who is missing and which answers contradict each other, once all calls are made."""
        doubtful = self._doubtful_types()
        for group, failure in self._without_members.items():
            if group.id in self.groups and group not in self._not_found:
                self._queue.gaps.append(contradiction(failure, _members_of(group), "the group exists"))
            elif group not in self._not_found:
                self._queue.gaps.append(unverified(failure, _members_of(group)))
        for principal, failure in self._not_found.items():
            if self._has_members(principal):
                members = len(self.memberships[principal.id].user_ids)
                evidence = f"ListGroupMemberships lists {members} members of the group"
                self._queue.gaps.append(contradiction(failure, _principal(principal), evidence))
            elif principal.type not in doubtful and principal.id not in self.groups:
                self.missing.add(principal)

    def _has_members(self, principal: Principal) -> bool:
        membership = self.memberships.get(principal.id)
        return principal.type == GROUP and membership is not None and bool(membership.user_ids)

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
        missing = sum(principal.type in types for principal in self._not_found)
        return missing, sum(principal.type in types for principal in self._with_access)

    def _store(self, principal_type: str) -> Subject:
        """Return the users, or the groups, of the identity store as the subject of a call."""
        return Subject(KINDS[principal_type], self._store_id)

    # Listings and single principals

    async def _list(
        self, principal_type: str, listing: Callable[[], AsyncIterator[list[T]]], known: dict[str, T]
    ) -> None:
        try:
            async for page in listing():
                known.update((record.id, record) for record in page)
                self._listed[principal_type].update(record.id for record in page)
                self._on_progress()
        except AwsFailure as failure:
            self._failed[principal_type] = failure
            self._queue.gaps.append(failed_listing(failure, self._store(principal_type)))

    async def _list_members(self, group: Principal) -> None:
        try:
            members, unexamined = await self._members(group)
        except AwsFailure as failure:
            if not failure.not_found:
                raise
            self._without_members[group] = failure
            self._describe(group)
            return
        self.unexamined += unexamined
        if members or not unexamined:  # a group whose members are all of unknown kinds is not empty
            self.memberships[group.id] = Membership(group.id, tuple(sorted(members)))
        for user_id in members:
            self.add_principal(Principal(USER, user_id))

    async def _members(self, group: Principal) -> tuple[set[str], Counter[Unexamined]]:
        """Return the ids of a group's members, and how many members are of unknown kinds."""
        members: set[str] = set()
        unexamined: Counter[Unexamined] = Counter()
        async for page in self._api.member_ids(group.id):
            members.update(member for member in page if isinstance(member, str))
            unexamined.update(member for member in page if isinstance(member, Unexamined))
        return members, unexamined

    async def _verify_members(self, group: Principal) -> None:
        """List the members of a group that is not found again: it may have been deleted meanwhile."""
        try:
            members, unexamined = await self._members(group)
        except AwsFailure as failure:
            if not failure.not_found:
                raise
            members, unexamined = set(), Counter()
        if not members and not unexamined:
            del self.memberships[group.id]

    def _end_listing(self, principal_type: str) -> None:
        self._listing_ended.add(principal_type)
        self.ended = self._listing_ended == {USER, GROUP}
        for principal in tuple(self._with_access):
            self._find_unlisted(principal)
        self._on_progress()

    def _find_unlisted(self, principal: Principal) -> None:
        known = self.users if principal.type == USER else self.groups
        if principal.type in self._listing_ended and principal.id not in known:
            self._describe(principal)

    def _describe(self, principal: Principal) -> None:
        failed = self._failed.get(principal.type)
        if principal not in self._described and (failed is None or failed.code != DEADLINE):
            self._described.add(principal)
            self._queue.add(_principal(principal), partial(self._describe_principal, principal))

    async def _describe_principal(self, principal: Principal) -> None:
        if principal.type in self._refused:
            return
        try:
            if principal.type == USER:
                self.users[principal.id] = await self._api.user(principal.id)
            else:
                self.groups[principal.id] = await self._api.group(principal.id)
        except AwsFailure as failure:
            if failure.not_found:
                self._not_found[principal] = failure
            elif self._is_refused_like_the_listing(principal, failure):
                self._refuse(principal.type, failure)
            else:
                raise

    def _is_refused_like_the_listing(self, principal: Principal, failure: AwsFailure) -> bool:
        """Return whether reading the others would fail as well: there can be a hundred thousand."""
        listing = self._failed.get(principal.type)
        return listing is not None and (failure.denied or failure.code == listing.code)

    def _refuse(self, principal_type: str, failure: AwsFailure) -> None:
        """Read no more principals of a type; a missing IAM action is a gap of its own."""
        if failure.denied and principal_type not in self._refused:
            self._queue.gaps.append(failure.gap(self._store(principal_type)))
        self._refused.add(principal_type)

    # What was deleted during the run

    def _deletions_of(
        self,
        principal_type: str,
        operation: str,
        listing: Callable[[], AsyncIterator[Sequence[User | Group]]],
    ) -> Deletions:
        async def ids() -> AsyncIterator[list[str]]:
            async for page in listing():
                yield [record.id for record in page]

        known = self._listed[principal_type]
        return Deletions(
            operation, ids, self._queue, known=known, delete=partial(self._delete, principal_type)
        )

    def _delete(self, principal_type: str, id_: str) -> None:
        (self.users if principal_type == USER else self.groups).pop(id_, None)
        if principal_type == GROUP:
            self.memberships.pop(id_, None)
        self.missing.add(Principal(principal_type, id_))


def _principal(principal: Principal) -> Subject:
    return Subject(KINDS[principal.type], principal.id)


def _members_of(group: Principal) -> Subject:
    return Subject(GapKind.MEMBERS, group.id)


def _unknown_type(principal: Principal) -> Gap:
    return Gap(
        GapKind.ASSIGNMENTS,
        "ListAccountAssignments",
        principal.id,
        "UnknownPrincipalType",
        f"AWS names a principal of a type that this version does not know: {principal.type}",
        "upgrade sso-batch, or report the type if there is no newer version",
    )
