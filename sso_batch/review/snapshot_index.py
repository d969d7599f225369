"""One organization's snapshot as the checks ask it: by id, and with what was not read of it. Pure.

Grants are kept by principal and memberships by user, never multiplied: memory grows with both and not with
their product.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from sso_batch.coverage import Omission
from sso_batch.model import (
    GROUP,
    IAM_ROLE,
    USER,
    Account,
    Grant,
    PermissionSet,
    Principal,
    Snapshot,
)
from sso_batch.review.admin import Verdict, judge


@dataclass(frozen=True, slots=True)
class Hit:
    """What a check has found: one grant or one object, and a sentence about it."""

    message: str
    principal: Principal | None = None
    account_id: str = ""
    permission_set_arn: str = ""
    role_arn: str = ""

    @classmethod
    def of(cls, grant: Grant, message: str) -> "Hit":
        """What was found of a grant."""
        return cls(message, grant.principal, grant.account_id, grant.permission_set_arn, grant.role_arn)


@dataclass(frozen=True, slots=True)
class Hole:
    """What a check could not look at, in words for the manifest's `not_examined`."""

    what: str


class Facts:
    """What is known of an organization.

    `previous` is what was known of it in an earlier run; without it, `not_compared` says why.
    """

    def __init__(
        self, snapshot: Snapshot, *, previous: "Facts | None" = None, not_compared: str = ""
    ) -> None:
        self.snapshot = snapshot
        self.previous = previous
        self.not_compared = not_compared
        self.grants = sorted(dict.fromkeys(snapshot.grants))
        self.accounts: Mapping[str, Account] = {one.id: one for one in snapshot.accounts}
        self.users = {one.id: one for one in snapshot.users}
        self.groups = {one.id: one for one in snapshot.groups}
        self.members = {one.group_id: one.user_ids for one in snapshot.memberships}
        self.missing = frozenset(snapshot.missing)
        self._permission_sets = {one.arn: one for one in snapshot.permission_sets}

    def permission_set(self, arn: str) -> PermissionSet:
        """A permission set; of one that was not read, the ARN alone."""
        return self._permission_sets.get(arn) or PermissionSet(arn)

    def is_known(self, principal: Principal) -> bool:
        """Whether a principal was read."""
        known = self.users if principal.type == USER else self.groups
        return principal.id in known and principal not in self.missing

    def is_unread(self, principal: Principal) -> bool:
        """Whether neither a principal nor its absence was read."""
        return not self.is_known(principal) and principal not in self.missing

    @cached_property
    def by_principal(self) -> Mapping[Principal, list[Grant]]:
        """The grants of each principal that has any."""
        found: defaultdict[Principal, list[Grant]] = defaultdict(list)
        for grant in self.grants:
            found[grant.principal].append(grant)
        return found

    @cached_property
    def verdicts(self) -> Mapping[str, Verdict]:
        """Of each permission set that is granted, whether it makes administrators."""
        arns = {grant.permission_set_arn for grant in self.grants if grant.access_type != IAM_ROLE}
        return {arn: judge(self.permission_set(arn)) for arn in arns}

    @cached_property
    def admin_grants(self) -> list[Grant]:
        """The grants that make administrators."""
        return [grant for grant in self.grants if self.is_admin(grant)]

    def is_admin(self, grant: Grant) -> bool:
        """Whether a grant makes its holders administrators."""
        verdict = self.verdicts.get(grant.permission_set_arn)
        return verdict is not None and bool(verdict.reason)

    @cached_property
    def admins(self) -> Mapping[str, list[Principal]]:
        """By user id every administrator, each with the principals through whom; deleted users are none."""
        principals = dict.fromkeys(grant.principal for grant in self.admin_grants)
        found: defaultdict[str, list[Principal]] = defaultdict(list)
        for user_id, principal in self.holders(principals):
            if Principal(USER, user_id) not in self.missing:
                found[user_id].append(principal)
        return found

    def holders(self, principals: Mapping[Principal, object]) -> Iterator[tuple[str, Principal]]:
        """The ids of users who hold what these principals are granted, each with the principal."""
        for principal in principals:
            if principal.type == USER:
                yield principal.id, principal
            else:
                for user_id in self.members.get(principal.id, ()):
                    yield user_id, principal

    # What was not read

    def unread_grants(self) -> Iterator[Hole]:
        """Why there can be grants that are not known."""
        unanswered = [gap for gap in self.snapshot.gaps if gap.kind.hides_access]
        if unanswered:
            yield Hole(f"grants that were not read (gaps: {len(unanswered)})")
        for omission in (Omission.ENTITLEMENTS, Omission.UNLISTED_PRINCIPALS):
            if self.snapshot.omits(omission):
                yield Hole(omission)

    def unread_members(self) -> Iterator[Hole]:
        """Groups that have a grant and whose members are not known."""
        groups = {one.id for one in self.by_principal if one.type == GROUP and one not in self.missing}
        if unread := len(groups - self.members.keys()):
            yield Hole(f"members of groups that were not read: {unread}")

    def unread_holders(self) -> Iterator[Hole]:
        """Users and groups that have a grant or are a group's members, and of whom nothing is known."""
        holders = {Principal(USER, user_id) for user_id, _ in self.holders(self.by_principal)}
        if unread := sum(self.is_unread(one) for one in holders | self.by_principal.keys()):
            yield Hole(f"users and groups that were not read: {unread}")

    def unread_policies(self) -> Iterator[Hole]:
        """What would have to be read to know every grant that makes administrators."""
        unread = sum(bool(one.unread) for one in self.verdicts.values())
        customers = len({name for one in self.verdicts.values() for name in one.customer_managed})
        roles = len({grant.role_arn for grant in self.grants if grant.role_arn})
        for count, what in (
            (unread, "policies of permission sets that were not read or not understood"),
            (customers, "what customer managed policies allow"),
            (roles, "what IAM roles of entitlements allow"),
        ):
            if count:
                yield Hole(f"{what}: {count}")

    def unread_admins(self) -> Iterator[Hole]:
        """What would have to be read to know every administrator, and not only some."""
        yield from self.unread_policies()
        yield from self.unread_members()
        yield from self.unread_grants()
