"""Which calls a run does not make because it takes another one."""

import pytest

from sso_batch.aws import operations
from sso_batch.aws.operations import Operation
from sso_batch.aws.permission_probe import Listed
from sso_batch.preflight.alternatives import alternatives

BY_SET = operations.LIST_ACCOUNTS_FOR_PROVISIONED_PERMISSION_SET
BY_ACCOUNT = operations.LIST_PERMISSION_SETS_PROVISIONED_TO_ACCOUNT
DESCRIBE = operations.DESCRIBE_ORGANIZATIONAL_UNIT
CHILDREN = operations.LIST_ORGANIZATIONAL_UNITS_FOR_PARENT
WALK = operations.LIST_ACCOUNTS_FOR_PARENT


def some(count: int, *, more: bool = False) -> Listed:
    return Listed(tuple(map(str, range(count))), more)


@pytest.mark.parametrize(
    ("sets", "accounts", "spared"),
    [
        (some(2), some(3), {BY_ACCOUNT}),
        (some(3), some(3), {BY_ACCOUNT}),
        (some(3), some(3, more=True), {BY_ACCOUNT}),
        (some(4), some(3), {BY_SET}),
        (some(4, more=True), some(3), {BY_SET}),
        (some(4), some(3, more=True), set()),
        (some(2, more=True), some(3), set()),
        (some(2, more=True), some(3, more=True), set()),
    ],
)
def test_pairs(sets: Listed, accounts: Listed, spared: set[Operation]) -> None:
    """The listing of pairs that a run does not choose is spared, once the numbers prove the choice."""
    listed = {operations.LIST_PERMISSION_SETS: sets, operations.LIST_ACCOUNTS: accounts}

    assert set(alternatives(listed)) == spared


def test_nothing_listed() -> None:
    """Without listings nothing is proved."""
    assert alternatives({}) == {}
    assert alternatives({operations.LIST_PERMISSION_SETS: some(2)}) == {}
    assert alternatives({operations.LIST_ACCOUNTS: some(2)}) == {}


@pytest.mark.parametrize(
    ("above", "more", "spared"),
    [
        ([("r",)], False, {WALK, DESCRIBE, CHILDREN}),
        ([("r", "ou-1"), ("r", "ou-2")], False, {WALK, DESCRIBE}),
        ([("r", "ou-1")], False, {WALK, CHILDREN}),
        ([("r", f"ou-{number}") for number in range(9)], False, {WALK, DESCRIBE}),
        ([("r", *(f"ou-{depth}" for depth in range(12)))], False, {WALK, DESCRIBE}),
        ([("r", "ou-1")], True, {WALK}),
        ([None], False, {DESCRIBE}),
        ([("r", "ou-1"), None], True, {DESCRIBE}),
        ([()], False, {WALK, DESCRIBE, CHILDREN}),
    ],
)
def test_paths(above: list[tuple[str, ...] | None], more: bool, spared: set[Operation]) -> None:  # noqa: FBT001 - a row of the table
    """Of the ways to name organizational units only the one that a run takes is needed."""
    listed = {operations.LIST_ACCOUNTS: Listed(tuple(map(str, range(len(above)))), more, tuple(above))}

    assert set(alternatives(listed)) == spared
