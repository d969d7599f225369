"""Permission sets: each described once, with its policies if the configuration asks for them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.instance_api import InstanceApi
from sso_batch.collect.listing import Listing
from sso_batch.collect.policy_documents import PolicyDocuments
from sso_batch.collect.work_queue import WorkQueue
from sso_batch.model import GapKind, Instance, PermissionSet, Subject

Detail = Callable[[InstanceApi, str], Awaitable[Any]]

DETAILS: Mapping[str, Detail] = {
    "managed_policies": InstanceApi.managed_policies,
    "customer_managed_policies": InstanceApi.customer_managed_policies,
    "inline_policy": InstanceApi.inline_policy,
    "permissions_boundary": InstanceApi.permissions_boundary,
    "tags": InstanceApi.permission_set_tags,
}
"""The fields of a permission set that take a call each."""


class PermissionSets:
    """The permission sets known so far; one that is not described has only its ARN.

    `calls_each` is how many calls it takes to describe one. `documents` reads the documents of the AWS
    managed policies, as soon as a permission set is known to have them.
    """

    def __init__(
        self,
        api: InstanceApi,
        queue: WorkQueue,
        instance: Instance,
        *,
        details: bool,
        documents: PolicyDocuments | None = None,
    ) -> None:
        self.found: dict[str, PermissionSet] = {}
        self.calls_each = 1 + len(DETAILS) * details
        self._api = api
        self._queue = queue
        self._details = DETAILS if details else {}
        self._documents = documents
        self._described: set[str] = set()
        self.listing = Listing(
            queue,
            Subject(GapKind.PERMISSION_SETS, instance.arn),
            "ListPermissionSets",
            self._list,
            repeat=api.permission_set_arns,
            exists=self._is_provisioned,
        )

    def add(self, arn: str) -> None:
        """Add a permission set of which only the ARN is known."""
        self.found.setdefault(arn, PermissionSet(arn))

    async def describe_listed(self) -> None:
        """Describe each permission set as soon as it is listed."""
        async for page in self.listing.pages():
            for arn in page:
                self.describe(arn)

    def describe(self, arn: str) -> None:
        """Read everything about a permission set, once."""
        self.add(arn)
        if arn not in self._described:
            self._described.add(arn)
            subject = _details_of(arn)
            self._queue.add(subject, partial(self._describe, arn))
            for field, read in self._details.items():
                self._queue.add(subject, partial(self._read, arn, field, read))

    def finish(self) -> None:
        """Remove the permission sets that were deleted during the run."""
        for arn in self.listing.deleted:
            del self.found[arn]

    async def _list(self) -> AsyncIterator[list[str]]:
        async for page in self._api.permission_set_arns():
            for arn in page:
                self.add(arn)
            yield page

    async def _describe(self, arn: str) -> None:
        try:
            read = await self._api.permission_set(arn)
        except AwsFailure as failure:
            self.listing.not_found(arn, failure, _details_of(arn))
            return
        self.found[arn] = replace(
            self.found[arn],
            name=read.name,
            description=read.description,
            session_duration=read.session_duration,
        )

    async def _read(self, arn: str, field: str, read: Detail) -> None:
        try:
            value = await read(self._api, arn)
        except AwsFailure as failure:
            if failure.anything_not_found and not failure.not_found:
                # Perhaps the permission set and not its boundary, which was asked for: the listing decides.
                self.listing.suspect(arn, (failure, _details_of(arn)))
            else:
                self.listing.not_found(arn, failure, _details_of(arn))
            return
        self.found[arn] = replace(self.found[arn], **{field: value})
        if self._documents is not None:
            for policy_arn in self.found[arn].managed_policies or ():
                self._documents.read(policy_arn)

    async def _is_provisioned(self, arn: str) -> bool:
        """Return whether a permission set that is no longer listed is provisioned in some account."""
        try:
            async for page in self._api.accounts_provisioned_with(arn):
                if page:
                    return True
        except AwsFailure as failure:
            if not failure.not_found:
                raise
        return False


def _details_of(arn: str) -> Subject:
    return Subject(GapKind.PERMISSION_SET_DETAILS, arn, arn)
