"""Resources that a listing named and that AWS no longer finds: deleted during the run, or a contradiction."""

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection

from sso_batch.aws.exceptions import AwsFailure
from sso_batch.collect.contradictions import contradiction, unverified
from sso_batch.collect.work_queue import WorkQueue
from sso_batch.model import Gap, Subject


async def _no_evidence(_: str) -> bool:
    return False


class Deletions:
    """Repeats a listing, once for all of its resources that are no longer found.

    `known` holds the ids that the first listing named. A resource that is not listed any more was deleted:
    `delete` removes its records, and no gap is recorded. If the resource is still listed, or `exists` finds
    other evidence of it, each call that did not find it becomes a gap.
    """

    def __init__(
        self,
        operation: str,
        listing: Callable[[], AsyncIterator[list[str]]],
        queue: WorkQueue,
        *,
        known: Collection[str],
        delete: Callable[[str], None],
        exists: Callable[[str], Awaitable[bool]] = _no_evidence,
    ) -> None:
        self.deleted: set[str] = set()
        self._operation = operation
        self._listing = listing
        self._queue = queue
        self._known = known
        self._delete = delete
        self._exists = exists
        self._failures: dict[str, list[tuple[AwsFailure, Subject]]] = defaultdict(list)

    def suspect(self, id_: str, *failures: tuple[AwsFailure, Subject]) -> None:
        """Have the listing repeated because something that belongs to the resource is not found.

        `failures` become gaps of their subjects if the resource is still listed.
        """
        self._failures[id_].extend(failures)

    def not_found(self, id_: str, failure: AwsFailure, subject: Subject) -> None:
        """Record that a call about `subject` did not find `id_`; raise any other failure."""
        if not failure.not_found:
            raise failure
        self._failures[id_].append((failure, subject))

    def verify(self, subject: Subject) -> None:
        """Repeat the listing of `subject` if anything was not found, and decide what was deleted."""
        if self._failures:
            self._queue.add(subject, self._verify)

    async def _verify(self) -> None:
        try:
            listed = await self._listed()
        except AwsFailure:
            for failures in self._failures.values():
                self._queue.gaps.extend(unverified(failure, subject) for failure, subject in failures)
            raise
        for id_, failures in self._failures.items():
            if id_ in self._known and id_ not in listed:
                self.deleted.add(id_)
                self._delete(id_)
            else:
                self._queue.gaps.extend(self._still_there(failure, subject) for failure, subject in failures)

    def _still_there(self, failure: AwsFailure, subject: Subject) -> Gap:
        if not failure.not_found:
            return failure.gap(subject)
        return contradiction(failure, subject, f"{self._operation} lists it")

    async def _listed(self) -> set[str]:
        listed: set[str] = set()
        async for page in self._listing():
            listed.update(page)
        for id_ in self._failures:
            if id_ not in listed and await self._exists(id_):
                listed.add(id_)
        return listed
