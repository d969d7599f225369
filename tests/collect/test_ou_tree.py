"""The tree of organizational units: cycles and endless depth are gaps, and accounts keep their paths."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from sso_batch.collect.ou_paths import OuPaths
from sso_batch.collect.work_queue import WorkQueue
from sso_batch.model import Gap
from tests.collect.conftest import run_jobs

Children = Mapping[str, list[str]]
Above = Mapping[str, tuple[str, ...] | None]


class Tree:
    """AWS Organizations as OuPaths calls it: `units` and `accounts` by their parent."""

    def __init__(self, units: Children, accounts: Children) -> None:
        self.asked: Counter[tuple[str, str]] = Counter()
        self._units = units
        self._accounts = accounts

    async def roots(self) -> AsyncIterator[list[tuple[str, str]]]:
        """List the root."""
        yield [("r", "Root")]

    async def organizational_unit(self, unit_id: str) -> str:
        """Return a unit's name: its id in capital letters."""
        return unit_id.upper()

    async def organizational_units_of(self, parent_id: str) -> AsyncIterator[list[tuple[str, str]]]:
        """List the child units; the unit `endless` always has another one."""
        self.asked["units", parent_id] += 1
        below = self._units.get(parent_id, [])
        if parent_id.startswith("endless"):
            below = [f"{parent_id}x"]
        yield [(unit, unit.upper()) for unit in below]

    async def account_ids_of(self, parent_id: str) -> AsyncIterator[list[str]]:
        """List the child accounts."""
        self.asked["accounts", parent_id] += 1
        yield self._accounts.get(parent_id, [])


def walk(tree: Any, above: Above, gaps: list[Gap]) -> dict[str, str | None]:  # noqa: ANN401 - poses as an API
    """Return each account's path, after all calls are made."""
    found: list[OuPaths] = []

    def start(queue: WorkQueue) -> None:
        found.append(OuPaths(tree, queue))
        found[0].start("o-1", above)

    run_jobs(gaps, start, lambda _: found[0].verify(above, above), lambda _: found[0].finish(above))
    return {account: found[0].path(account) for account in above}


@pytest.mark.parametrize(
    ("units", "code", "resource"),
    [
        ({"r": ["a"], "a": ["b"], "b": ["a"]}, "OrganizationalUnitCycle", "a"),
        ({"r": ["a"], "a": ["a"]}, "OrganizationalUnitCycle", "a"),
        ({"r": ["a"], "a": ["b"], "b": ["c"], "c": ["d", "b"]}, "OrganizationalUnitCycle", "b"),
        ({"r": ["a"], "a": ["r"]}, "OrganizationalUnitCycle", "r"),
        ({"r": ["a", "endless"]}, "OrganizationalUnitsTooDeep", "endlessxxxxx"),
    ],
    ids=["two units", "a unit in itself", "below others", "the root", "without end"],
)
def test_a_walk_ends(units: Children, code: str, resource: str, gaps: list[Gap]) -> None:
    """The contents of each unit are listed once; a tree that repeats or does not end is a gap."""
    tree = Tree(units, {"a": ["1"]})

    paths = walk(tree, {"1": None}, gaps)

    assert paths == {"1": "Root/A"}
    assert set(tree.asked.values()) == {1}
    (gap,) = gaps
    assert (gap.operation, gap.code, gap.resource) == ("ListOrganizationalUnitsForParent", code, resource)
    assert gap.hint


def test_as_deep_as_aws_allows(gaps: list[Gap]) -> None:
    """Five levels below the root are a normal tree."""
    tree = Tree({"r": ["a"], "a": ["b"], "b": ["c"], "c": ["d"], "d": ["e"]}, {"e": ["1"]})

    assert walk(tree, {"1": None}, gaps) == {"1": "Root/A/B/C/D/E"}
    assert gaps == []


@pytest.mark.parametrize(
    ("ids", "code"),
    [
        (("r", "a", "b", "a"), "OrganizationalUnitCycle"),
        (("r", "a", "a"), "OrganizationalUnitCycle"),
        (("r", "a", "b", "c", "d", "e", "f"), "OrganizationalUnitsTooDeep"),
    ],
)
def test_an_impossible_path(ids: tuple[str, ...], code: str, gaps: list[Gap]) -> None:
    """A path with a cycle or too many levels is a gap of its own account only."""
    paths = walk(Tree({}, {}), {"1": ids, "2": ("r", "a")}, gaps)

    assert paths == {"1": None, "2": "Root/A"}
    assert [(gap.operation, gap.code, gap.resource) for gap in gaps] == [("ListAccounts", code, "1")]


def test_an_account_that_is_nowhere(gaps: list[Gap]) -> None:
    """An account that the tree does not contain, even when it is walked again, is a gap."""
    tree = Tree({"r": ["a"]}, {"a": ["1"]})

    paths = walk(tree, {"1": None, "2": None}, gaps)

    assert paths == {"1": "Root/A", "2": None}
    assert tree.asked["accounts", "a"] == 2
    assert [(gap.operation, gap.code, gap.resource) for gap in gaps] == [
        ("ListAccountsForParent", "ContradictoryAnswers", "2")
    ]
