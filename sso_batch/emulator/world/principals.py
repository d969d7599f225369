"""Users, groups and memberships of an identity store."""

from dataclasses import dataclass
from typing import Literal

PrincipalType = Literal["USER", "GROUP"]


@dataclass(frozen=True, slots=True)
class Email:
    """An email address of a user."""

    value: str
    primary: bool = True


@dataclass(frozen=True, slots=True)
class PersonName:
    """The parts of a user's name; any of them may be missing."""

    formatted: str | None = None
    given: str | None = None
    family: str | None = None


@dataclass(frozen=True, slots=True)
class User:
    """A user of an identity store. If it is not `listed`, only DescribeUser returns it."""

    id: str
    user_name: str | None = None
    display_name: str | None = None
    name: PersonName | None = None
    emails: tuple[Email, ...] = ()
    status: str | None = "ENABLED"
    listed: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    """A group of an identity store. If it is not `listed`, only DescribeGroup returns it."""

    id: str
    display_name: str | None = None
    description: str | None = None
    listed: bool = True


@dataclass(frozen=True, slots=True)
class Membership:
    """A membership of a user, who may no longer exist, in a group."""

    group_id: str
    user_id: str
