"""Listings: read page by page while they are made, and repeated if something they named is not found."""

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import Generic, TypeVar

from sso_batch.aws.exceptions import AwsFailure
from sso_batch.collect.gaps import contradiction, unverified
from sso_batch.collect.work_queue import Jobs, WorkQueue
from sso_batch.model import Gap, Subject

T = TypeVar("T")

Pages = Callable[[], AsyncIterator[list[str]]]


class Stream(Generic[T]):
    """Items that become known during a collection, each once, in the order in which they come."""

    def __init__(self, jobs: Jobs) -> None:
        self.ended = False
        self._jobs = jobs
        self._items: list[T] = []
        self._known: set[T] = set()

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(self._items)

    def __contains__(self, item: T) -> bool:
        return item in self._known

    def add(self, items: Iterable[T]) -> list[T]:
        """Add the items that are not known yet, and return them: AWS may list an item on two pages."""
        if self.ended:
            raise RuntimeError("items were added to a stream that nobody reads any more")
        new = [item for item in dict.fromkeys(items) if item not in self._known]
        self._known.update(new)
        self._items += new
        self._jobs.notify()
        return new

    def end(self) -> None:
        """End the stream: nothing will be added."""
        self.ended = True
        self._jobs.notify()

    async def pages(self) -> AsyncIterator[list[T]]:
        """Yield all items, those that come later as soon as they are known, until the end of the stream."""
        read = 0
        while page := await self._items_after(read):
            read += len(page)
            yield page

    async def done(self) -> None:
        """Wait for the end of the stream."""
        await self._jobs.until(lambda: self.ended)

    async def _items_after(self, number: int) -> list[T]:
        await self._jobs.until(lambda: self.ended or len(self._items) > number)
        return self._items[number:]


async def _no_evidence(_: str) -> bool:
    return False


class Listing(Stream[str]):
    """A listing by id, made once with `operation`; it is `complete` if it ends without a `failure`.

    What is not found later although it was listed is reported here. Then `verify` repeats the listing, once
    for all of it. A resource that is not listed any more was deleted: it is in `deleted`, and no gap is
    recorded. If it is still listed, or `exists` finds other evidence of it, each call that did not find it
    becomes a gap. `repeat` makes the listing a second time, if that differs from the first one.
    """

    def __init__(
        self,
        queue: WorkQueue,
        subject: Subject,
        operation: str,
        pages: Pages,
        *,
        repeat: Pages | None = None,
        exists: Callable[[str], Awaitable[bool]] = _no_evidence,
    ) -> None:
        super().__init__(queue.jobs)
        self.subject = subject
        self.failure: AwsFailure | None = None
        self.deleted: set[str] = set()
        self._queue = queue
        self._operation = operation
        self._first = pages
        self._repeat = repeat or pages
        self._exists = exists
        self._suspects: defaultdict[str, list[tuple[AwsFailure, Subject]]] = defaultdict(list)

    @property
    def complete(self) -> bool:
        """Whether everything that AWS lists is known."""
        return self.ended and self.failure is None

    def start(self) -> None:
        """Make the listing."""
        self._queue.add(self.subject, self._list)

    def suspect(self, id_: str, *failures: tuple[AwsFailure, Subject]) -> None:
        """Have the listing repeated because something that belongs to the resource is not found.

        `failures` become gaps of their subjects if the resource is still listed.
        """
        self._suspects[id_].extend(failures)

    def not_found(self, id_: str, failure: AwsFailure, subject: Subject) -> None:
        """Record that a call about `subject` did not find `id_`; raise any other failure."""
        if not failure.not_found:
            raise failure
        self.suspect(id_, (failure, subject))

    def verify(self) -> None:
        """Repeat the listing if anything was not found, and decide what was deleted."""
        if self._suspects:
            self._queue.add(self.subject, self._verify)

    async def _list(self) -> None:
        try:
            async for page in self._first():
                self.add(page)
        except AwsFailure as failure:
            self.failure = failure
            raise
        finally:
            self.end()

    async def _verify(self) -> None:
        try:
            listed = await self._listed_again()
        except AwsFailure:
            for failures in self._suspects.values():
                self._queue.gaps.extend(unverified(failure, subject) for failure, subject in failures)
            raise
        for id_, failures in self._suspects.items():
            if id_ in self and id_ not in listed:
                self.deleted.add(id_)
            else:
                self._queue.gaps.extend(self._still_there(failure, subject) for failure, subject in failures)

    def _still_there(self, failure: AwsFailure, subject: Subject) -> Gap:
        if not failure.not_found:
            return failure.gap(subject)
        return contradiction(failure, subject, f"{self._operation} lists it")

    async def _listed_again(self) -> set[str]:
        listed: set[str] = set()
        async for page in self._repeat():
            listed.update(page)
        for id_ in self._suspects:
            if id_ not in listed and await self._exists(id_):
                listed.add(id_)
        return listed
