"""Users and groups of an identity store, and who is in which group."""

from dataclasses import dataclass
from typing import Literal

PrincipalType = Literal["USER", "GROUP"]


@dataclass(frozen=True, slots=True)
class Email:
    """One address of a user."""

    value: str
    primary: bool = True


@dataclass(frozen=True, slots=True)
class PersonName:
    """A user's name in parts; any of them may be missing."""

    formatted: str | None = None
    given: str | None = None
    family: str | None = None


@dataclass(frozen=True, slots=True)
class User:
    """A user of an identity store. One who is not `listed` is found by DescribeUser only."""

    id: str
    user_name: str | None = None
    display_name: str | None = None
    name: PersonName | None = None
    emails: tuple[Email, ...] = ()
    status: str | None = "ENABLED"
    listed: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    """A group of an identity store. One that is not `listed` is found by DescribeGroup only."""

    id: str
    display_name: str | None = None
    description: str | None = None
    listed: bool = True


@dataclass(frozen=True, slots=True)
class Membership:
    """A user's place in a group. The user may be one who no longer exists."""

    group_id: str
    user_id: str
