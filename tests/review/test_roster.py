"""A user is found in the roster by email address, else by employee number."""

from dataclasses import replace

import pytest

from sso_batch.model import User
from sso_batch.review.roster import Person, Roster, fill_attributes, fills_attributes
from tests.support.records import snapshot, user

ANN = Person("Ann@Example.com", "007")
BOB = Person("", "e-8", is_leaver=True)
MARIE = Person("marie\u0301@example.com")
ROSTER = Roster((ANN, BOB, MARIE), frozenset({"email", "employee_number", "status"}))


@pytest.mark.parametrize(
    ("email", "number", "person"),
    [
        ("ann@example.com", "", ANN),
        (" ANN@EXAMPLE.COM ", "", ANN),
        ("mari\u00e9@example.com", "", MARIE),
        ("ann@example.com", "e-8", ANN),
        ("somebody@example.com", "e-8", BOB),
        ("", " E-8", BOB),
        ("", "007", ANN),
        ("", "7", None),
        ("somebody@example.com", "", None),
        ("", "", None),
    ],
)
def test_find(email: str, number: str, person: Person | None) -> None:
    """Case, Unicode form and spaces make no difference, leading zeros do; an empty value matches nobody."""
    assert ROSTER.find(email, number) == person


# Attributes

LEE = Roster((Person("u-1@example.com", "", manager="cy@example.com", department="R&D"),), frozenset())


def filled(*attributes: tuple[str, str], people: tuple[str, ...], roster: Roster | None = LEE) -> User:
    """Return a user with these attributes after the roster has filled them."""
    ann = replace(user(), attributes=attributes)
    (result,) = fill_attributes(snapshot(users=(ann,), people=people), roster).users
    assert replace(result, attributes=attributes) == ann
    return result


def test_fill() -> None:
    """The roster fills manager and department where the directory has none, and nothing else."""
    people = ("title", "department", "manager")
    empty = filled(("title", ""), ("department", ""), ("manager", ""), people=people)
    partly = filled(("title", ""), ("department", "IT"), ("manager", ""), people=people)

    assert empty.attributes == (("title", ""), ("department", "R&D"), ("manager", "cy@example.com"))
    assert partly.attributes == (("title", ""), ("department", "IT"), ("manager", "cy@example.com"))


def test_what_is_not_filled() -> None:
    """Attributes that were not read or asked for, and users who are not in the roster, stay as they are."""
    somebody = Roster((Person("bob@example.com", manager="cy@example.com"),), frozenset())

    assert filled(("department", ""), people=("department", "manager")).attributes == (("department", "R&D"),)
    assert filled(people=()).attributes == ()
    assert filled(("manager", ""), people=("manager",), roster=somebody).attributes == (("manager", ""),)
    assert filled(("manager", ""), people=("manager",), roster=None).attributes == (("manager", ""),)


def test_fills_attributes() -> None:
    """Only managers and departments are in a roster and in a report."""
    assert fills_attributes(("title", "manager"))
    assert fills_attributes(("department",))
    assert not fills_attributes(("title", "employee_number"))
