"""The indexes by which services look up an organization's records."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TypeVar

from sso_batch.emulator.world import (
    Account,
    Assignment,
    Entitlement,
    Event,
    Group,
    Membership,
    Organization,
    OrganizationalUnit,
    PermissionSet,
    Provision,
    SsoApplication,
    User,
)

Record = TypeVar("Record")
Key = TypeVar("Key")


class OrganizationIndex:
    """Indexes of one organization, each built on first use."""

    def __init__(self, organization: Organization) -> None:
        self.organization = organization

    @cached_property
    def administrators(self) -> frozenset[str]:
        """The accounts that may read the whole organization."""
        organization = self.organization
        return frozenset((organization.management_account_id, *organization.delegated_administrators))

    @cached_property
    def regions(self) -> tuple[str, ...]:
        """The Regions of the instance, the primary one first."""
        return (self.organization.region, *self.organization.replica_regions)

    @cached_property
    def listed_users(self) -> list[User]:
        """The users that ListUsers returns."""
        return [user for user in self.organization.users if user.listed]

    @cached_property
    def listed_groups(self) -> list[Group]:
        """The groups that ListGroups returns."""
        return [group for group in self.organization.groups if group.listed]

    @cached_property
    def users(self) -> dict[str, User]:
        """All users by id."""
        return {user.id: user for user in self.organization.users}

    @cached_property
    def groups(self) -> dict[str, Group]:
        """All groups by id."""
        return {group.id: group for group in self.organization.groups}

    @cached_property
    def members(self) -> dict[str, list[Membership]]:
        """Memberships by group."""
        return _gather(self.organization.memberships, lambda membership: membership.group_id)

    @cached_property
    def groups_of(self) -> dict[str, list[Membership]]:
        """Memberships by user."""
        return _gather(self.organization.memberships, lambda membership: membership.user_id)

    @cached_property
    def accounts(self) -> dict[str, Account]:
        """Accounts by id."""
        return {account.id: account for account in self.organization.accounts}

    @cached_property
    def accounts_under(self) -> dict[str, list[Account]]:
        """Accounts by parent root or unit."""
        return _gather(self.organization.accounts, lambda account: account.parent_id)

    @cached_property
    def units(self) -> dict[str, OrganizationalUnit]:
        """Organizational units by id."""
        return {unit.id: unit for unit in self.organization.organizational_units}

    @cached_property
    def units_under(self) -> dict[str, list[OrganizationalUnit]]:
        """Organizational units by parent root or unit."""
        return _gather(self.organization.organizational_units, lambda unit: unit.parent_id)

    @cached_property
    def permission_sets(self) -> dict[str, PermissionSet]:
        """Permission sets by ARN."""
        return {permission_set.arn: permission_set for permission_set in self.organization.permission_sets}

    @cached_property
    def assignments(self) -> dict[tuple[str, str], list[Assignment]]:
        """Assignments by account and permission set."""
        return _gather(
            self.organization.assignments,
            lambda assignment: (assignment.account_id, assignment.permission_set_arn),
        )

    @cached_property
    def assignments_of(self) -> dict[tuple[str, str], list[Assignment]]:
        """Assignments by principal."""
        return _gather(
            self.organization.assignments,
            lambda assignment: (assignment.principal_type, assignment.principal_id),
        )

    @cached_property
    def provisioned_in(self) -> dict[str, list[Provision]]:
        """Provisioned permission sets by account."""
        return _gather(self.organization.provisioned, lambda provision: provision.account_id)

    @cached_property
    def provisioned_from(self) -> dict[str, list[Provision]]:
        """Provisioned accounts by permission set."""
        return _gather(self.organization.provisioned, lambda provision: provision.permission_set_arn)

    @cached_property
    def entitlements(self) -> dict[tuple[str, str], Entitlement]:
        """Entitlements by application and id."""
        return {
            (app.arn, entitlement.id): entitlement
            for app in self.organization.applications
            for entitlement in app.entitlements
        }

    @cached_property
    def events(self) -> dict[tuple[str, str, str], list[Event]]:
        """Events by account, Region and name, the newest first."""
        newest_first = sorted(self.organization.events, key=lambda event: -event.at)
        return _gather(newest_first, lambda event: (event.account_id, event.region, event.name))

    @cached_property
    def sso_applications(self) -> dict[str, SsoApplication]:
        """The applications of Identity Center by ARN."""
        return {application.arn: application for application in self.organization.sso_applications}

    def path(self, parent_id: str) -> str:
        """Return the ids from the organization down to a root or unit, each followed by a slash.

        If units form a cycle, the path ends before it repeats a unit.
        """
        above = [parent_id]
        while above[-1] in self.units and self.units[above[-1]].parent_id not in above:
            above.append(self.units[above[-1]].parent_id)
        return "".join(f"{unit_id}/" for unit_id in (self.organization.id, *reversed(above)))


def _gather(records: Iterable[Record], key: Callable[[Record], Key]) -> dict[Key, list[Record]]:
    gathered = defaultdict(list)
    for record in records:
        gathered[key(record)].append(record)
    return dict(gathered)
