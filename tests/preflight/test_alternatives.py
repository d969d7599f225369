"""Tests of the calls that a run replaces by others."""

import pytest

from sso_batch.aws import operations
from sso_batch.aws.operations import Operation
from sso_batch.aws.permission_probe import FirstPages
from sso_batch.preflight.alternatives import alternatives

BY_SET = operations.LIST_ACCOUNTS_FOR_PROVISIONED_PERMISSION_SET
BY_ACCOUNT = operations.LIST_PERMISSION_SETS_PROVISIONED_TO_ACCOUNT
DESCRIBE = operations.DESCRIBE_ORGANIZATIONAL_UNIT
CHILDREN = operations.LIST_ORGANIZATIONAL_UNITS_FOR_PARENT
WALK = operations.LIST_ACCOUNTS_FOR_PARENT


def some(count: int, *, more: bool = False) -> FirstPages:
    return FirstPages(tuple(map(str, range(count))), more)


@pytest.mark.parametrize(
    ("sets", "accounts", "unneeded"),
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
def test_pairs(sets: FirstPages, accounts: FirstPages, unneeded: set[Operation]) -> None:
    """The listing of pairs that a run does not choose is unneeded once the counts prove the choice."""
    listed = {operations.LIST_PERMISSION_SETS: sets, operations.LIST_ACCOUNTS: accounts}

    assert set(alternatives(listed)) == unneeded


def test_nothing_listed() -> None:
    """Without listings no call is known to be unneeded."""
    assert alternatives({}) == {}
    assert alternatives({operations.LIST_PERMISSION_SETS: some(2)}) == {}
    assert alternatives({operations.LIST_ACCOUNTS: some(2)}) == {}


@pytest.mark.parametrize(
    ("above", "more", "unneeded"),
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
def test_paths(above: list[tuple[str, ...] | None], more: bool, unneeded: set[Operation]) -> None:  # noqa: FBT001 - a row of the table
    """Only the calls with which a run names organizational units are needed."""
    listed = {operations.LIST_ACCOUNTS: FirstPages(tuple(map(str, range(len(above)))), more, tuple(above))}

    assert set(alternatives(listed)) == unneeded
