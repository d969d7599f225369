"""The roster: who works here, as an HR system exports it, and how a user is found in it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sso_batch.review.finding import normalize_address


@dataclass(frozen=True, slots=True)
class Person:
    """One line of the roster; `manager` is an email address. Cells that are empty or absent are empty."""

    email: str = ""
    employee_number: str = ""
    is_leaver: bool = False
    manager: str = ""
    department: str = ""


@dataclass(frozen=True, slots=True)
class Roster:
    """Everybody who works here or has left, each person once; `columns` are those that the file has."""

    people: tuple[Person, ...]
    columns: frozenset[str]
    sha256: str = ""
    """The SHA-256 of the file, in hex."""
    _by_address: Mapping[str, Person] = field(init=False, repr=False, compare=False)
    _by_number: Mapping[str, Person] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_address = {normalize_address(person.email): person for person in self.people}
        by_number = {normalize_number(person.employee_number): person for person in self.people}
        for name, index in (("_by_address", by_address), ("_by_number", by_number)):
            index.pop("", None)
            object.__setattr__(self, name, index)

    def find(self, email: str, employee_number: str = "") -> Person | None:
        """Return the person with this email address, else the one with this employee number."""
        by_address = self._by_address.get(normalize_address(email))
        return by_address or self._by_number.get(normalize_number(employee_number))


def normalize_number(number: str) -> str:
    """Return an employee number in a form that is equal for one person; leading zeros count."""
    return normalize_address(number)
