"""Permission sets and who is assigned to them; account access and whom it lets assume which role."""

from dataclasses import dataclass

from sso_batch.emulator.world.principals import PrincipalType


@dataclass(frozen=True, slots=True)
class PolicyReference:
    """A customer managed policy, by the name and path that it has in every account."""

    name: str
    path: str = "/"


@dataclass(frozen=True, slots=True)
class PermissionSet:
    """What a session may do, and for how long. A boundary is a managed policy's ARN or a reference."""

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
    """A grant: a principal, who may no longer exist, gets a permission set in an account."""

    account_id: str
    permission_set_arn: str
    principal_type: PrincipalType
    principal_id: str


@dataclass(frozen=True, slots=True)
class Provision:
    """A permission set's role in an account; not `latest` where the set has changed since."""

    account_id: str
    permission_set_arn: str
    latest: bool = True


@dataclass(frozen=True, slots=True)
class Entitlement:
    """A grant of account access: a principal may assume an IAM role."""

    id: str
    principal_type: PrincipalType
    principal_id: str
    role_arn: str

    @property
    def account_id(self) -> str:
        """The account in which the role is."""
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
