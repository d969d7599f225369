"""The documents of policies: each is read once for all organizations, and none depends on another one."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, cast

import pytest

from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.organization_api import PolicyApi
from sso_batch.collect import policy_documents as module
from sso_batch.collect.policy_documents import PolicyDocuments, PolicyLibrary
from sso_batch.collect.work_queue import WorkQueue
from sso_batch.model import Gap, GapKind, PolicyDocument
from tests.aws.conftest import InstantLoop
from tests.collect.conftest import refused, run_jobs

ARN = "arn:aws:iam::aws:policy/ReadOnlyAccess"
CHINA = "arn:aws-cn:iam::aws:policy/ReadOnlyAccess"
LONG = 1000.0
"""Seconds in which a reader gets no answer."""


class Reader:
    """One organization's access to IAM: it takes `seconds`, and then fails if it has a failure."""

    def __init__(self, *, seconds: float = 1.0, failures: Mapping[str, AwsFailure] | None = None) -> None:
        self.asked: Counter[str] = Counter()
        self._seconds = seconds
        self._failures = failures or {}

    async def policy_document(self, arn: str) -> PolicyDocument:
        """Return a document after some time."""
        self.asked[arn] += 1
        await asyncio.sleep(self._seconds)
        if arn in self._failures:
            raise self._failures[arn]
        return read(arn)

    def read(self, library: PolicyLibrary, arn: str = ARN) -> "asyncio.Task[PolicyDocument]":
        """Start to read a document."""
        return asyncio.create_task(library.document(arn, self.api))

    @property
    def api(self) -> PolicyApi:
        """The reader as the collectors call it."""
        return cast("PolicyApi", self)


def read(arn: str = ARN) -> PolicyDocument:
    return PolicyDocument(arn, "v1", "{}")


def failing(code: str = "AccessDenied", arn: str = ARN, **settings: Any) -> Reader:  # noqa: ANN401 - an organization's
    return Reader(failures={arn: refused("GetPolicy", code)}, **settings)


SecondsOf = Callable[[Callable[[PolicyLibrary], Awaitable[None]]], float]


@pytest.fixture
def seconds_of() -> Iterator[SecondsOf]:
    """Return what runs a test with a new library, and returns the seconds that it would take."""
    with asyncio.Runner(loop_factory=InstantLoop) as runner:

        def run(test: Callable[[PolicyLibrary], Awaitable[None]]) -> float:
            async def timed() -> float:
                await test(PolicyLibrary())
                return asyncio.get_running_loop().time()

            return runner.run(timed())

        yield run


def test_read_once_for_all(seconds_of: SecondsOf) -> None:
    """An organization that asks while a document is read, or later, gets it without a further call."""
    organizations = [Reader() for _ in range(20)]
    late = Reader()

    async def test(library: PolicyLibrary) -> None:
        found = await asyncio.gather(*(organization.read(library) for organization in organizations))
        assert found == [read()] * 20
        assert await late.read(library) == read()

    assert seconds_of(test) == 1
    assert sum((organization.asked for organization in organizations), late.asked) == {ARN: 1}


def test_each_partition_has_its_own(seconds_of: SecondsOf) -> None:
    """A policy of the same name in another partition is another policy."""
    here, there = Reader(), Reader()

    async def test(library: PolicyLibrary) -> None:
        found = await asyncio.gather(here.read(library), there.read(library, CHINA))
        assert [*found] == [read(), read(CHINA)]

    assert seconds_of(test) == 1
    assert (here.asked, there.asked) == ({ARN: 1}, {CHINA: 1})


def test_a_failure_is_one_organizations_own(seconds_of: SecondsOf) -> None:
    """If one organization cannot read a document, one of those that wait reads it for all others."""
    denied, *others = failing(), Reader(), Reader(), Reader()

    async def test(library: PolicyLibrary) -> None:
        first, *found = await asyncio.gather(
            *(organization.read(library) for organization in (denied, *others)), return_exceptions=True
        )
        assert isinstance(first, AwsFailure)
        assert found == [read()] * 3

    assert seconds_of(test) == 2
    assert sum((organization.asked for organization in others), denied.asked) == {ARN: 2}


def test_every_organization_fails(seconds_of: SecondsOf) -> None:
    """If no organization can read a document, each one has its own failure."""
    organizations = [failing() for _ in range(4)]

    async def test(library: PolicyLibrary) -> None:
        found = await asyncio.gather(
            *(organization.read(library) for organization in organizations), return_exceptions=True
        )
        assert [type(failure) for failure in found] == [AwsFailure] * 4

    seconds_of(test)
    assert [organization.asked for organization in organizations] == [{ARN: 1}] * 4


