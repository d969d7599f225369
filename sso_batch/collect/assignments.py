"""The assignments of permission sets: which principal has which permission set in which account."""

from functools import partial

from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.instance_api import InstanceApi
from sso_batch.collect.identity_store import IdentityStore
from sso_batch.collect.listing import Stream
from sso_batch.collect.permission_sets import PermissionSets
from sso_batch.collect.provisioned_pairs import Pair, ProvisionedPairs, assignments_of
from sso_batch.collect.work_queue import Batch, WorkQueue, run_together
from sso_batch.model import GapKind, Grant, Principal, Subject


class Assignments:
    """Adds every assignment to `grants`, by pair or by principal, and has its permission set described."""

    def __init__(
        self,
        api: InstanceApi,
        queue: WorkQueue,
        pairs: ProvisionedPairs,
        permission_sets: PermissionSets,
        identity_store: IdentityStore,
        grants: Stream[Grant],
    ) -> None:
        self._api = api
        self._jobs = queue.jobs
        self._calls = Batch(queue)
        self._pairs = pairs
        self._permission_sets = permission_sets
        self._identity_store = identity_store
        self._grants = grants
        self._refused = False

    async def list_by_pair(self) -> None:
        """List the assignments of each pair as soon as it is known, and describe every permission set."""
        await run_together(self._permission_sets.describe_listed(), self._list_pairs())

    async def list_by_principal(self) -> bool:
        """List the assignments of each known group and user; return False as soon as AWS refuses that.

        The call is documented for the management account only.
        """
        for principal in self._identity_store.known:
            subject = Subject(GapKind.ASSIGNMENTS, principal.id)
            self._calls.add(subject, partial(self._list_principal, principal, subject))
        await self._jobs.until(lambda: self._refused or not self._calls.pending)
        return not self._refused

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

    async def _list_principal(self, principal: Principal, subject: Subject) -> None:
        """List the assignments of one principal; a user's answer can name those of the user's groups."""
        if self._refused:
            return
        try:
            async for page in self._api.assignments_of(principal):
                self._grants.add(page)
                for grant in page:
                    self._permission_sets.describe(grant.permission_set_arn)
        except AwsFailure as failure:
            if failure.denied:
                self._refused = True
                self._jobs.notify()
            else:
                self._identity_store.listing_of(principal.type).not_found(principal.id, failure, subject)
