"""What a permission set allows and why: its policies, levels, paths, and what was not read. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sso_batch.model import GROUP, USER, Grant, PermissionSet, Principal
from sso_batch.privileges.judgement import FoundPath, Judgement, PermissionSetPolicies
from sso_batch.privileges.paths import AccountKind
from sso_batch.privileges.permissions import Allowance, Source
from sso_batch.review.snapshot_index import SnapshotIndex


class PolicyKind(StrEnum):
    """The kinds of policies that a permission set can have."""

    AWS_MANAGED = "AWS managed"
    CUSTOMER_MANAGED = "customer managed"
    INLINE = "inline"
    BOUNDARY = "permissions boundary"


@dataclass(frozen=True, slots=True)
class PolicyFacts:
    """A policy of a permission set; `version_id` is empty unless the document of a managed policy was read.

    If `name` is None, it was not read whether there are such policies.
    """

    kind: PolicyKind
    name: str | None
    version_id: str = ""
    read: bool = False


@dataclass(frozen=True, slots=True)
class Level:
    """What a permission set amounts to in the accounts of one kind in which it is assigned.

    `kind` is None where it was not read what the accounts are to Identity Center. `groups_unread` counts the
    groups whose members were not read: their people are not in `people`.
    """

    kind: AccountKind | None
    judgement: Judgement
    accounts: int
    people: int
    groups_unread: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """A permission set of an organization, explained.

    `levels` has the kinds of accounts in which it is assigned; if it is assigned nowhere, what it would be in
    each kind. `everything` is set for an administrator, whose paths are not listed; `elsewhere` has the paths
    that count only in other kinds of accounts. `level_source` allows a change, or else reading.
    `restrictions` are the statements that deny, or that allow only under conditions. `unread` could raise a
    level, and `assignments_unread` add accounts or people.
    """

    organization: str
    permission_set: PermissionSet
    policies: tuple[PolicyFacts, ...]
    levels: tuple[Level, ...]
    everything: Allowance | None
    paths: tuple[FoundPath, ...]
    elsewhere: tuple[FoundPath, ...]
    level_source: Source | None
    restrictions: tuple[Source, ...]
    unread: tuple[str, ...]
    assignments_unread: tuple[str, ...]

    @property
    def assigned(self) -> bool:
        """Whether the permission set is assigned in any account, as far as was read."""
        return any(level.accounts for level in self.levels)

    @property
    def certain(self) -> tuple[FoundPath, ...]:
        """The paths that need nothing but permissions, those to the highest level first."""
        found = (path for path in self.paths if path.certain)
        return tuple(sorted(found, key=lambda path: -path.path.leads_to))

    @property
    def possible(self) -> tuple[FoundPath, ...]:
        """The paths that need something that must exist already, those to the highest level first."""
        found = (path for path in self.paths if not path.certain)
        return tuple(sorted(found, key=lambda path: -path.path.leads_to))


def explain(index: SnapshotIndex, permission_set: PermissionSet) -> Explanation:
    """Return what a permission set of an organization allows, from what was read of it."""
    policies = index.privileges.policies_of(permission_set.arn)
    levels = tuple(_levels(index, permission_set.arn, policies))
    everything = policies.permissions.everything()
    kinds = _possible_kinds(levels)
    paths = policies.paths if everything is None else ()
    return Explanation(
        organization=index.snapshot.organization,
        permission_set=permission_set,
        policies=tuple(_policies(index, permission_set)),
        levels=levels,
        everything=everything,
        paths=tuple(found for found in paths if found.path.accounts & kinds),
        elsewhere=tuple(found for found in paths if not found.path.accounts & kinds),
        level_source=None if everything is not None else _level_source(policies),
        restrictions=tuple(_restrictions(policies)),
        unread=tuple(dict.fromkeys(what for level in levels for what in level.judgement.unread)),
        assignments_unread=tuple(dict.fromkeys(str(spot) for spot in index.unread_grants())),
    )


def _possible_kinds(levels: Sequence[Level]) -> set[AccountKind]:
    kinds: set[AccountKind] = set()
    for level in levels:
        kinds |= set(AccountKind) if level.kind is None else {level.kind}
    return kinds


def _levels(index: SnapshotIndex, arn: str, policies: PermissionSetPolicies) -> Iterator[Level]:
    grants: defaultdict[AccountKind | None, list[Grant]] = defaultdict(list)
    for grant in index.grants:
        if grant.permission_set_arn == arn:
            grants[index.privileges.kind_of(grant.account_id)].append(grant)
    if not grants:
        yield from (Level(kind, policies.judge(kind), 0, 0, 0) for kind in AccountKind)
    for kind in (*AccountKind, None):
        if found := grants.get(kind):
            yield _level(index, kind, found)


def _level(index: SnapshotIndex, kind: AccountKind | None, grants: Sequence[Grant]) -> Level:
    principals: Mapping[Principal, None] = dict.fromkeys(grant.principal for grant in grants)
    people = {user_id for user_id, _ in index.holders(principals)}
    unread = [
        principal
        for principal in principals
        if principal.type == GROUP and principal not in index.missing and principal.id not in index.members
    ]
    return Level(
        kind,
        index.privileges.of(grants[0]),
        accounts=len({grant.account_id for grant in grants}),
        people=sum(Principal(USER, user_id) not in index.missing for user_id in people),
        groups_unread=len(unread),
    )


def _policies(index: SnapshotIndex, permission_set: PermissionSet) -> Iterator[PolicyFacts]:
    versions = {policy.arn: policy.version_id for policy in index.snapshot.policy_documents}
    managed, customer_managed = permission_set.managed_policies, permission_set.customer_managed_policies
    for arn in (None,) if managed is None else managed:
        name = arn and arn.partition(":policy/")[2]
        yield PolicyFacts(PolicyKind.AWS_MANAGED, name, versions.get(arn or "", ""), read=arn in versions)
    for path in (None,) if customer_managed is None else customer_managed:
        yield PolicyFacts(PolicyKind.CUSTOMER_MANAGED, path)
    inline, boundary = permission_set.inline_policy, permission_set.permissions_boundary
    if inline != "":
        yield PolicyFacts(PolicyKind.INLINE, inline and "inline policy", read=inline is not None)
    if boundary != "":
        yield PolicyFacts(PolicyKind.BOUNDARY, boundary)


def _level_source(policies: PermissionSetPolicies) -> Source | None:
    found = policies.permissions.change() or policies.permissions.read()
    if found is None:
        return None
    action, allowance = found
    source = allowance.sources[0]
    return Source(source.policy, source.statement, action)


def _restrictions(policies: PermissionSetPolicies) -> Iterator[Source]:
    for name, statement in policies.permissions.statements():
        if not statement.allows or statement.conditional:
            yield Source(name, statement)
