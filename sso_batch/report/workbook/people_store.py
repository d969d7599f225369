"""The users of all organizations in a database on disk, so that people can be joined in little memory."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sso_batch.access import NOT_READ
from sso_batch.privileges.paths import Privilege
from sso_batch.report.user_access import UserAccess
from sso_batch.report.workbook.cells import AtLeast, count
from sso_batch.review.finding import normalize_address
from sso_batch.sanitize import show_hidden

_SCHEMA = """
CREATE TABLE user (
  address TEXT, organization_number INTEGER, user_id TEXT, organization TEXT, name TEXT, email TEXT,
  status TEXT, last_sign_in TEXT, accounts INTEGER, administered INTEGER, permission_sets TEXT, level INTEGER,
  level_accounts INTEGER, level_permission_sets TEXT, through TEXT, findings INTEGER, incomplete INTEGER,
  levels_certain INTEGER, PRIMARY KEY (address, organization_number, user_id)
) WITHOUT ROWID
"""
_KIBIBYTES = 4096  # of the database that are in memory
_SEPARATOR = "\x1f"  # show_hidden has replaced it in every text


@dataclass(frozen=True, slots=True)
class Administrator:
    """A user at a level that decides about access, in one organization."""

    level: Privilege
    name: str
    email: str
    status: str
    organization: str
    accounts: int | AtLeast
    permission_sets: tuple[str, ...]
    through: tuple[str, ...]
    last_sign_in: str
    user_id: str


@dataclass(frozen=True, slots=True)
class Person:
    """The users with one email address, in all organizations; a user without one is a person of its own.

    `incomplete` has the organizations of the person that were not read completely.
    """

    name: str
    email: str
    status: tuple[str, ...]
    organizations: tuple[str, ...]
    users: int
    accounts: int | AtLeast
    administered: int | AtLeast
    level: Privilege
    permission_sets: tuple[str, ...]
    findings: int
    last_sign_in: str
    incomplete: tuple[str, ...]


class PeopleStore:
    """Users of all organizations; leaving the `with` block closes the database."""

    def __init__(self, folder: str) -> None:
        self._database = sqlite3.connect(Path(folder) / "people.sqlite", isolation_level=None)
        self._database.row_factory = sqlite3.Row
        for setting in ("journal_mode=OFF", "synchronous=OFF", f"cache_size=-{_KIBIBYTES}"):
            self._database.execute(f"PRAGMA {setting}")
        self._database.execute(_SCHEMA)
        self._organizations: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def add(self, user: UserAccess, *, findings: int, complete: bool, levels_certain: bool) -> None:
        """Add a user with the number of findings, and whether the user's access is known completely."""
        holder, reach = user.holder, user.reach
        number = self._organizations.setdefault(user.organization, len(self._organizations))
        values = (
            "" if holder.email == NOT_READ else normalize_address(show_hidden(holder.email)),
            number,
            show_hidden(holder.user_id),
            user.organization,
            show_hidden(holder.name),
            show_hidden(holder.email),
            show_hidden(holder.status),
            show_hidden(holder.last_sign_in),
            reach.accounts,
            reach.administered,
            _joined(reach.permission_sets),
            int(reach.level),
            reach.level_accounts,
            _joined(reach.level_permission_sets),
            _joined(reach.through),
            findings,
            not complete,
            levels_certain,
        )
        marks = ",".join("?" * len(values))
        self._database.execute(f"INSERT OR IGNORE INTO user VALUES ({marks})", values)  # noqa: S608 - marks

    def count_at(self, level: Privilege) -> int:
        """Return how many users, of each organization, are at a level."""
        query = "SELECT count(*) FROM user WHERE level = ?"
        return int(self._database.execute(query, (int(level),)).fetchone()[0])

    def administrators(self) -> Iterator[Administrator]:
        """Yield the users at a level above NONE, the highest level and the most accounts first."""
        for row in self._database.execute(
            "SELECT * FROM user WHERE level > 0"
            " ORDER BY level DESC, level_accounts DESC, name COLLATE NOCASE, organization_number, user_id"
        ):
            yield Administrator(
                level=Privilege(row["level"]),
                name=row["name"],
                email=row["email"],
                status=row["status"],
                organization=row["organization"],
                accounts=count(row["level_accounts"], certain=bool(row["levels_certain"])),
                permission_sets=_split(row["level_permission_sets"]),
                through=_split(row["through"]),
                last_sign_in=row["last_sign_in"],
                user_id=row["user_id"],
            )

    def people(self) -> Iterator[Person]:
        """Yield the people by email address; those without one come last."""
        with_address = self._database.execute(
            "SELECT * FROM user WHERE address > '' ORDER BY address, organization_number, user_id"
        )
        for _, users in groupby(with_address, itemgetter("address")):
            yield _person(list(users))
        for user in self._database.execute(
            "SELECT * FROM user WHERE address = '' ORDER BY address, organization_number, user_id"
        ):
            yield _person([user])


def _person(users: list[Any]) -> Person:
    incomplete = dict.fromkeys(user["organization"] for user in users if user["incomplete"])
    sign_ins = sorted(user["last_sign_in"] for user in users)
    dates = [date for date in sign_ins if date not in ("", NOT_READ)]
    certain = all(user["levels_certain"] for user in users)
    return Person(
        name=next((user["name"] for user in users if user["name"] not in ("", NOT_READ)), users[0]["name"]),
        email=users[0]["email"],
        status=tuple(sorted({user["status"] for user in users})),
        organizations=tuple(dict.fromkeys(user["organization"] for user in users)),
        users=len(users),
        accounts=count(sum(user["accounts"] for user in users), certain=not incomplete),
        administered=count(sum(user["administered"] for user in users), certain=certain),
        level=Privilege(max(user["level"] for user in users)),
        permission_sets=tuple(sorted({name for user in users for name in _split(user["permission_sets"])})),
        findings=sum(user["findings"] for user in users),
        last_sign_in=dates[-1] if dates else sign_ins[-1],
        incomplete=tuple(incomplete),
    )


def _joined(texts: tuple[str, ...]) -> str:
    return _SEPARATOR.join(map(show_hidden, texts))


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split(_SEPARATOR)) if text else ()
