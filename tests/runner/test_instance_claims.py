"""Which entry of the configuration audits which instance: no two the same."""

import asyncio
from dataclasses import replace

import pytest

from sso_batch.errors import OrganizationError
from sso_batch.runner.instance_claims import Claims
from tests.support.records import INSTANCE

OTHER = replace(INSTANCE, arn="arn:aws:sso:::instance/ssoins-2")


async def entry(claims: Claims, name: str, *, goes_on: asyncio.Event | None = None) -> str:
    """Claim, and audit for as long as that goes on."""
    try:
        claims.claim(name, INSTANCE)
        if goes_on is not None:
            await goes_on.wait()
    except OrganizationError as error:
        return f"refused: {error.message}"
    except asyncio.CancelledError:
        lost = claims.lost(name)
        return f"cancelled: {lost.message if lost else 'by somebody else'}"
    return "audited"


def outcomes(order: list[str], arrivals: list[str], *, at_once: bool) -> dict[str, str]:
    """Let entries claim one instance as they arrive; at once, or each when the last has ended."""

    async def scene() -> dict[str, str]:
        claims, goes_on = Claims(order), asyncio.Event()
        tasks = {}
        for name in arrivals:
            tasks[name] = asyncio.create_task(entry(claims, name, goes_on=goes_on if at_once else None))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        goes_on.set()
        return {name: await task for name, task in tasks.items()}

    return asyncio.run(scene())


def taken_by(name: str) -> str:
    return f"the entry {name} already reaches this instance, {INSTANCE.arn}"


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
def test_at_once(arrivals: list[str], expected: dict[str, str]) -> None:
    """Of entries that reach one instance the first of the file goes on, whoever came first."""
    assert outcomes(["a", "b", "c"], arrivals, at_once=True) == expected


@pytest.mark.parametrize("arrivals", [["a", "b"], ["b", "a"]])
def test_one_after_the_other(arrivals: list[str]) -> None:
    """An entry that has already ended keeps its instance: its files are written."""
    first, second = arrivals

    assert outcomes(["a", "b"], arrivals, at_once=False) == {
        first: "audited",
        second: f"refused: {taken_by(first)}",
    }


def test_what_is_told() -> None:
    """The later entry is told which one it collides with, and what to do."""

    async def scene() -> OrganizationError:
        claims = Claims(["a", "b"])
        claims.claim("a", INSTANCE)
        with pytest.raises(OrganizationError) as caught:
            claims.claim("b", INSTANCE)
        return caught.value

    error = asyncio.run(scene())

    assert (error.code, error.operation, error.message) == ("SameInstance", "ListInstances", taken_by("a"))
    assert error.hint == (
        "take one of the two entries away, or mend the credentials of the wrong one; "
        "`organization_id` tells a wrong one apart"
    )


def test_cancelled_by_somebody_else() -> None:
    """An entry that was cancelled for another reason has lost nothing."""

    async def scene() -> str:
        claims = Claims(["a"])
        task = asyncio.create_task(entry(claims, "a", goes_on=asyncio.Event()))
        await asyncio.sleep(0)
        task.cancel()
        return await task

    assert asyncio.run(scene()) == "cancelled: by somebody else"


def test_no_collision() -> None:
    """Entries of different instances do not meet, and one may claim its own again."""

    async def scene() -> list[OrganizationError | None]:
        claims = Claims(["a", "b"])
        claims.claim("b", INSTANCE)
        claims.claim("a", OTHER)
        claims.claim("b", INSTANCE)
        return [claims.lost("a"), claims.lost("b")]

    assert asyncio.run(scene()) == [None, None]