def test_a_reader_that_hangs(seconds_of: SecondsOf) -> None:
    """An organization that gets no answer delays another one for a limited time only, and only once."""
    hanging, second, third = Reader(seconds=LONG), Reader(), Reader()

    async def test(library: PolicyLibrary) -> None:
        stuck = hanging.read(library)
        await asyncio.sleep(0)
        assert await second.read(library) == read()
        assert asyncio.get_running_loop().time() == module.PATIENCE + 1
        assert await third.read(library) == read()
        assert await stuck == read()

    assert seconds_of(test) == LONG
    assert (hanging.asked, second.asked, third.asked) == ({ARN: 1}, {ARN: 1}, {})


def test_patience_is_for_all_readers_together(seconds_of: SecondsOf) -> None:
    """Several organizations that fail slowly, one after the other, do not delay another one further."""
    slow = [failing(seconds=8) for _ in range(5)]
    patient = Reader()

    async def test(library: PolicyLibrary) -> None:
        reading = [organization.read(library) for organization in slow]
        await asyncio.sleep(0)
        assert await patient.read(library) == read()
        assert asyncio.get_running_loop().time() == module.PATIENCE + 1
        await asyncio.gather(*reading, return_exceptions=True)

    seconds_of(test)
    assert patient.asked == {ARN: 1}


def test_a_reader_that_is_cancelled(seconds_of: SecondsOf) -> None:
    """If the organization that reads a document ends, another one reads it at once."""
    ended, other = Reader(seconds=LONG), Reader()

    async def test(library: PolicyLibrary) -> None:
        reading = ended.read(library)
        await asyncio.sleep(0)
        waiting = other.read(library)
        await asyncio.sleep(3)
        reading.cancel()
        assert await waiting == read()

    assert seconds_of(test) == 4


def test_one_that_waits_is_cancelled(seconds_of: SecondsOf) -> None:
    """An organization that waits can be ended, and does not disturb the one that reads."""
    reader, ended = Reader(), Reader()

    async def test(library: PolicyLibrary) -> None:
        reading, waiting = reader.read(library), ended.read(library)
        await asyncio.sleep(0.5)
        waiting.cancel()
        assert await reading == read()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    assert seconds_of(test) == 1
    assert ended.asked == {}


# One organization


def read_all(gaps: list[Gap], organization: Reader, *arns: str, width: int = 3) -> PolicyDocuments:
    """Read the documents of policies with one organization."""
    documents: list[PolicyDocuments] = []

    def step(queue: WorkQueue) -> None:
        documents.append(PolicyDocuments(organization.api, queue, PolicyLibrary()))
        for arn in arns:
            documents[0].read(arn)

    run_jobs(gaps, step, width=width)
    return documents[0]


def test_a_policy_of_several_permission_sets(gaps: list[Gap]) -> None:
    """A policy that several permission sets have is read once."""
    organization = Reader(seconds=0)

    documents = read_all(gaps, organization, "a", "b", "a")

    assert documents.found == {"a": read("a"), "b": read("b")}
    assert organization.asked == {"a": 1, "b": 1}
    assert gaps == []


@pytest.mark.parametrize("width", [1, 3, 8])
def test_a_denial_is_one_gap(gaps: list[Gap], width: int) -> None:
    """A missing permission is one gap, however many policies there are, and no call is made in vain."""
    arns = [f"policy {number}" for number in range(8)]
    organization = Reader(seconds=0, failures={arn: refused("GetPolicyVersion") for arn in arns})

    documents = read_all(gaps, organization, *arns, width=width)

    assert documents.found == {}
    assert [(gap.kind, gap.operation, gap.resource) for gap in gaps] == [
        (GapKind.POLICY_DOCUMENTS, "GetPolicyVersion", "policy 0")
    ]
    assert organization.asked.total() == width


def test_a_denial_counts_whatever_fails_after_it(gaps: list[Gap]) -> None:
    """A policy that fails for another reason is a gap of its own, and does not revoke the denial."""
    failures = {arn: refused("GetPolicy") for arn in ("a", "c", "d")}
    failures["b"] = refused("GetPolicy", "NoSuchEntity")
    organization = Reader(seconds=0, failures=failures)

    read_all(gaps, organization, "a", "b", "c", "d", width=2)

    assert [(gap.resource, gap.code) for gap in gaps] == [
        ("a", "AccessDeniedException"),
        ("b", "NoSuchEntity"),
    ]
    assert organization.asked == {"a": 1, "b": 1}


def test_a_policy_that_is_not_found(gaps: list[Gap]) -> None:
    """Each policy that AWS does not find is a gap, and the others are read."""
    missing = {arn: refused("GetPolicy", "NoSuchEntity") for arn in ("a", "c")}

    documents = read_all(gaps, Reader(seconds=0, failures=missing), "a", "b", "c")

    assert documents.found == {"b": read("b")}
    assert [(gap.resource, gap.code) for gap in gaps] == [("a", "NoSuchEntity"), ("c", "NoSuchEntity")]
