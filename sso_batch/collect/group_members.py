"""The members of groups: each group is listed once, however often its members are needed."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.instance_api import InstanceApi
from sso_batch.aws.response_parsing import Unexamined
from sso_batch.collect.work_queue import Batch, WorkQueue
from sso_batch.model import GapKind, Member, Principal, Subject


@dataclass(frozen=True, slots=True)
class MemberList:
    """A group's members by user id, and how many are of unknown kinds; or why they could not be listed.

    `started` is when the listing was started, in seconds of the event loop's clock.
    """

    group: Principal
    started: float
    members: dict[str, Member]
    unexamined: Counter[Unexamined]
    failure: AwsFailure | None = None


class GroupMembers:
    """Lists the members of groups. After `hold`, requested listings wait for `release`."""

    def __init__(self, api: InstanceApi, queue: WorkQueue) -> None:
        self._api = api
        self._calls = Batch(queue)
        self._lists: dict[Principal, MemberList] = {}
        self._waiting: defaultdict[Principal, list[Callable[[MemberList], None]]] = defaultdict(list)
        self._started: set[Principal] = set()
        self._held = False

    @property
    def pending(self) -> bool:
        """Whether a listing that was started has not ended yet."""
        return bool(self._calls.pending)

    def hold(self) -> None:
        """Start no listing because it is requested, before `release`."""
        self._held = True

    def release(self) -> None:
        """Start the listings that were held, and every further one when it is requested."""
        self._held = False
        for group in self._waiting:
            self.start(group)

    def request(self, group: Principal, then: Callable[[MemberList], None]) -> None:
        """Call `then` with the members of a group, as soon as they are listed."""
        if group in self._lists:
            then(self._lists[group])
            return
        self._waiting[group].append(then)
        if not self._held:
            self.start(group)

    def start(self, group: Principal) -> None:
        """List the members of a group, once."""
        if group not in self._started:
            self._started.add(group)
            self._calls.add(members_of(group), partial(self._list, group))

    async def read(self, group: Principal) -> MemberList:
        """Return the members of a group, from a new listing."""
        listed = MemberList(group, asyncio.get_running_loop().time(), {}, Counter())
        async for page in self._api.members(group.id):
            listed.members.update({member.user_id: member for member in page if isinstance(member, Member)})
            listed.unexamined.update(member for member in page if isinstance(member, Unexamined))
        return listed

    async def done(self) -> None:
        """Wait until no listing is left, and forget the members."""
        await self._calls.done()
        self._lists.clear()

    async def _list(self, group: Principal) -> None:
        try:
            listed = await self.read(group)
        except AwsFailure as failure:
            listed = MemberList(group, 0.0, {}, Counter(), failure)
        self._lists[group] = listed
        for then in self._waiting.pop(group, ()):
            then(listed)


def members_of(group: Principal) -> Subject:
    """Return a group's members as the subject of a call."""
    return Subject(GapKind.MEMBERS, group.id)
