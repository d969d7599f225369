"""The users or the groups of an identity store: listed, or read by id."""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Generic, TypeVar

from sso_batch.aws.error_codes import DEADLINE
from sso_batch.aws.exceptions import AwsFailure
from sso_batch.collect.gaps import KINDS, refused_directory
from sso_batch.collect.listing import Listing, Stream
from sso_batch.collect.work_queue import WorkQueue
from sso_batch.model import Group, Principal, Subject, User

T = TypeVar("T", bound=User | Group)


class Principals(Generic[T]):
    """The principals of one type, listed with `pages`, or read by id with `read`.

    AWS may not list the principals of an Active Directory: one that has access and is not listed is read by
    id before it counts as missing, also if the listing failed. Those that AWS does not find are in
    `not_found`.
    """

    def __init__(
        self,
        queue: WorkQueue,
        principal_type: str,
        store_id: str,
        *,
        operation: str,
        pages: Callable[[], AsyncIterator[list[T]]],
        read: Callable[[str], Awaitable[T]],
    ) -> None:
        self.type = principal_type
        self.found: dict[str, T] = {}
        self.not_found: dict[Principal, AwsFailure] = {}
        self._queue = queue
        self._pages = pages
        self._read = read
        self._described: set[Principal] = set()
        self._refused = False  # they can be neither listed nor described
        store = Subject(KINDS[principal_type], store_id)
        self.listing = Listing(queue, store, operation, self._list, repeat=self._list_again)

    async def describe_unlisted(self, with_access: Stream[Principal]) -> None:
        """Read principals that have access and are not listed, once it is known who is listed."""
        await self.listing.done()
        async for page in with_access.pages():
            for principal in page:
                if principal.type == self.type and principal.id not in self.found:
                    self.describe(principal)

    def describe(self, principal: Principal) -> None:
        """Read a principal by id, once."""
        failure = self.listing.failure
        if principal not in self._described and (failure is None or failure.code != DEADLINE):
            self._described.add(principal)
            self._queue.add(self.subject(principal), partial(self._describe, principal))

    def subject(self, principal: Principal) -> Subject:
        """Return a principal as the subject of a call."""
        return Subject(KINDS[self.type], principal.id)

    async def _list(self) -> AsyncIterator[list[str]]:
        try:
            async for page in self._pages():
                self.found.update((record.id, record) for record in page)
                yield [record.id for record in page]
        except AwsFailure as failure:
            raise refused_directory(failure) from None

    async def _list_again(self) -> AsyncIterator[list[str]]:
        async for page in self._pages():
            yield [record.id for record in page]

    async def _describe(self, principal: Principal) -> None:
        if self._refused:
            return
        try:
            self.found[principal.id] = await self._read(principal.id)
        except AwsFailure as failure:
            if failure.not_found:
                self.not_found[principal] = failure
            elif self._is_refused_like_the_listing(failure):
                self._refuse(failure)
            else:
                raise

    def _is_refused_like_the_listing(self, failure: AwsFailure) -> bool:
        """Return whether reading the others would fail as well: there can be a hundred thousand."""
        listing = self.listing.failure
        return listing is not None and (failure.denied or failure.code == listing.code)

    def _refuse(self, failure: AwsFailure) -> None:
        """Read no more principals; a missing IAM action is a gap of its own."""
        if failure.denied and not self._refused:
            self._queue.gaps.append(failure.gap(self.listing.subject))
        self._refused = True
