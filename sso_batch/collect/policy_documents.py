"""The documents of AWS managed policies: what they allow, read once for all organizations of a run."""

import asyncio
import contextlib
from functools import partial

from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.organization_api import PolicyApi
from sso_batch.collect.work_queue import WorkQueue
from sso_batch.model import GapKind, PolicyDocument, Subject

PATIENCE = 20.0
"""Seconds that an organization waits for a document that another one is reading."""


class PolicyLibrary:
    """The documents that any organization of the run has read, by ARN, which includes the partition.

    An organization never depends on another one: if that fails or takes long, it reads the document itself.
    """

    def __init__(self) -> None:
        self._documents: dict[str, PolicyDocument] = {}
        self._reading: dict[str, asyncio.Event] = {}

    async def document(self, arn: str, api: PolicyApi) -> PolicyDocument:
        """Return a document; raise AwsFailure if this organization cannot read it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while arn in self._reading:  # if that fails, another one that waits may read it
                    await self._reading[arn].wait()
        if arn not in self._documents:
            ended = self._reading[arn] = asyncio.Event()
            try:
                self._documents[arn] = await api.policy_document(arn)
            finally:
                ended.set()
                if self._reading.get(arn) is ended:
                    del self._reading[arn]
        return self._documents[arn]


class PolicyDocuments:
    """Reads the documents of the AWS managed policies that one organization's permission sets have.

    Once AWS has denied one, no other is asked for: the missing IAM action is one gap.
    """

    def __init__(self, api: PolicyApi, queue: WorkQueue, library: PolicyLibrary) -> None:
        self.found: dict[str, PolicyDocument] = {}
        self._api = api
        self._queue = queue
        self._library = library
        self._wanted: set[str] = set()
        self._denied = False

    def read(self, arn: str) -> None:
        """Read the document of a policy, once."""
        if arn not in self._wanted:
            self._wanted.add(arn)
            self._queue.add(Subject(GapKind.POLICY_DOCUMENTS, arn), partial(self._read, arn))

    async def _read(self, arn: str) -> None:
        if self._denied:
            return
        try:
            self.found[arn] = await self._library.document(arn, self._api)
        except AwsFailure as failure:
            if failure.denied and self._denied:
                return
            self._denied |= failure.denied
            raise
