"""The rule that no two entries audit the same instance."""

import asyncio
from dataclasses import replace

import pytest

from sso_batch.errors import OrganizationError
from sso_batch.runner.instance_claims import InstanceClaims, InstanceHolders
from tests.support.records import INSTANCE

OTHER = replace(INSTANCE, arn="arn:aws:sso:::instance/ssoins-2")


async def entry(claims: InstanceClaims, name: str, *, go: asyncio.Event | None = None) -> str:
    """Claim the instance, and audit until `go` is set."""
    try:
        await claims.claim(name, INSTANCE)
        if go is not None:
            await go.wait()
    except OrganizationError as error:
        return f"refused: {error.message}"
    except asyncio.CancelledError:
        lost = claims.lost(name)
        return f"cancelled: {lost.message if lost else 'for another reason'}"
    return "audited"


def outcomes(order: list[str], arrivals: list[str], *, at_once: bool) -> dict[str, str]:
    """Let entries claim one instance as they arrive: all in parallel, or each after the last has ended."""

    async def run_entries() -> dict[str, str]:
        claims, go = InstanceClaims(order), asyncio.Event()
        tasks = {}
        for name in arrivals:
            tasks[name] = asyncio.create_task(entry(claims, name, go=go if at_once else None))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        go.set()
        return {name: await task for name, task in tasks.items()}

    return asyncio.run(run_entries())


def taken_by(name: str) -> str:
    return f"the entry {name} already audits this instance, {INSTANCE.arn}"


@pytest.mark.parametrize(
    ("arrivals", "expected"),
    [
        (["a", "b"], {"a": "audited", "b": f"refused: {taken_by('a')}"}),
        (["b", "a"], {"b": f"cancelled: {taken_by('a')}", "a": "audited"}),
        (
            ["c", "b", "a"],
            {"c": f"cancelled: {taken_by('b')}", "b": f"cancelled: {taken_by('a')}", "a": "audited"},
        ),
        (
            ["b", "c", "a"],
            {"b": f"cancelled: {taken_by('a')}", "c": f"refused: {taken_by('b')}", "a": "audited"},
        ),
        (
            ["c", "a", "b"],
            {"c": f"cancelled: {taken_by('a')}", "a": "audited", "b": f"refused: {taken_by('a')}"},
        ),
    ],
)
def test_parallel_claims(arrivals: list[str], expected: dict[str, str]) -> None:
    """Of entries with one instance the first in the configuration is audited, whichever claims first."""
    assert outcomes(["a", "b", "c"], arrivals, at_once=True) == expected


@pytest.mark.parametrize("arrivals", [["a", "b"], ["b", "a"]])
def test_claims_one_after_the_other(arrivals: list[str]) -> None:
    """An entry that has already ended keeps its instance, because its files are written."""
    first, second = arrivals

    assert outcomes(["a", "b"], arrivals, at_once=False) == {
        first: "audited",
        second: f"refused: {taken_by(first)}",
    }


def test_message_and_hint() -> None:
    """The error names the other entry, and says what to do."""

    async def claim_twice() -> OrganizationError:
        claims = InstanceClaims(["a", "b"])
        await claims.claim("a", INSTANCE)
        with pytest.raises(OrganizationError) as caught:
            await claims.claim("b", INSTANCE)
        return caught.value

    error = asyncio.run(claim_twice())

    assert (error.code, error.operation, error.message) == ("SameInstance", "ListInstances", taken_by("a"))
    assert error.hint == (
        "remove one of the two entries, or fix its credentials; "
        "set `organization_id` to find out which one is wrong"
    )


def test_cancelled_for_another_reason() -> None:
    """An entry that was cancelled for another reason has not lost its instance."""

    async def cancel() -> str:
        claims = InstanceClaims(["a"])
        task = asyncio.create_task(entry(claims, "a", go=asyncio.Event()))
        await asyncio.sleep(0)
        task.cancel()
        return await task

    assert asyncio.run(cancel()) == "cancelled: for another reason"


def test_no_conflict() -> None:
    """Entries with different instances do not conflict, and an entry may claim its own again."""

    async def claim_all() -> list[OrganizationError | None]:
        claims = InstanceClaims(["a", "b"])
        await claims.claim("b", INSTANCE)
        await claims.claim("a", OTHER)
        await claims.claim("b", INSTANCE)
        return [claims.lost("a"), claims.lost("b")]

    assert asyncio.run(claim_all()) == [None, None]


def test_claims_in_order() -> None:
    """Of entries in the order of the configuration the later one with an instance conflicts."""
    holders = InstanceHolders()

    conflicts = [holders.claim(name, instance) for name, instance in (("a", INSTANCE), ("b", OTHER))]
    late = holders.claim("c", INSTANCE)

    assert conflicts == [None, None]
    assert late is not None
    assert late.message == taken_by("a")
    assert holders.conflict("a", INSTANCE) is None
    assert holders.conflict("c", None) is None
