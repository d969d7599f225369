"""Users, groups and memberships of the identity store."""

from dataclasses import dataclass, field

USER = "USER"
GROUP = "GROUP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authored:
    """When and by whom an object was created and last updated, as AWS gives it; empty for older objects."""

    created_at: str = ""
    created_by: str = ""
    updated_at: str = ""
    updated_by: str = ""


@dataclass(frozen=True, slots=True)
class ExternalId:
    """The id of a user or group in the identity provider that manages it."""

    issuer: str
    id: str


@dataclass(frozen=True, slots=True)
class User(Authored):
    """A user of the identity store; `login` is AWS's UserName, `name` the full name.

    `attributes` has the attributes that the configuration asks for, each as name and value.
    """

    id: str
    login: str
    name: str
    email: str
    status: str
    external_ids: tuple[ExternalId, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Group(Authored):
    """A group of the identity store."""

    id: str
    name: str
    external_ids: tuple[ExternalId, ...] = ()


@dataclass(frozen=True, slots=True)
class Member(Authored):
    """A user's membership in a group; the user may no longer exist.

    `first_seen` is the start of the first complete run in this output place that had it: empty if no complete
    run has had it, None if the earlier runs could not be read. It does not identify the membership.
    """

    user_id: str
    membership_id: str = ""
    first_seen: str | None = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Membership:
    """All members of one group, sorted by user id; a group without a Membership was not read."""

    group_id: str
    members: tuple[Member, ...]

    @property
    def user_ids(self) -> tuple[str, ...]:
        """The ids of the members."""
        return tuple(member.user_id for member in self.members)


@dataclass(frozen=True, slots=True, order=True)
class Principal:
    """The principal of an assignment: a user or a group, by id."""

    type: str
    id: str
