"""The assignments of permission sets: which principal has which permission set in which account."""

import asyncio
from collections.abc import Iterable
from functools import partial
from itertools import islice

from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.instance_api import InstanceApi
from sso_batch.collect.group_coverage import GroupCoverage
from sso_batch.collect.group_members import MemberList
from sso_batch.collect.identity_store import IdentityStore
from sso_batch.collect.listing import Stream
from sso_batch.collect.permission_sets import PermissionSets
from sso_batch.collect.provisioned_pairs import Pair, ProvisionedPairs, assignments_of
from sso_batch.collect.work_queue import Batch, WorkQueue, run_together
from sso_batch.model import GROUP, USER, GapKind, Grant, ListingStrategy, Principal, Subject


class Assignments:
    """Adds every assignment to `grants`, by pair or by principal, and has its permission set described."""

    def __init__(
        self,
        api: InstanceApi,
        queue: WorkQueue,
        pairs: ProvisionedPairs,
        permission_sets: PermissionSets,
        identity_store: IdentityStore,
        coverage: GroupCoverage,
        grants: Stream[Grant],
    ) -> None:
        self._api = api
        self._jobs = queue.jobs
        self._calls = Batch(queue)
        self._pairs = pairs
        self._permission_sets = permission_sets
        self._identity_store = identity_store
        self._members = identity_store.members
        self._coverage = coverage
        self._grants = grants
        self._asked: set[Principal] = set()
        self._users_left = 0
        self._to_cover: dict[Principal, None] = {}  # groups whose members have not been listed yet
        self._refused = False

    async def list_by_pair(self) -> None:
        """List the assignments of each pair as soon as it is known, and describe every permission set."""
        await run_together(self._permission_sets.describe_listed(), self._list_pairs())

    async def list_by_principal(self) -> ListingStrategy | None:
        """List the assignments of each known user, and of each group that no answer for a member covers.

        Return what the answers were seen to hold; None as soon as AWS refuses the call, which is documented
        for the management account only.
        """
        users = [Principal(USER, id_) for id_ in self._identity_store.users.found]
        groups = [Principal(GROUP, id_) for id_ in self._identity_store.groups.found]
        self._to_cover = dict.fromkeys(groups)
        self._users_left = len(users)
        self._ask(users)
        await self._answered()
        self._members.release()
        by_user = self._coverage.seen and self._coverage.consistent
        # Each group is asked that is not covered, also if its members were never listed.
        self._ask(group for group in groups if not by_user or group not in self._coverage)
        await self._answered()
        if self._refused:
            return None
        return ListingStrategy.BY_USER if by_user else ListingStrategy.BY_PRINCIPAL

    async def _list_pairs(self) -> None:
        async for pairs in self._pairs.pages():
            for pair in pairs:
                _, arn = pair
                self._permission_sets.describe(arn)
                self._calls.add(assignments_of(pair), partial(self._list_pair, pair))
        await self._calls.done()

    async def _list_pair(self, pair: Pair) -> None:
        try:
            async for page in self._api.assignments(*pair):
                self._grants.add(page)
        except AwsFailure as failure:
            self._pairs.not_found(pair, failure)

    async def _answered(self) -> None:
        """Wait until AWS has answered for all principals, or has refused the call."""
        await self._jobs.until(lambda: self._refused or not (self._calls.pending or self._members.pending))

    def _ask(self, principals: Iterable[Principal]) -> None:
        """Ask for the assignments of principals, each once."""
        for principal in principals:
            if principal not in self._asked:
                self._asked.add(principal)
                subject = Subject(GapKind.ASSIGNMENTS, principal.id)
                self._calls.add(subject, partial(self._list_principal, principal, subject))

    def _list_members(self, answer: Iterable[Grant]) -> None:
        """List the members of the groups that an answer for a user has named: it can cover them.

        The members of other groups are listed as late as takes no time, once fewer users are left than
        groups: the more users have been asked before, the more groups are covered.
        """
        named = dict.fromkeys(grant.principal for grant in answer if grant.principal.type == GROUP)
        self._cover(named)
        if self._coverage.seen:
            self._cover(tuple(islice(self._to_cover, max(len(self._to_cover) - self._users_left, 0))))

    def _cover(self, groups: Iterable[Principal]) -> None:
        """List the members of groups, and ask for the assignments of those that no answer covers."""
        for group in groups:
            if group in self._to_cover:
                del self._to_cover[group]
                self._members.request(group, self._ask_unless_covered)
            self._members.start(group)

    def _ask_unless_covered(self, listed: MemberList) -> None:
        if not self._coverage.covers(listed):
            self._ask([listed.group])

    async def _list_principal(self, principal: Principal, subject: Subject) -> None:
        """List the assignments of one principal; a user's answer can hold those of the user's groups."""
        if self._refused:
            return
        grants: list[Grant] = []
        ended = None
        try:
            async for page in self._api.assignments_of(principal):
                grants += page
                for grant in page:
                    self._permission_sets.describe(grant.permission_set_arn)
            ended = asyncio.get_running_loop().time()
        except AwsFailure as failure:
            if failure.denied:
                self._refused = True
                self._jobs.notify()
            else:
                self._identity_store.listing_of(principal.type).not_found(principal.id, failure, subject)
        finally:
            self._coverage.add(principal, grants, ended)
            self._grants.add(grants)
            if principal.type == USER:
                self._users_left -= 1
                self._list_members(grants)
