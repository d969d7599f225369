"""The identity store's side of an organization: users, groups, who is in which, and who is gone."""

from collections import Counter
from collections.abc import Callable
from functools import partial

from sso_batch.aws.answers import Unexamined
from sso_batch.aws.api import InstanceApi
from sso_batch.aws.failures import AwsFailure
from sso_batch.collect.lane import Lane
from sso_batch.model import GROUP, USER, Gap, Group, Membership, Principal, User


class Directory:
    """Learns of principals as they are seen in grants.

    Members are asked of groups that have a grant, each once and as soon as the group is seen. Active
    Directory's principals may not be listed: one that is seen and not listed is asked for by itself
    before it counts as missing.
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
        self._asked: set[str] = set()  # principal types whose listing has ended, one way or the other
        self._listed: set[str] = set()  # those of which all that AWS lists is known
        self._seen: set[Principal] = set()
        self._described: set[Principal] = set()
        self._without_members: dict[Principal, AwsFailure] = {}

    @property
    def complete(self) -> bool:
        """Whether every user and group that AWS lists is known."""
        return self._listed == {USER, GROUP}

    def start(self, identity_store_id: str) -> None:
        """Ask for all users and groups; `moved` is called whenever more of them are known."""
        self._lane.ask(identity_store_id, self._list_users, then=partial(self._ended, USER))
        self._lane.ask(identity_store_id, self._list_groups, then=partial(self._ended, GROUP))

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

    def finish(self) -> None:
        """Once nothing is left to ask: a group that is there and whose members are not is a gap."""
        for group, failure in self._without_members.items():
            if group not in self.missing:
                self._lane.gaps.append(failure.gap(group.id))

    async def _list_members(self, group: Principal) -> None:
        members: set[str] = set()
        unexamined: Counter[Unexamined] = Counter()
        try:
            async for page in self._api.member_ids(group.id):
                members.update(one for one in page if isinstance(one, str))
                unexamined.update(one for one in page if isinstance(one, Unexamined))
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

    async def _list_users(self) -> None:
        async for page in self._api.users():
            self.users.update((user.id, user) for user in page)
            self._moved()
        self._listed.add(USER)

    async def _list_groups(self) -> None:
        async for page in self._api.groups():
            self.groups.update((group.id, group) for group in page)
            self._moved()
        self._listed.add(GROUP)

    def _ended(self, principal_type: str) -> None:
        self._asked.add(principal_type)
        self.ended = self._asked == {USER, GROUP}
        for principal in tuple(self._seen):
            self._find_unlisted(principal)
        self._moved()

    def _find_unlisted(self, principal: Principal) -> None:
        known = self.users if principal.type == USER else self.groups
        if principal.type in self._listed and principal.id not in known:
            self._describe(principal)

    def _describe(self, principal: Principal) -> None:
        if principal not in self._described:
            self._described.add(principal)
            self._lane.ask(principal.id, partial(self._describe_principal, principal))

    async def _describe_principal(self, principal: Principal) -> None:
        try:
            if principal.type == USER:
                self.users[principal.id] = await self._api.user(principal.id)
            else:
                self.groups[principal.id] = await self._api.group(principal.id)
        except AwsFailure as failure:
            if not failure.not_found:
                raise
            self.missing.add(principal)


def _unknown_type(principal: Principal) -> Gap:
    return Gap(
        "ListAccountAssignments",
        principal.id,
        "UnknownPrincipalType",
        f"AWS names a principal of a type that this version does not know: {principal.type}",
        "look for a newer version of sso-batch",
    )
