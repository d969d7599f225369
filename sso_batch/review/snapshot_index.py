"""What a check takes and yields: one organization's snapshot, indexed, with what was not read of it. Pure.

Grants are kept by principal and memberships by group and never multiplied: memory grows with their sum and
not with their product.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from sso_batch.coverage import BlindSpot, Omission
from sso_batch.model import (
    GROUP,
    USER,
    Account,
    Application,
    Grant,
    PermissionSet,
    Principal,
    Snapshot,
)
from sso_batch.privileges.judgement import Judgement
from sso_batch.privileges.of_grants import Privileges
from sso_batch.privileges.paths import IDENTITY_CENTER, Privilege
from sso_batch.review.roster import Roster


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits that a configuration can set for checks."""

    longest_session: timedelta = timedelta(hours=4)
    """The longest session that is not a finding."""
    dormant_after: timedelta = timedelta(days=90)
    """The time without a sign-in after which a user is dormant."""
    new_for: timedelta = timedelta(days=30)
    """The time for which a user counts as new."""


@dataclass(frozen=True, slots=True)
class Match:
    """What a check found: one grant or one object, and a predicate about it, such as "has no members".

    The object is the principal, else the application, else the permission set, else the account.
    """

    message: str
    principal: Principal | None = None
    account_id: str = ""
    permission_set_arn: str = ""
    role_arn: str = ""
    application: Application | None = None

    @classmethod
    def of_grant(cls, grant: Grant, message: str) -> "Match":
        """Return a match about a grant."""
        return cls(message, grant.principal, grant.account_id, grant.permission_set_arn, grant.role_arn)


