"""Tests of pagination: all items once and in order, and tokens bound to their listing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_batch.emulator import Behaviour, Emulator, Limits, World
from sso_batch.emulator.pagination import ForeignTokenError, Pager, purpose
from tests.emulator.client import ExpectedError, assume, client
from tests.emulator.services.test_organizations import every


@given(items=st.lists(st.integers()), size=st.integers(1, 9), empty_pages=st.booleans())
def test_all_pages_contain_every_item_once(items: list[int], size: int, *, empty_pages: bool) -> None:
    """For any page size, with or without empty pages, no item is lost or repeated."""
    listing = Pager("a listing", empty_pages=empty_pages)
    found: list[int] = []
    token: str | None = None
    for _ in range(2 * len(items) + 2):
        page, token = listing.page(items, size, token)
        assert len(page) <= size
        found += page
        if token is None:
            break

    assert found == items
    assert token is None


def test_an_empty_page_can_carry_a_token() -> None:
    """Only a missing token ends a listing."""
    page, token = Pager("a listing", empty_pages=True).page([1, 2, 3], 2, None)

    assert (list(page), token is None) == ([], False)


@given(st.text())
def test_an_invented_token_is_refused(token: str) -> None:
    """A listing accepts only its own tokens."""
    if token:
        with pytest.raises(ForeignTokenError):
            Pager("a listing").page(range(9), 2, token)


@pytest.mark.parametrize(
    "other",
    [
        ("111122220002", "eu-west-1", "ListUsers", {"IdentityStoreId": "d-1"}),
        ("111122220001", "us-east-1", "ListUsers", {"IdentityStoreId": "d-1"}),
        ("111122220001", "eu-west-1", "ListGroups", {"IdentityStoreId": "d-1"}),
        ("111122220001", "eu-west-1", "ListUsers", {"IdentityStoreId": "d-2"}),
    ],
)
def test_a_token_is_bound_to_its_listing(other: tuple[str, str, str, dict[str, str]]) -> None:
    """A token is invalid for another account, Region, operation or parameter."""
    own = purpose("111122220001", "eu-west-1", "ListUsers", {"IdentityStoreId": "d-1"})
    _, token = Pager(own).page(range(9), 2, None)

    with pytest.raises(ForeignTokenError):
        Pager(purpose(*other)).page(range(9), 2, token)


def test_pages_can_be_smaller_than_requested(world: World) -> None:
    """With small and empty pages, a paginator finds the same users in more calls."""
    behaviour = Behaviour(page_size=7, empty_pages=True)
    organization = world.organizations[0]
    with Emulator(world, limits=Limits.off(), behaviour=behaviour) as emulator:
        asking = client(emulator, "identitystore", assume(emulator))
        users = every(asking, "list_users", "Users", IdentityStoreId=organization.identity_store_id)

        assert [user["UserId"] for user in users] == [user.id for user in organization.users if user.listed]
        assert emulator.calls["org-0", "ListUsers"] == 8


def test_a_token_of_another_operation_is_refused_over_the_wire(world: World) -> None:
    """ListGroups rejects a token of ListUsers."""
    store = world.organizations[0].identity_store_id
    with Emulator(world, limits=Limits.off()) as emulator:
        asking = client(emulator, "identitystore", assume(emulator))
        token = asking.list_users(IdentityStoreId=store, MaxResults=5)["NextToken"]
        asking.list_users(IdentityStoreId=store, MaxResults=9, NextToken=token)
        with ExpectedError() as refused:
            asking.list_groups(IdentityStoreId=store, MaxResults=5, NextToken=token)

    assert refused.code == "ValidationException"
