"""The builder of organizations, which derives ids in AWS formats from names, and their audit roles."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from sso_batch.emulator.world import (
    AccessKey,
    Account,
    AccountInstance,
    AccountState,
    Application,
    ApplicationStatus,
    Assignment,
    Authored,
    Email,
    Entitlement,
    Event,
    ExternalId,
    Group,
    Membership,
    Organization,
    OrganizationalUnit,
    PermissionSet,
    PersonName,
    PolicyReference,
    PrincipalType,
    Profile,
    Provision,
    Refusal,
    Role,
    SsoApplication,
    User,
    identifiers,
)

HUB = AccessKey(
    id="AKIAEXAMPLEHUB000001",
    secret=identifiers.digest(40, "hub", "secret"),
    user_arn="arn:aws:iam::111122223333:user/sso-batch",
)
"""The key of the hub account, which starts a run."""

AUDIT_ROLE = "SsoBatchAudit"


class OrganizationBuilder:
    """A builder of one organization; `build` returns the finished record.

    The ids of users, groups, accounts and permission sets are derived from their names. With `prefixed_ids`
    the identity store is of the older kind, with its number before each id.
    """

    def __init__(
        self,
        name: str,
        *,
        management_account_id: str,
        region: str,
        domain: str,
        replica_regions: Iterable[str] = (),
        partition: str = "aws",
        prefixed_ids: bool = False,
    ) -> None:
        self.name = name
        self.region = region
        self.partition = partition
        self.domain = domain
        self.management_account_id = management_account_id
        self.replica_regions = tuple(replica_regions)
        self.root_id = identifiers.root_id(name)
        self.instance_arn = identifiers.instance_arn(name, partition)
        self.store_id = identifiers.identity_store_id(name)
        self._prefixed = prefixed_ids
        self._units: dict[tuple[str, ...], OrganizationalUnit] = {}
        self._accounts: dict[str, Account] = {}
        self._users: dict[str, User] = {}
        self._groups: dict[str, Group] = {}
        self._permission_sets: dict[str, PermissionSet] = {}
        self._memberships: list[Membership] = []
        self._assignments: dict[Assignment, None] = {}
        self._provisions: dict[tuple[str, str], Provision] = {}
        self._entitlements: list[Entitlement] = []
        self._sso_applications: dict[str, SsoApplication] = {}
        self._account_instances: list[AccountInstance] = []
        self._events: list[Event] = []
        self.delegated_administrators: tuple[str, ...] = ()
        self.account(name, management_account_id)

    def account(
        self,
        name: str,
        account_id: str,
        *unit: str,
        state: AccountState = "ACTIVE",
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Add an account to a unit, given as the path from the root; return its id."""
        local = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name.lower())
        self._accounts[account_id] = Account(
            id=account_id,
            name=name,
            email=f"aws+{local.strip('-')[:30]}@{self.domain}",
            parent_id=self._unit(unit),
            state=state,
            tags=tuple((tags or {}).items()),
        )
        return account_id

    def user(
        self,
        user_name: str,
        display_name: str | None = None,
        *,
        email: str | None = "",
        name: PersonName | None = None,
        status: str | None = "ENABLED",
        listed: bool = True,
        groups: Iterable[str] = (),
        profile: Profile | None = None,
    ) -> str:
        """Add a user, by default with an email address in the organization's domain; return its id."""
        user_id = self.principal_id("USER", user_name)
        address = f"{user_name}@{self.domain}" if email == "" else email
        self._users[user_id] = User(
            id=user_id,
            user_name=user_name,
            display_name=display_name,
            name=name,
            emails=(Email(address),) if address else (),
            status=status,
            listed=listed,
            **_values(profile, Profile),
        )
        for group in groups:
            self.member(group, user_name)
        return user_id

    def group(
        self,
        name: str,
        description: str | None = None,
        *,
        listed: bool = True,
        external_ids: tuple[ExternalId, ...] = (),
        authored: Authored | None = None,
    ) -> str:
        """Add a group; return its id."""
        group_id = self.principal_id("GROUP", name)
        self._groups[group_id] = Group(
            group_id, name, description, listed, external_ids, **_values(authored, Authored)
        )
        return group_id

    def member(self, group: str, user_name: str, authored: Authored | None = None) -> None:
        """Add a user to a group; a name that was never added stands for a deleted user."""
        ids = self.principal_id("GROUP", group), self.principal_id("USER", user_name)
        self._memberships.append(Membership(*ids, **_values(authored, Authored)))

    def permission_set(
        self,
        name: str,
        description: str | None = None,
        *,
        session_duration: str | None = "PT1H",
        managed: Iterable[str] = (),
        customer_managed: Iterable[PolicyReference] = (),
        inline: str | None = None,
        boundary: str | PolicyReference | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Add a permission set, with AWS managed policies by name; return its ARN."""
        arn = self.permission_set_arn(name)
        self._permission_sets[name] = PermissionSet(
            arn=arn,
            name=name,
            description=description,
            session_duration=session_duration,
            managed_policies=tuple(self.policy_arn(policy) for policy in managed),
            customer_managed_policies=tuple(customer_managed),
            inline_policy=inline,
            permissions_boundary=self.policy_arn(boundary) if isinstance(boundary, str) else boundary,
            tags=tuple((tags or {}).items()),
        )
        return arn

    def assign(self, permission_set: str, kind: PrincipalType, principal: str, *account_ids: str) -> None:
        """Assign a permission set to a principal; a name that was never added is a deleted principal."""
        arn = self._permission_sets[permission_set].arn
        for account_id in account_ids:
            self.provision(permission_set, account_id)
            self._assignments[Assignment(account_id, arn, kind, self.principal_id(kind, principal))] = None

    def provision(self, permission_set: str, *account_ids: str, latest: bool = True) -> None:
        """Provision a permission set in accounts."""
        arn = self._permission_sets[permission_set].arn
        for account_id in account_ids:
            self._provisions.setdefault((account_id, arn), Provision(account_id, arn, latest))

    def entitle(self, kind: PrincipalType, principal: str, role: str, *account_ids: str) -> None:
        """Entitle a principal to assume an IAM role in accounts."""
        for account_id in account_ids:
            self._entitlements.append(
                Entitlement(
                    id=identifiers.plain_uuid(self.name, kind, principal, role, account_id),
                    principal_type=kind,
                    principal_id=self.principal_id(kind, principal),
                    role_arn=f"arn:{self.partition}:iam::{account_id}:role/{role}",
                )
            )

    def sso_application(
        self,
        name: str,
        *,
        provider: str = "custom",
        owner_account_id: str | None = None,
        status: ApplicationStatus = "ENABLED",
        assignment_required: bool = True,
        users: Iterable[str] = (),
        groups: Iterable[str] = (),
        refusal: Refusal | None = None,
    ) -> str:
        """Add an application of Identity Center with its assigned users and groups; return its ARN.

        By default the management account owns it. A principal that was never added is a deleted one.
        """
        arn = identifiers.sso_application_arn(
            self.instance_arn, owner_account_id or self.management_account_id, name
        )
        self._sso_applications[arn] = SsoApplication(
            arn=arn,
            name=name,
            provider_arn=f"arn:{self.partition}:sso::aws:applicationProvider/{provider}",
            status=status,
            assignment_required=assignment_required,
            assignments=(
                *(("USER", self.principal_id("USER", user)) for user in users),
                *(("GROUP", self.principal_id("GROUP", group)) for group in groups),
            ),
            refusal=refusal,
        )
        return arn

    def account_instance(self, owner_account_id: str) -> None:
        """Add an account instance of a member account, in the primary Region."""
        name = f"{self.name} {owner_account_id}"
        self._account_instances.append(
            AccountInstance(
                identifiers.instance_arn(name, self.partition),
                identifiers.identity_store_id(name),
                owner_account_id,
                self.region,
            )
        )

    def record(self, *events: Event) -> None:
        """Add events to the CloudTrail history of their accounts."""
        self._events += events

    def permission_set_arn(self, name: str) -> str:
        """Return the ARN of a permission set with this name."""
        return identifiers.permission_set_arn(self.instance_arn, name)

    def principal_id(self, kind: PrincipalType, name: str) -> str:
        """Return the id of a user or group with this name."""
        return identifiers.principal_id(self.store_id, kind, name, prefixed=self._prefixed)

    def policy_arn(self, name: str) -> str:
        """Return the ARN of an AWS managed policy."""
        return f"arn:{self.partition}:iam::aws:policy/{name}"

    def build(self) -> Organization:
        """Return the finished organization."""
        return Organization(
            name=self.name,
            id=identifiers.organization_id(self.name),
            management_account_id=self.management_account_id,
            root_id=self.root_id,
            instance_arn=self.instance_arn,
            identity_store_id=self.store_id,
            region=self.region,
            partition=self.partition,
            replica_regions=self.replica_regions,
            organizational_units=tuple(self._units.values()),
            accounts=tuple(self._accounts.values()),
            users=tuple(self._users.values()),
            groups=tuple(self._groups.values()),
            memberships=tuple(self._memberships),
            permission_sets=tuple(self._permission_sets.values()),
            assignments=tuple(self._assignments),
            provisioned=tuple(self._provisions.values()),
            applications=self._applications(),
            sso_applications=tuple(self._sso_applications.values()),
            account_instances=tuple(self._account_instances),
            delegated_administrators=self.delegated_administrators,
            events=tuple(self._events),
        )

    def _applications(self) -> tuple[Application, ...]:
        if not self._entitlements:
            return ()
        arn = identifiers.application_arn(
            self.partition, self.region, self.management_account_id, "account access"
        )
        return (Application(arn, self.instance_arn, tuple(self._entitlements)),)

    def _unit(self, path: tuple[str, ...]) -> str:
        """Return the id of the unit at a path; add it and its parents if they are missing."""
        if not path:
            return self.root_id
        if path not in self._units:
            parent_id = self._unit(path[:-1])
            unit_id = identifiers.organizational_unit_id(self.root_id, *path)
            self._units[path] = OrganizationalUnit(unit_id, path[-1], parent_id)
        return self._units[path].id


def _values(record: Authored | None, kind: type[Authored]) -> dict[str, Any]:
    """Return the fields of a record by name."""
    return {entry.name: getattr(record, entry.name) for entry in fields(kind)} if record else {}


def audit_role(
    organization: Organization,
    *,
    trusted: tuple[str, ...] = (HUB.user_arn,),
    external_id: str | None = None,
    denied: tuple[str, ...] = (),
    max_session_seconds: int = 3600,
) -> Role:
    """Return the audit role in an organization's management account; by default it trusts the hub."""
    arn = f"arn:{organization.partition}:iam::{organization.management_account_id}:role/{AUDIT_ROLE}"
    return Role(arn, trusted, external_id, denied, max_session_seconds)