class SnapshotIndex:
    """What is known about an organization.

    `previous` is what was known about it in an earlier run. If it is None, `not_compared` says why. `roster`
    is None if the configuration names none.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        *,
        previous: "SnapshotIndex | None" = None,
        not_compared: str = "",
        roster: Roster | None = None,
    ) -> None:
        self.snapshot = snapshot
        self.previous = previous
        self.not_compared = not_compared
        self.roster = roster
        self.grants = sorted(dict.fromkeys(snapshot.grants))
        self.accounts: Mapping[str, Account] = {account.id: account for account in snapshot.accounts}
        self.users = {user.id: user for user in snapshot.users}
        self.groups = {group.id: group for group in snapshot.groups}
        self.members = {membership.group_id: membership.user_ids for membership in snapshot.memberships}
        self.missing = frozenset(snapshot.missing)
        self._permission_sets = {
            permission_set.arn: permission_set for permission_set in snapshot.permission_sets
        }

    def permission_set(self, arn: str) -> PermissionSet:
        """Return a permission set; if it was not read, one with only its ARN."""
        return self._permission_sets.get(arn) or PermissionSet(arn)

    def is_known(self, principal: Principal) -> bool:
        """Return whether a principal was read."""
        known = self.users if principal.type == USER else self.groups
        return principal.id in known and principal not in self.missing

    def is_unread(self, principal: Principal) -> bool:
        """Return whether neither a principal nor its absence was read."""
        return not self.is_known(principal) and principal not in self.missing

    @cached_property
    def by_principal(self) -> Mapping[Principal, list[Grant]]:
        """The grants of each principal that has at least one."""
        found: defaultdict[Principal, list[Grant]] = defaultdict(list)
        for grant in self.grants:
            found[grant.principal].append(grant)
        return found

    @cached_property
    def grant_counts(self) -> Mapping[str, int]:
        """By user id, the number of grants of each user who has any, directly or through groups."""
        counts: Counter[str] = Counter()
        for user_id, principal in self.holders(self.by_principal):
            counts[user_id] += len(self.by_principal[principal])
        return counts

    @cached_property
    def privileges(self) -> Privileges:
        """What each grant amounts to."""
        return Privileges(self.snapshot)

    @cached_property
    def by_privilege(self) -> Mapping[Privilege, list[tuple[Grant, Judgement]]]:
        """The grants that amount to each privilege, as far as was read, and why."""
        found: dict[Privilege, list[tuple[Grant, Judgement]]] = {privilege: [] for privilege in Privilege}
        for grant in self.grants:
            judgement = self.privileges.of(grant)
            found[judgement.privilege].append((grant, judgement))
        return found

    @cached_property
    def admin_grants(self) -> list[Grant]:
        """The grants that give administrator access."""
        return [grant for grant, _ in self.by_privilege[Privilege.ADMINISTRATOR]]

    def is_admin(self, grant: Grant) -> bool:
        """Return whether a grant gives administrator access."""
        return self.privileges.of(grant).privilege is Privilege.ADMINISTRATOR

    @cached_property
    def escalating_grants(self) -> list[Grant]:
        """The grants that can be turned into administrator access."""
        return [grant for grant, _ in self.by_privilege[Privilege.CAN_ESCALATE]]

    @cached_property
    def access_managing_grants(self) -> list[Grant]:
        """The grants that decide who has access to the organization: in accounts that manage it."""
        return [
            grant
            for grant, _ in self.by_privilege[Privilege.MANAGES_ACCESS]
            if self.privileges.kind_of(grant.account_id) in IDENTITY_CENTER
        ]

    @cached_property
    def admins(self) -> Mapping[str, list[Principal]]:
        """By user id, the administrators and the principals through which they are; without deleted users."""
        return self.people(self.admin_grants)

    def administered_accounts(self, user_id: str) -> set[str]:
        """Return the ids of the accounts that a user administers."""
        return {
            grant.account_id
            for principal in self.admins[user_id]
            for grant in self.by_principal[principal]
            if self.is_admin(grant)
        }

    def people(self, grants: Iterable[Grant]) -> Mapping[str, list[Principal]]:
        """Return who has any of the grants, and through which principals; without deleted users."""
        principals = dict.fromkeys(grant.principal for grant in grants)
        found: defaultdict[str, list[Principal]] = defaultdict(list)
        for user_id, principal in self.holders(principals):
            if Principal(USER, user_id) not in self.missing:
                found[user_id].append(principal)
        return found

    def holders(self, principals: Mapping[Principal, object]) -> Iterator[tuple[str, Principal]]:
        """Yield the ids of the users who hold the grants of these principals, each with the principal."""
        for principal in principals:
            if principal.type == USER:
                yield principal.id, principal
            else:
                for user_id in self.members.get(principal.id, ()):
                    yield user_id, principal

    @cached_property
    def grant_set(self) -> frozenset[Grant]:
        """The grants, to look one up."""
        return frozenset(self.grants)

    # What was not read

    def unread_grants(self) -> Iterator[BlindSpot]:
        """Yield why there may be grants that are not known."""
        unanswered = [gap for gap in self.snapshot.gaps if gap.kind.hides_access]
        if unanswered:
            yield BlindSpot("grants that were not read", len(unanswered), of="gaps")
        for omission in (Omission.ENTITLEMENTS, Omission.UNLISTED_PRINCIPALS):
            if self.snapshot.omits(omission):
                yield BlindSpot(omission)

    def unread_members(self, principals: Iterable[Principal] | None = None) -> Iterator[BlindSpot]:
        """Yield how many groups have unknown members, by default of those with a grant."""
        groups = {
            principal.id
            for principal in (self.by_principal if principals is None else principals)
            if principal.type == GROUP and principal not in self.missing
        }
        if unread := len(groups - self.members.keys()):
            yield BlindSpot("members of groups that were not read", unread)

    def unread_holders(self, principals: Mapping[Principal, object] | None = None) -> Iterator[BlindSpot]:
        """Yield how many principals and members of them were not read, by default of those with a grant."""
        yield from self._unread_holders if principals is None else self._unread_of(principals)

    @cached_property
    def _unread_holders(self) -> tuple[BlindSpot, ...]:
        return tuple(self._unread_of(self.by_principal))

    def _unread_of(self, principals: Mapping[Principal, object]) -> Iterator[BlindSpot]:
        holders = {Principal(USER, user_id) for user_id, _ in self.holders(principals)}
        if unread := sum(map(self.is_unread, holders | principals.keys())):
            yield BlindSpot("users and groups that were not read", unread)

    @cached_property
    def unread_policies(self) -> tuple[BlindSpot, ...]:
        """What would have to be read to know what every grant amounts to."""
        arns = {
            grant.permission_set_arn
            for privilege, grants in self.by_privilege.items()
            for grant, _ in grants
            if privilege is not Privilege.ADMINISTRATOR
        } - {""}
        policies = [self.privileges.policies_of(arn) for arn in arns]
        unread = sum(not each.all_read for each in policies)
        customer_managed = {name for each in policies for name in each.customer_managed}
        roles = len({grant.role_arn for grant in self.grants if grant.role_arn})
        return tuple(
            BlindSpot(what, count)
            for count, what in (
                (unread, "policies of permission sets that were not read or not understood"),
                (len(customer_managed), "what customer managed policies allow"),
                (roles, "what IAM roles of entitlements allow"),
            )
            if count
        )

    def unread_account_kinds(self) -> Iterator[BlindSpot]:
        """Yield what would have to be read to know which accounts manage Identity Center."""
        if self.snapshot.instance.management_account_id is None:
            yield BlindSpot("which account is the management account")
        if self.snapshot.delegated_administrators is None:
            yield BlindSpot("which accounts administer Identity Center")

    def unread_admins(self) -> Iterator[BlindSpot]:
        """Yield what would have to be read to know every administrator."""
        yield from self.unread_policies
        yield from self.unread_members()
        yield from self.unread_grants()
