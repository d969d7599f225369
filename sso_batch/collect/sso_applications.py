"""The applications of Identity Center: who is assigned to each, and whether an assignment is required."""

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import partial

from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.instance_api import InstanceApi
from sso_batch.aws.operations import LIST_SSO_APPLICATIONS
from sso_batch.collect.listing import Listing, Stream
from sso_batch.collect.work_queue import Batch, WorkQueue
from sso_batch.model import Application, ApplicationAssignment, GapKind, Instance, Subject


class SsoApplications:
    """The applications known so far; `assigned` grows while they are read.

    Two calls for each application. A call that is denied for every one of them lacks an IAM action, which is
    one gap; AWS also refuses calls for some applications that it manages, each of which is a gap of its own.
    """

    def __init__(self, api: InstanceApi, queue: WorkQueue, instance: Instance) -> None:
        self.assigned = Stream[ApplicationAssignment](queue.jobs)
        self._found: dict[str, Application] = {}
        self._api = api
        self._queue = queue
        self._calls = Batch(queue)
        self._denied: defaultdict[str, dict[str, AwsFailure]] = defaultdict(dict)
        self.listing = Listing(
            queue,
            Subject(GapKind.APPLICATIONS, instance.arn),
            LIST_SSO_APPLICATIONS.label,
            self._list,
            repeat=self._list_again,
        )

    @property
    def calls(self) -> int:
        """How many calls it takes to read the applications that are known."""
        return 2 * len(self._found)

    @property
    def found(self) -> tuple[Application, ...] | None:
        """The applications, without those that were deleted during the run; None if none could be listed."""
        if self.listing.failure is not None and not self._found:
            return None
        return tuple(self._found[arn] for arn in sorted(self._found) if arn not in self.listing.deleted)

    @property
    def assignments(self) -> tuple[ApplicationAssignment, ...]:
        """The assignments, without those of applications that were deleted during the run."""
        deleted = self.listing.deleted
        return tuple(
            sorted(assignment for assignment in self.assigned if assignment.application_arn not in deleted)
        )

    async def read(self) -> None:
        """Read each application as soon as it is listed."""
        async for arns in self.listing.pages():
            for arn in arns:
                for read in (self._read_assignments, self._read_configuration):
                    self._calls.add(_application(arn), partial(self._read, arn, read))
        await self._calls.done()
        self.assigned.end()
        self._report_denied()

    async def _list(self) -> AsyncIterator[list[str]]:
        async for page in self._api.applications():
            for application in page:
                self._found.setdefault(application.arn, application)
            yield [application.arn for application in page]

    async def _list_again(self) -> AsyncIterator[list[str]]:
        async for page in self._api.applications():
            yield [application.arn for application in page]

    async def _read(self, arn: str, read: Callable[[str], Awaitable[None]]) -> None:
        try:
            await read(arn)
        except AwsFailure as failure:
            if failure.denied:
                self._denied[failure.operation][arn] = failure
            else:
                self.listing.not_found(arn, failure, _application(arn))

    async def _read_assignments(self, arn: str) -> None:
        async for page in self._api.application_assignments(arn):
            self.assigned.add(page)
        self._found[arn] = replace(self._found[arn], assignments_complete=True)

    async def _read_configuration(self, arn: str) -> None:
        required = await self._api.assignment_required(arn)
        self._found[arn] = replace(self._found[arn], assignment_required=required)

    def _report_denied(self) -> None:
        for denied in self._denied.values():
            for_all = 1 < len(denied) == len(self._found)
            for arn in sorted(denied)[: 1 if for_all else None]:
                subject = self.listing.subject if for_all else _application(arn)
                self._queue.gaps.append(denied[arn].gap(subject))


def _application(arn: str) -> Subject:
    return Subject(GapKind.APPLICATIONS, arn)
