"""Streams and listings: each item once and as soon as it is known; what is not found is listed again."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from sso_batch.aws.exceptions import AwsFailure
from sso_batch.collect.listing import Listing, Stream
from sso_batch.collect.work_queue import JobCount, Jobs, WorkQueue
from sso_batch.model import Gap, GapKind, Subject
from tests.collect.conftest import by, in_time, refused, run_jobs

USERS = Subject(GapKind.USERS, "store")
DETAILS = Subject(GapKind.PERMISSION_SET_DETAILS, "b")
LOST = refused("DescribePermissionSet", "ResourceNotFoundException")


def listings(*answers: Sequence[Sequence[str]] | AwsFailure) -> Callable[[], AsyncIterator[list[str]]]:
    """Return a listing that has another answer each time it is made: pages, or a failure."""
    waiting = iter(answers)

    async def pages() -> AsyncIterator[list[str]]:
        answer = next(waiting)
        if isinstance(answer, AwsFailure):
            raise answer
        for page in answer:
            yield list(page)

    return pages


def verified(gaps: list[Gap], *answers: Sequence[Sequence[str]] | AwsFailure, found: bool = False) -> Listing:
    """Return a listing of which `b` is not found later, after it was verified."""
    made: list[Listing] = []

    async def exists(_: str) -> bool:
        return found

    def start(queue: WorkQueue) -> None:
        made.append(Listing(queue, USERS, "ListPermissionSets", listings(*answers), exists=exists))
        made[0].start()

    def verify(_: WorkQueue) -> None:
        made[0].not_found("b", LOST, DETAILS)
        made[0].verify()

    run_jobs(gaps, start, verify)
    return made[0]


def test_every_reader_gets_each_item_once_and_as_soon_as_it_is_known(gaps: list[Gap]) -> None:
    """Readers get the items of each page before the next one comes, although AWS names an item twice."""
    read: list[tuple[str, list[str]]] = []

    async def run() -> None:
        stream = Stream[str](Jobs(JobCount(), gaps))

        async def follow(reader: str) -> None:
            async for page in stream.pages():
                read.append((reader, page))  # noqa: PERF401 - seen by the test as soon as it is read

        async with asyncio.TaskGroup() as group:
            group.create_task(follow("early"))
            for page in (["a", "b", "a"], ["b"], ["c"]):
                await asyncio.sleep(0)
                assert [item for _, page_read in read for item in page_read] == list(stream)
                stream.add(page)
            await asyncio.sleep(0)
            group.create_task(follow("late"))
            stream.end()
        await stream.done()

    asyncio.run(in_time(run()))

    assert read == [("early", ["a", "b"]), ("early", ["c"]), ("late", ["a", "b", "c"])]


def test_nothing_is_added_after_the_end(gaps: list[Gap]) -> None:
    """An item that no reader would see is an error, and is not silently lost."""
    stream = Stream[str](Jobs(JobCount(), gaps))
    stream.end()

    with pytest.raises(RuntimeError, match="nobody reads"):
        stream.add(["a"])


def test_a_failed_listing_ends(gaps: list[Gap]) -> None:
    """A listing that fails ends with what it has named: it is not complete, and a gap."""
    made: list[Listing] = []

    async def pages() -> AsyncIterator[list[str]]:
        yield ["a"]
        raise refused("ListUsers")

    def start(queue: WorkQueue) -> None:
        made.append(Listing(queue, USERS, "ListUsers", pages))
        made[0].start()

    run_jobs(gaps, start)

    (listing,) = made
    assert (list(listing), listing.ended, listing.complete) == (["a"], True, False)
    assert by(gaps) == {"ListUsers": ["store"]}


def test_deleted(gaps: list[Gap]) -> None:
    """What is no longer listed was deleted, and leaves no gap behind."""
    assert verified(gaps, [["a"], ["b"]], [["a"]]).deleted == {"b"}
    assert gaps == []


@pytest.mark.parametrize("evidence", ["listed again", "found otherwise"])
def test_still_there(gaps: list[Gap], evidence: str) -> None:
    """What is still listed, or exists according to other evidence, contradicts the failed call: a gap."""
    again = [["b"], ["a"]] if evidence == "listed again" else [["a"]]

    listing = verified(gaps, [["a", "b"]], again, found=evidence == "found otherwise")

    assert listing.deleted == set()
    assert [(gap.operation, gap.resource, gap.code) for gap in gaps] == [
        ("DescribePermissionSet", "b", "ContradictoryAnswers")
    ]


def test_what_was_never_listed_is_not_deleted(gaps: list[Gap]) -> None:
    """A resource that only another answer names was not deleted because the listing omits it."""
    assert verified(gaps, [["a"]], [["a"]]).deleted == set()
    assert by(gaps) == {"DescribePermissionSet": ["b"]}


def test_the_listing_cannot_be_repeated(gaps: list[Gap]) -> None:
    """If the second listing fails, nothing counts as deleted: it is a gap, and so is the failed call."""
    assert verified(gaps, [["a", "b"]], refused("ListPermissionSets")).deleted == set()
    assert by(gaps) == {"DescribePermissionSet": ["b"], "ListPermissionSets": ["store"]}


def test_any_other_failure_is_raised(gaps: list[Gap]) -> None:
    """Only "not found" makes a listing doubtful."""
    listing = Listing(WorkQueue(Jobs(JobCount(), gaps), 1), USERS, "ListUsers", listings())

    with pytest.raises(AwsFailure):
        listing.not_found("b", refused("DescribeUser"), DETAILS)
