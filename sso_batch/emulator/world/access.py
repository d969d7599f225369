"""The keys and roles that give access to an emulated AWS, and the world that contains them."""

from dataclasses import dataclass

from sso_batch.emulator.world.organization import Organization


@dataclass(frozen=True, slots=True)
class Role:
    """An IAM role: the ARNs or account ids that it trusts, its external id, and its permissions.

    `denied` contains IAM actions such as `sso:ListAccountAssignments` or `sso:*`. If `allowed` is given, all
    other actions are denied.
    """

    arn: str
    trusted: tuple[str, ...]
    external_id: str | None = None
    denied: tuple[str, ...] = ()
    max_session_seconds: int = 3600
    allowed: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A user's long-lived key, for the environment or, with a name, for that profile.

    The key is unknown in `disabled_regions`: Regions that are not enabled, or of another partition.
    """

    id: str
    secret: str
    user_arn: str
    profile: str | None = None
    denied: tuple[str, ...] = ()
    disabled_regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class World:
    """The data that an emulator serves. The first key is the hub's, which clients start with."""

    organizations: tuple[Organization, ...]
    access_keys: tuple[AccessKey, ...]
    roles: tuple[Role, ...] = ()

    def organization(self, name: str) -> Organization:
        """Return the organization with this name."""
        return next(organization for organization in self.organizations if organization.name == name)
