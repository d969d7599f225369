"""Resources that a listing named and that AWS no longer finds: deleted during the run, or a contradiction."""

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection

from sso_batch.aws.exceptions import AwsFailure
from sso_batch.collect.contradictions import contradiction, unverified
from sso_batch.collect.work_queue import Lane
from sso_batch.model import Subject


async def _no_evidence(_: str) -> bool:
    return False


class Deletions:
    """Asks a listing again, once for all resources of the listing that are no longer found.

    `known` holds the ids that the listing named first. A resource that is no longer listed was deleted:
    `delete` forgets it, and there is no gap. One that is still listed, or of which `exists` finds other
    evidence, is a gap for each call that did not find it.
    """

    def __init__(
        self,
        operation: str,
        listing: Callable[[], AsyncIterator[list[str]]],
        lane: Lane,
        *,
        known: Collection[str],
        delete: Callable[[str], None],
        exists: Callable[[str], Awaitable[bool]] = _no_evidence,
    ) -> None:
        self.deleted: set[str] = set()
        self._operation = operation
        self._listing = listing
        self._lane = lane
        self._known = known
        self._delete = delete
        self._exists = exists
        self._failures: dict[str, list[tuple[AwsFailure, Subject]]] = defaultdict(list)

    def suspect(self, id_: str) -> None:
        """Have the listing asked again because something that belongs to the resource is not found."""
        self._failures.setdefault(id_, [])

    def not_found(self, id_: str, failure: AwsFailure, subject: Subject) -> None:
        """Record that a call about `subject` did not find `id_`; raises any other failure."""
        if not failure.not_found:
            raise failure
        self._failures[id_].append((failure, subject))

    def verify(self, subject: Subject) -> None:
        """Ask the listing about `subject` again if anything was not found, and decide."""
        if self._failures:
            self._lane.ask(subject, self._verify)

    async def _verify(self) -> None:
        try:
            listed = await self._listed()
        except AwsFailure:
            self._lane.gaps.extend(unverified(*one) for found in self._failures.values() for one in found)
            raise
        for id_, found in self._failures.items():
            if id_ in self._known and id_ not in listed:
                self.deleted.add(id_)
                self._delete(id_)
            else:
                self._lane.gaps.extend(contradiction(*one, f"{self._operation} lists it") for one in found)

    async def _listed(self) -> set[str]:
        listed: set[str] = set()
        async for page in self._listing():
            listed.update(page)
        for id_ in self._failures:
            if id_ not in listed and await self._exists(id_):
                listed.add(id_)
        return listed
