"""The identity store's side of an organization: users, groups, who is in which, and who is gone."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import TypeVar

from sso_batch.aws.api import InstanceApi
from sso_batch.aws.error_codes import DEADLINE
from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.response_parsing import Unexamined
from sso_batch.collect.contradictions import (
    contradiction,
    failed_listing,
    unreliable_directory,
    unverified,
)
from sso_batch.collect.deletions import Deletions
from sso_batch.collect.work_queue import Lane
from sso_batch.model import GROUP, USER, Gap, Group, Membership, Principal, User

T = TypeVar("T", User, Group)

_FEWEST = 5
"""So many principals, and more than half of those that have access, have to be "not found" before the
directory itself is in doubt. Counted for users, for groups, and for both together."""


class Directory:
    """Learns of principals as they are seen in grants.

    Members are asked of groups that have a grant, each once and as soon as the group is seen. Active
    Directory's principals may not be listed: one that is seen and not listed is asked for by itself
    before it counts as missing, also where the listing failed. "Not found" is no proof where AWS lists
    members of the group, or where it is the answer for most principals that have access.
    """

    def __init__(self, api: InstanceApi, lane: Lane, moved: Callable[[], None]) -> None:
        self.users: dict[str, User] = {}
        self.groups: dict[str, Group] = {}
        self.memberships: dict[str, Membership] = {}
        self.missing: set[Principal] = set()
        self.unexamined: Counter[Unexamined] = Counter()
        self.ended = False
        self._api = api
        self._lane = lane
        self._moved = moved
        self._store_id = ""
        self._asked: set[str] = set()  # principal types whose listing has ended, one way or the other
        self._failed: dict[str, AwsFailure] = {}  # types whose listing failed
        self._refused: set[str] = set()  # types that can be neither listed nor described
        self._seen: set[Principal] = set()
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
        """Ask for all users and groups; `moved` is called whenever more of them are known."""
        self._store_id = identity_store_id
        users = partial(self._list, USER, self._api.users, self.users)
        groups = partial(self._list, GROUP, self._api.groups, self.groups)
        self._lane.ask(identity_store_id, users, then=partial(self._ended, USER))
        self._lane.ask(identity_store_id, groups, then=partial(self._ended, GROUP))

    def saw(self, principal: Principal) -> None:
        """Learn all of a principal that a grant names."""
        if principal in self._seen:
            return
        self._seen.add(principal)
        if principal.type == GROUP:
            self._lane.ask(principal.id, partial(self._list_members, principal))
        elif principal.type != USER:
            self._lane.gaps.append(_unknown_type(principal))
        self._find_unlisted(principal)

    def not_found(self, principal: Principal, failure: AwsFailure) -> None:
        """Take in that a call about a listed principal did not find it; raises any other failure."""
        self._deletions[principal.type].not_found(principal.id, failure, principal.id)

    def verify(self) -> None:
        """Once nothing is left to ask: ask again about contradictions, which deletions can explain."""
        for group, failure in self._without_members.items():
            if group in self._not_found and group.id in self._listed[GROUP]:
                self._deletions[GROUP].not_found(group.id, failure, group.id)
        for group in self._not_found:
            if self._has_members(group):
                self._lane.ask(group.id, partial(self._verify_members, group))
        for deletions in self._deletions.values():
            deletions.verify(self._store_id)

    def finish(self) -> None:
        """Once nothing is left to ask: decide who is missing, and which answers contradict each other."""
        doubtful = self._doubtful_types()
        for group, failure in self._without_members.items():
            if group.id in self.groups and group not in self._not_found:
                self._lane.gaps.append(contradiction(failure, group.id, "the group exists"))
            elif group not in self._not_found:
                self._lane.gaps.append(unverified(failure, group.id))
        for principal, failure in self._not_found.items():
            if self._has_members(principal):
                members = len(self.memberships[principal.id].user_ids)
                evidence = f"ListGroupMemberships lists {members} members of the group"
                self._lane.gaps.append(contradiction(failure, principal.id, evidence))
            elif principal.type not in doubtful and principal.id not in self.groups:
                self.missing.add(principal)

    def _has_members(self, principal: Principal) -> bool:
        membership = self.memberships.get(principal.id)
        return principal.type == GROUP and membership is not None and bool(membership.user_ids)

    def _doubtful_types(self) -> set[str]:
        """The types of which "not found" says nothing, since it is the answer for most; each is a gap."""
        doubtful: set[str] = set()
        for types in ({USER}, {GROUP}, {USER, GROUP}):
            denied, seen = self._count(types)
            if denied >= _FEWEST and 2 * denied > seen:
                for principal_type in sorted(types - doubtful):
                    if self._count({principal_type})[0]:
                        gap = unreliable_directory(principal_type, self._store_id, denied, seen)
                        self._lane.gaps.append(gap)
                doubtful |= types
        return doubtful

    def _count(self, types: set[str]) -> tuple[int, int]:
        """How many principals of some types are "not found", and how many have access."""
        denied = sum(one.type in types for one in self._not_found)
        return denied, sum(one.type in types for one in self._seen)

    # What is asked

    async def _list(
        self, principal_type: str, listing: Callable[[], AsyncIterator[list[T]]], known: dict[str, T]
    ) -> None:
        try:
            async for page in listing():
                known.update((one.id, one) for one in page)
                self._listed[principal_type].update(one.id for one in page)
                self._moved()
        except AwsFailure as failure:
            self._failed[principal_type] = failure
            self._lane.gaps.append(failed_listing(failure, self._store_id))

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
        if members or not unexamined:  # a group of members of unknown kinds alone is not an empty one
            self.memberships[group.id] = Membership(group.id, tuple(sorted(members)))
        for user_id in members:
            self.saw(Principal(USER, user_id))

    async def _members(self, group: Principal) -> tuple[set[str], Counter[Unexamined]]:
        """Return the ids of a group's members, and how many members are of kinds that are not known."""
        members: set[str] = set()
        unexamined: Counter[Unexamined] = Counter()
        async for page in self._api.member_ids(group.id):
            members.update(member for member in page if isinstance(member, str))
            unexamined.update(member for member in page if isinstance(member, Unexamined))
        return members, unexamined

    async def _verify_members(self, group: Principal) -> None:
        """Ask again for the members of a group that is not found: it may have been deleted meanwhile."""
        try:
            members, unexamined = await self._members(group)
        except AwsFailure as failure:
            if not failure.not_found:
                raise
            members, unexamined = set(), Counter()
        if not members and not unexamined:
            del self.memberships[group.id]

    def _ended(self, principal_type: str) -> None:
        self._asked.add(principal_type)
        self.ended = self._asked == {USER, GROUP}
        for principal in tuple(self._seen):
            self._find_unlisted(principal)
        self._moved()

    def _find_unlisted(self, principal: Principal) -> None:
        known = self.users if principal.type == USER else self.groups
        if principal.type in self._asked and principal.id not in known:
            self._describe(principal)

    def _describe(self, principal: Principal) -> None:
        failed = self._failed.get(principal.type)
        if principal not in self._described and (failed is None or failed.code != DEADLINE):
            self._described.add(principal)
            self._lane.ask(principal.id, partial(self._describe_principal, principal))

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
        """Whether to describe the others would fail as well: there can be a hundred thousand."""
        listing = self._failed.get(principal.type)
        return listing is not None and (failure.denied or failure.code == listing.code)

    def _refuse(self, principal_type: str, failure: AwsFailure) -> None:
        """Describe no more principals of a type; a missing IAM action is a gap of its own."""
        if failure.denied and principal_type not in self._refused:
            self._lane.gaps.append(failure.gap(self._store_id))
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
                yield [one.id for one in page]

        known = self._listed[principal_type]
        return Deletions(
            operation, ids, self._lane, known=known, delete=partial(self._delete, principal_type)
        )

    def _delete(self, principal_type: str, id_: str) -> None:
        (self.users if principal_type == USER else self.groups).pop(id_, None)
        if principal_type == GROUP:
            self.memberships.pop(id_, None)
        self.missing.add(Principal(principal_type, id_))


def _unknown_type(principal: Principal) -> Gap:
    return Gap(
        "ListAccountAssignments",
        principal.id,
        "UnknownPrincipalType",
        f"AWS names a principal of a type that this version does not know: {principal.type}",
        "look for a newer version of sso-batch",
    )
