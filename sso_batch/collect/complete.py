"""The strategy `complete`: every provisioned pair of account and permission set is asked, so nothing hides.

Each question is asked once. sso-admin's one bucket decides how long it takes; the other services are asked
beside it, a group's members as soon as the group is seen assigned.
"""

import asyncio
from functools import partial

from sso_batch.aws.api import InstanceApi, OrganizationApi
from sso_batch.aws.failures import AwsFailure
from sso_batch.collect.lane import Lane, Meter
from sso_batch.model import (
    GROUP,
    USER,
    Account,
    Gap,
    Grant,
    Group,
    Instance,
    Membership,
    PermissionSet,
    Principal,
    User,
)

_SSO_ADMIN_WIDTH = 10  # 20 a second at 300 ms are 6 under way; the rest are those that wait to try again
_IDENTITY_STORE_WIDTH = 8
_ORGANIZATIONS_WIDTH = 1


class Collection:
    """All that one organization's answers have told so far."""

    def __init__(
        self, organization: OrganizationApi, api: InstanceApi, instance: Instance, meter: Meter
    ) -> None:
        self.users: dict[str, User] = {}
        self.groups: dict[str, Group] = {}
        self.memberships: dict[str, Membership] = {}
        self.missing: set[Principal] = set()
        self.accounts: dict[str, Account] = {}
        self.permission_sets: dict[str, PermissionSet] = {}
        self.grants: set[Grant] = set()
        self.gaps: list[Gap] = []
        self.accounts_complete = False

        self._organization = organization
        self._api = api
        self._instance = instance
        self._meter = meter
        self._all_accounts_asked = False
        self._all_permission_sets_asked = False
        self._permission_sets_complete = False
        self._pairs_planned = False
        self._pairs: set[tuple[str, str]] = set()
        self._principals: set[Principal] = set()
        self._listed: set[str] = set()  # principal types of which all that AWS lists is known
        self._described: set[Principal] = set()
        self._no_such_group: dict[Principal, AwsFailure] = {}

    async def run(self) -> None:
        """Ask until there is nothing left to ask; what fails is in `gaps`."""
        async with asyncio.TaskGroup() as group:
            self._sso_admin = Lane(group, _SSO_ADMIN_WIDTH, self.gaps, self._meter)
            self._identity_store = Lane(group, _IDENTITY_STORE_WIDTH, self.gaps, self._meter)
            self._organizations = Lane(group, _ORGANIZATIONS_WIDTH, self.gaps, self._meter)
            self._sso_admin.ask(
                self._instance.arn, self._list_permission_sets, then=self._permission_sets_ended
            )
            self._organizations.ask(
                self._instance.organization_id or "organization",
                self._list_accounts,
                then=self._accounts_ended,
            )
            self._identity_store.ask(self._instance.identity_store_id, self._list_users)
            self._identity_store.ask(self._instance.identity_store_id, self._list_groups)
        for principal, failure in self._no_such_group.items():
            if principal not in self.missing:
                self.gaps.append(failure.gap(principal.id))

    # Accounts and permission sets, and which of the two to go by

    async def _list_accounts(self) -> None:
        async for page in self._organization.accounts():
            self.accounts.update((account.id, account) for account in page)
            self._plan_pairs()
        self.accounts_complete = True

    def _accounts_ended(self) -> None:
        self._all_accounts_asked = True
        self._plan_pairs()

    async def _list_permission_sets(self) -> None:
        async for page in self._api.permission_set_arns():
            for arn in page:
                self._saw_permission_set(arn)
        self._permission_sets_complete = True

    def _permission_sets_ended(self) -> None:
        self._all_permission_sets_asked = True
        self._plan_pairs()

    def _saw_permission_set(self, arn: str) -> None:
        if arn not in self.permission_sets:
            self.permission_sets[arn] = PermissionSet(arn)
            self._sso_admin.ask(arn, partial(self._describe_permission_set, arn))

    async def _describe_permission_set(self, arn: str) -> None:
        self.permission_sets[arn] = await self._api.permission_set(arn)

    def _plan_pairs(self) -> None:
        """List the provisioned pairs by whichever there are fewer of, as soon as that is known.

        Where one of the two could not be listed, the other one serves: no grant is lost for it.
        """
        if self._pairs_planned or not self._all_permission_sets_asked:
            return
        by_permission_set = self._permission_sets_complete and len(self.permission_sets) <= len(self.accounts)
        if not by_permission_set and not self._all_accounts_asked:
            return
        self._pairs_planned = True
        if by_permission_set or not self.accounts_complete:
            for arn in tuple(self.permission_sets):
                self._sso_admin.ask(arn, partial(self._list_accounts_of, arn))
        else:
            for account_id in self.accounts:
                self._sso_admin.ask(account_id, partial(self._list_permission_sets_of, account_id))

    async def _list_accounts_of(self, permission_set_arn: str) -> None:
        async for page in self._api.accounts_provisioned_with(permission_set_arn):
            for account_id in page:
                self._saw_pair(account_id, permission_set_arn)

    async def _list_permission_sets_of(self, account_id: str) -> None:
        async for page in self._api.permission_sets_provisioned_to(account_id):
            for arn in page:
                self._saw_permission_set(arn)
                self._saw_pair(account_id, arn)

    # Assignments

    def _saw_pair(self, account_id: str, permission_set_arn: str) -> None:
        pair = (account_id, permission_set_arn)
        if pair not in self._pairs:
            self._pairs.add(pair)
            self._sso_admin.ask(" ".join(pair), partial(self._list_assignments, *pair))

    async def _list_assignments(self, account_id: str, permission_set_arn: str) -> None:
        async for page in self._api.assignments(account_id, permission_set_arn):
            for grant in page:
                self.grants.add(grant)
                self._saw_principal(grant.principal)

    # Principals: those that are listed, and those that are not

    async def _list_users(self) -> None:
        async for page in self._api.users():
            self.users.update((user.id, user) for user in page)
        self._listing_ended(USER)

    async def _list_groups(self) -> None:
        async for page in self._api.groups():
            self.groups.update((group.id, group) for group in page)
        self._listing_ended(GROUP)

    def _listing_ended(self, principal_type: str) -> None:
        self._listed.add(principal_type)
        for principal in tuple(self._principals):
            self._find_unlisted(principal)

    def _saw_principal(self, principal: Principal) -> None:
        if principal in self._principals:
            return
        self._principals.add(principal)
        if principal.type == GROUP:
            self._identity_store.ask(principal.id, partial(self._list_members, principal))
        elif principal.type != USER:
            self.gaps.append(_unknown_type(principal))
        self._find_unlisted(principal)

    async def _list_members(self, group: Principal) -> None:
        members: set[str] = set()
        try:
            async for page in self._api.member_ids(group.id):
                members.update(page)
        except AwsFailure as failure:
            if not failure.not_found:
                raise
            self._no_such_group[group] = failure
            self._describe(group)
            return
        self.memberships[group.id] = Membership(group.id, tuple(sorted(members)))
        for user_id in members:
            self._saw_principal(Principal(USER, user_id))

    def _find_unlisted(self, principal: Principal) -> None:
        """Active Directory's principals may not be listed: ask for one before calling it gone."""
        known = self.users if principal.type == USER else self.groups
        if principal.type in self._listed and principal.id not in known:
            self._describe(principal)

    def _describe(self, principal: Principal) -> None:
        if principal not in self._described:
            self._described.add(principal)
            self._identity_store.ask(principal.id, partial(self._describe_principal, principal))

    async def _describe_principal(self, principal: Principal) -> None:
        try:
            if principal.type == USER:
                self.users[principal.id] = await self._api.user(principal.id)
            else:
                self.groups[principal.id] = await self._api.group(principal.id)
        except AwsFailure as failure:
            if not failure.not_found:
                raise
            self.missing.add(principal)


def _unknown_type(principal: Principal) -> Gap:
    return Gap(
        "ListAccountAssignments",
        principal.id,
        "UnknownPrincipalType",
        f"AWS names a principal of a type that this version does not know: {principal.type}",
        "look for a newer version of sso-batch",
    )
