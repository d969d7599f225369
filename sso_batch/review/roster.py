"""The roster: who works here, as an HR system exports it, and how a user is found in it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from sso_batch.model import Snapshot, User
from sso_batch.review.finding import normalize_address

_FILLED = frozenset({"manager", "department"})
"""The attributes that a roster has, too."""


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


def roster_sha256(roster: Roster | None) -> str:
    """Return the SHA-256 of a roster's file, or an empty text without a roster."""
    return roster.sha256 if roster else ""


def fills_attributes(people: Iterable[str]) -> bool:
    """Return whether a roster has values for any of the attributes that are reported."""
    return not _FILLED.isdisjoint(people)


def fill_attributes(snapshot: Snapshot, roster: Roster | None) -> Snapshot:
    """Return a snapshot with the roster's managers and departments where the directory has none.

    Attributes that were not read, or that the configuration does not ask for, stay as they are.
    """
    if roster is None or not fills_attributes(snapshot.people):
        return snapshot
    return replace(snapshot, users=tuple(_filled(user, roster) for user in snapshot.users))


def employee_number(user: User) -> str:
    """Return a user's employee number; empty if there is none, or if it was not read."""
    return dict(user.attributes).get("employee_number", "")


def _filled(user: User, roster: Roster) -> User:
    person = roster.find(user.email, employee_number(user))
    if person is None:
        return user
    values = {"manager": person.manager, "department": person.department}
    return replace(
        user, attributes=tuple((name, value or values.get(name, "")) for name, value in user.attributes)
    )


def normalize_number(number: str) -> str:
    """Return an employee number in a form that is equal for one person; leading zeros count."""
    return normalize_address(number)
