"""Tests of resolving a manager to a user."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_batch.managers import ManagerIndex
from sso_batch.model import ExternalId, User

ADA = User(
    "u-1", "ada", "Ada", "ada@acme.example", "ENABLED", external_ids=(ExternalId("https://scim", "00u1"),)
)
BOB = User("u-2", "bob", "Bob", "", "DISABLED", external_ids=(ExternalId("a", "7"), ExternalId("b", "00u2")))
NOBODY = User("u-3", "", "", "", "")


@pytest.mark.parametrize("manager", ["u-1", "00u1", "ada", "Ada", "ada@acme.example", "ADA@acme.example"])
def test_every_name_of_a_user_is_resolved(manager: str) -> None:
    """Ids are compared exactly, logins and addresses without regard to case."""
    directory = ManagerIndex([ADA, BOB, NOBODY])

    assert directory.find(manager) == ADA
    assert directory.show(manager) == "ada@acme.example"


@pytest.mark.parametrize(
    ("manager", "shown"),
    [("7", "bob"), ("BOB", "bob"), ("u-3", "u-3"), ("00U1", "00U1"), ("Ada Lee", "Ada Lee"), ("", "")],
)
def test_what_is_shown(manager: str, shown: str) -> None:
    """Without an address the login is shown, and what cannot be resolved as the directory has it."""
    assert ManagerIndex([ADA, BOB, NOBODY]).show(manager) == shown


def test_an_ambiguous_value_is_not_resolved() -> None:
    """A value that several users share names none of them; a better kind of name comes first."""
    twins = [
        User(f"u-{number}", "same", "", "team@acme.example", "", external_ids=(ExternalId(f"{number}", "1"),))
        for number in range(3)
    ]
    directory = ManagerIndex([*twins, User("1", "x", "", "same", "")])

    assert directory.find("same") is None
    assert directory.show("team@acme.example") == "team@acme.example"
    assert directory.find("1") == User("1", "x", "", "same", "")


@given(st.text(), st.lists(st.text(max_size=2), max_size=4, unique=True))
def test_users_without_the_name_are_never_shown(manager: str, ids: list[str]) -> None:
    """A value is shown as it is, or as the login of a user that it names."""
    users = [User(id_, f"login {id_}", "", "", "") for id_ in ids]

    assert ManagerIndex(users).show(manager) in {manager, *(f"login {id_}" for id_ in ids if id_ == manager)}
