"""Who may sign in to an emulated AWS, and with what; and the whole of it."""

from dataclasses import dataclass

from sso_batch.emulator.world.organization import Organization


@dataclass(frozen=True, slots=True)
class Role:
    """An IAM role: whom it trusts (ARNs or account ids), with which external id, and what it may not do.

    `denied` holds IAM actions such as `sso:ListAccountAssignments` or `sso:*`; where `allowed` is given,
    the role may do these alone.
    """

    arn: str
    trusted: tuple[str, ...]
    external_id: str | None = None
    denied: tuple[str, ...] = ()
    max_session_seconds: int = 3600
    allowed: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A user's long-lived key, in the environment or, with a name, in that profile.

    In `disabled_regions`, not enabled in the account or of another partition, the key is unknown.
    """

    id: str
    secret: str
    user_arn: str
    profile: str | None = None
    denied: tuple[str, ...] = ()
    disabled_regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class World:
    """Everything that one emulator serves. The first key is the hub's: clients start from it."""

    organizations: tuple[Organization, ...]
    access_keys: tuple[AccessKey, ...]
    roles: tuple[Role, ...] = ()

    def organization(self, name: str) -> Organization:
        """Return the organization of that name."""
        return next(organization for organization in self.organizations if organization.name == name)
