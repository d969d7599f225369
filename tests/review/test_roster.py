"""A user is found in the roster by email address, else by employee number."""

import pytest

from sso_batch.review.roster import Person, Roster

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
