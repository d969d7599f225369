"""The listings of provisioned pairs: the fewer ones, as soon as that is certain, and paused if need be."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from sso_batch.collect.accounts import Accounts
from sso_batch.collect.listing import Listing
from sso_batch.collect.permission_sets import PermissionSets
from sso_batch.collect.provisioned_pairs import ProvisionedPairs, accounts_are_fewer
from sso_batch.collect.work_queue import JobCount, Jobs, WorkQueue
from sso_batch.model import Gap, GapKind, Subject
from tests.collect.conftest import RECORD, Instance, in_time, refused

ANY = Subject(GapKind.ACCOUNTS, "any")

Event = tuple[str, Sequence[str]] | str
"""A page of accounts or permission sets; `X end` and `X fail` end one of the two listings."""


def decided(gaps: list[Gap], *events: Event) -> tuple[int, bool]:
    """Return after how many events it was certain that accounts are fewer, or that they are not."""

    async def run() -> tuple[int, bool]:
        queue = WorkQueue(Jobs(JobCount(), gaps), 1)
        made = {name: Listing(queue, ANY, name, empty) for name in ("accounts", "sets")}
        task = asyncio.create_task(accounts_are_fewer(made["accounts"], made["sets"]))
        await asyncio.sleep(0)
        for number, event in enumerate(events):
            if task.done():
                return number, task.result()
            if isinstance(event, str):
                name, _, how = event.partition(" ")
                made[name].failure = refused(name) if how == "fail" else None
                made[name].end()
            else:
                made[event[0]].add(event[1])
            await asyncio.sleep(0)
        return len(events), await task

    return asyncio.run(in_time(run()))


async def empty() -> AsyncIterator[list[str]]:
    yield []


@pytest.mark.parametrize(
    ("events", "certain", "fewer"),
    [
        ([("accounts", "12"), ("sets", "ab"), "sets end", "accounts end"], 3, False),
        ([("sets", "ab"), "sets end", ("accounts", "1"), ("accounts", "2"), "accounts end"], 4, False),
        ([("sets", "ab"), "sets end", ("accounts", "1"), ("accounts", "1"), "accounts end"], 5, True),
        ([("accounts", "1"), "accounts end", ("sets", "ab"), "sets end"], 4, True),
        ([("accounts", "1"), "accounts fail", ("sets", "ab"), "sets end"], 4, False),
        ([("accounts", "123"), ("sets", "a"), "sets fail", "accounts end"], 4, True),
        ([("accounts", "123"), ("sets", "a"), "sets fail", "accounts fail"], 4, False),
    ],
    ids=[
        "enough accounts before",
        "enough accounts on the second page",
        "an account on two pages",
        "fewer accounts",
        "accounts not listed",
        "permission sets not listed",
        "neither listed",
    ],
)
def test_accounts_are_fewer(gaps: list[Gap], events: list[Event], certain: int, *, fewer: bool) -> None:
    """The shorter listing is known as soon as it is certain; a listing that failed is never used."""
    assert decided(gaps, *events) == (certain, fewer)


@pytest.mark.parametrize("width", [1, 2, 5])
def test_pause_and_resume(instance: Instance, gaps: list[Gap], width: int) -> None:
    """Listings that are skipped during a pause are made after it, and none is made twice."""

    async def run() -> ProvisionedPairs:
        jobs = Jobs(JobCount(), gaps)
        queue = WorkQueue(jobs, width)
        accounts = Accounts(instance, queue, RECORD, paths=False)  # type: ignore[arg-type]
        permission_sets = PermissionSets(instance, queue, RECORD, details=False)  # type: ignore[arg-type]
        pairs = ProvisionedPairs(instance, queue, accounts, permission_sets)  # type: ignore[arg-type]
        async with jobs.running():
            accounts.listing.start()
            await accounts.listing.done()
            pairs.start(by_account=True)
            await jobs.until(lambda: len(pairs))
            pairs.pause()
        made = instance.asked.total() - 1
        assert (pairs.remaining, pairs.ended) == (pairs.total - made, pairs.total == made)
        async with jobs.running():
            pairs.resume()
            await pairs.done()
        return pairs

    pairs = asyncio.run(in_time(run()))

    assert set(pairs) == instance.pairs
    assert set(instance.asked.values()) == {1}
    assert (pairs.total, pairs.remaining) == (3, 0)
