"""Permission sets and their assignments; account-access applications and their entitlements."""

from dataclasses import dataclass

from sso_batch.emulator.world.principals import PrincipalType


@dataclass(frozen=True, slots=True)
class PolicyReference:
    """A reference to a customer managed policy, by its name and path in every account."""

    name: str
    path: str = "/"


@dataclass(frozen=True, slots=True)
class PermissionSet:
    """A permission set; its boundary is the ARN of a managed policy or a reference."""

    arn: str
    name: str
    description: str | None = None
    session_duration: str | None = "PT1H"
    managed_policies: tuple[str, ...] = ()
    customer_managed_policies: tuple[PolicyReference, ...] = ()
    inline_policy: str | None = None
    permissions_boundary: str | PolicyReference | None = None
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Assignment:
    """An assignment of a permission set in an account to a principal, which may no longer exist."""

    account_id: str
    permission_set_arn: str
    principal_type: PrincipalType
    principal_id: str


@dataclass(frozen=True, slots=True)
class Provision:
    """A permission set provisioned in an account; not `latest` if the permission set changed since."""

    account_id: str
    permission_set_arn: str
    latest: bool = True


@dataclass(frozen=True, slots=True)
class Entitlement:
    """An entitlement of a principal to assume an IAM role."""

    id: str
    principal_type: PrincipalType
    principal_id: str
    role_arn: str

    @property
    def account_id(self) -> str:
        """The account of the role."""
        return self.role_arn.split(":")[4]


@dataclass(frozen=True, slots=True)
class Application:
    """An account-access application, owned by the account that its ARN names."""

    arn: str
    instance_arn: str
    entitlements: tuple[Entitlement, ...] = ()
    status: str = "ACTIVE"
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def region(self) -> str:
        """The Region in which the application is listed."""
        return self.arn.split(":")[3]

    @property
    def account_id(self) -> str:
        """The account that owns the application."""
        return self.arn.split(":")[4]
