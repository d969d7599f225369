"""Where credentials come from, as the configuration of an organization or an output place says."""

from dataclasses import dataclass, field

from sso_batch.config import Organization
from sso_batch.config.field_types import partition_of_arn, partition_of_region


@dataclass(frozen=True, slots=True)
class CredentialSource:
    """The environment, a profile, a role, or a chain of roles.

    `profile` supplies the credentials, or those that assume the first of `role_arns`; None for the
    environment's own. `external_id` and `duration_seconds` are for the last role.
    """

    profile: str | None = None
    role_arns: tuple[str, ...] = ()
    external_id: str | None = field(default=None, repr=False)
    session_name: str = "sso-batch"
    duration_seconds: int = 3600

    @classmethod
    def of_organization(cls, organization: Organization) -> "CredentialSource":
        """Return the source of the credentials that audit an organization."""
        external_id = organization.external_id
        return cls(
            profile=organization.profile or organization.source_profile,
            role_arns=organization.role_arns,
            external_id=None if external_id is None else external_id.get_secret_value(),
            session_name=organization.session_name,
            duration_seconds=organization.duration_seconds,
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not appear in any message."""
        return () if self.external_id is None else (self.external_id,)


def configured_partition(organization: Organization) -> str | None:
    """Return the partition that an organization's entry names by its roles or Region, or None."""
    if organization.role_arns:
        return partition_of_arn(organization.role_arns[0])
    return None if organization.region == "auto" else partition_of_region(organization.region)
