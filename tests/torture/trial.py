"""A trial, drawn from a seed: a small world with its oddities, how its AWS behaves, and what breaks there."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal, get_args

from sso_batch.demo import Behaviour, Fault, World, generate
from sso_batch.demo.injection import FaultKind
from sso_batch.demo.world import AccountInstance, AccountState, Entitlement, Organization
from sso_batch.demo.world.deletion import without
from sso_batch.demo.world.generate import Shape
from sso_batch.demo.world.identifiers import identity_store_id, instance_arn

Mood = Literal["quiet", "passing", "breaking", "deleting", "contradicting"]

PASSING: tuple[FaultKind, ...] = (
    "throttle",
    "internal_error",
    "unavailable",
    "reset",
    "truncated",
    "broken_json",
    "other_shape",
    "foreign_json",
    "no_object",
    "error_document",
    "null_list",
    "list_twice",
    "byte_order_mark",
    "utf_16",
    "number_as_token",
    "other_question",
    "empty_ids",
)
"""Troubles that strike a tenth of all calls, and are over when the call is made again."""

ONCE: tuple[FaultKind, ...] = ("hang", "expired_token", "repeated_token")
"""Passing troubles that strike but a call or two: each costs a time-out, or a session."""

OF_RESOURCES: tuple[FaultKind, ...] = ("not_found", "unlisted", "deleted", "filter_required")
"""What is about certain resources and listings: drawn on its own, so that the truth is known."""

LASTING: tuple[FaultKind, ...] = tuple(
    kind for kind in get_args(FaultKind) if kind not in (*OF_RESOURCES, "unknown_member")
)
"""What can stay with any call; a member of a kind that AWS may add is no trouble."""

OPERATIONS = (
    "AssumeRole",
    "GetCallerIdentity",
    "DescribeOrganization",
    "ListAccounts",
    "ListRoots",
    "ListOrganizationalUnitsForParent",
    "ListAccountsForParent",
    "DescribeOrganizationalUnit",
    "ListInstances",
    "ListPermissionSets",
    "DescribePermissionSet",
    "ListAccountsForProvisionedPermissionSet",
    "ListPermissionSetsProvisionedToAccount",
    "ListAccountAssignments",
    "ListAccountAssignmentsForPrincipal",
    "ListManagedPoliciesInPermissionSet",
    "ListCustomerManagedPolicyReferencesInPermissionSet",
    "GetInlinePolicyForPermissionSet",
    "GetPermissionsBoundaryForPermissionSet",
    "ListTagsForResource",
    "ListUsers",
    "ListGroups",
    "ListGroupMemberships",
    "DescribeUser",
    "DescribeGroup",
    "ListApplications",
    "GetApplication",
    "ListEntitlements",
)

_FIRST = OPERATIONS[:3]


@dataclass(frozen=True, slots=True)
class Trial:
    """A world and what is done to the run that audits it; all of it follows from `seed`."""

    seed: int
    world: World
    mood: Mood
    behaviour: Behaviour
    faults: tuple[Fault, ...]
    strategy: Literal["complete", "fastest"]
    details: bool
    entitlements: bool
    account_paths: bool

    def later(self, organization: Organization) -> Organization:
        """The organization after the resources that are deleted in mid-run."""
        return without(organization, self._deleted)

    def meanwhile(self, organization: Organization) -> Iterator[Organization]:
        """Yield the organization with only some of these resources deleted."""
        for number in range(1, len(self._deleted)):
            for deleted in combinations(sorted(self._deleted), number):
                yield without(organization, set(deleted))

    @property
    def _deleted(self) -> set[str]:
        return {fault.resource for fault in self.faults if fault.kind == "deleted" and fault.resource}

    @property
    def settings(self) -> str:
        """The `collect` part of the configuration."""
        return (
            f"collect:\n  strategy: {self.strategy}\n"
            f"  permission_set_details: {str(self.details).lower()}\n"
            f"  entitlements: {str(self.entitlements).lower()}\n"
            f"  account_paths: {str(self.account_paths).lower()}\n"
        )


def draw(seed: int) -> Trial:
    """The trial of a seed."""
    dice = random.Random(f"trial {seed}")  # noqa: S311 - not a secret
    behaviour = _behaviour(dice)
    world = _world(dice, seed, behaviour)
    mood: Mood = dice.choices(get_args(Mood), (1, 3, 8, 2, 3))[0]
    if mood == "deleting":  # else a deletion moves what is on the pages after it
        behaviour = replace(behaviour, page_size=None)
    return Trial(
        seed=seed,
        world=world,
        mood=mood,
        behaviour=behaviour,
        faults=_faults(dice, mood, world, behaviour),
        strategy=dice.choice(("complete", "complete", "fastest")),
        details=dice.random() < 0.7,
        entitlements=dice.random() < 0.7,
        account_paths=dice.random() < 0.7,
    )


def _world(dice: random.Random, seed: int, behaviour: Behaviour) -> World:
    groups, accounts, permission_sets = dice.randint(1, 4), dice.randint(1, 7), dice.randint(1, 4)
    pairs = dice.randint(1, min(8, accounts * permission_sets))
    shape = Shape(
        users=dice.randint(1, 9),
        groups=groups,
        permission_sets=permission_sets,
        accounts=accounts,
        pairs=pairs,
        bare_pairs=min(dice.randint(0, 2), accounts * permission_sets - pairs),
        members=dice.randint(1, 5),
        direct=dice.choice((0.2, 0.5, 0.8)),
        orphans=dice.choice((0, 0, 1, 1)),  # five that are not found put the whole directory in doubt
        gone_members=dice.choice((0, 0, 1, 2)),
        empty_groups=dice.randint(0, groups - 1),
        unlisted_users=dice.choice((0, 0, 1, 2)),
        unlisted_groups=dice.choice((0, 0, 1)),
        missing_names=dice.choice((0.0, 0.3)),
        entitlements=dice.choice((0, 1, 3)),
        units=dice.randint(0, 4),
    )
    world = generate(seed, organizations=dice.choice((1, 1, 1, 2)), shape=shape)
    odd = tuple(_with_oddities(one, behaviour, dice) for one in world.organizations)
    return replace(world, organizations=odd)


def _with_oddities(organization: Organization, behaviour: Behaviour, dice: random.Random) -> Organization:
    """Closed and suspended accounts, accounts with instances of their own, and strange names.

    `Status`, which some AWS gives instead of `State`, calls a closed account suspended.
    """
    states: tuple[AccountState, ...] = ("ACTIVE", "ACTIVE", "SUSPENDED", "PENDING_CLOSURE", "CLOSED")
    if "State" in behaviour.omitted_account_members:
        states = states[:-1]
    accounts = tuple(
        replace(
            one,
            state=dice.choice(states),
            name=dice.choice((one.name, one.name, f"a/{one.name};", "")),
        )
        if one.id != organization.management_account_id
        else one
        for one in organization.accounts
    )
    owners = [one.id for one in accounts if one.id != organization.management_account_id]
    instances = tuple(
        AccountInstance(instance_arn(owner), identity_store_id(owner), owner, organization.region)
        for owner in dice.sample(owners, min(len(owners), dice.choice((0, 0, 1, 2))))
    )
    applications = tuple(
        replace(one, entitlements=_once_each(one.entitlements)) for one in organization.applications
    )
    return replace(organization, accounts=accounts, account_instances=instances, applications=applications)


def _once_each(entitlements: tuple[Entitlement, ...]) -> tuple[Entitlement, ...]:
    """AWS has no grant twice; a world that is drawn may."""
    return tuple({(one.principal_id, one.role_arn): one for one in entitlements}.values())


def _behaviour(dice: random.Random) -> Behaviour:
    return Behaviour(
        page_size=dice.choice((None, 1, 2, 3)),
        empty_pages=dice.choice((False, False, True)),
        omitted_account_members=frozenset(dice.choice(((), (), ("State",), ("Status",), ("Paths",)))),
        account_id_in_paths=dice.choice((False, True)),
        group_rows=dice.choice((False, True)),
        principal_assignments=dice.choice(("management", "management", "nobody")),
        empty_entitlement_filter=dice.choice((False, True)),
        empty_inline_policy=dice.choice((False, True)),
        bare_lists=dice.choice((False, True)),
    )


def _faults(dice: random.Random, mood: Mood, world: World, behaviour: Behaviour) -> tuple[Fault, ...]:
    if mood == "quiet":
        return ()
    share = dice.sample(PASSING, dice.randint(1, 4))
    passing = [Fault(kind, probability=0.1 / len(share)) for kind in share]
    if mood == "passing":
        # A token that comes back after an empty page leads into a circle for good.
        once = Fault(
            dice.choice(ONCE[: 2 if behaviour.empty_pages else 3]), after=dice.randint(0, 30), times=1
        )
        return (*passing, *([once] if dice.random() < 0.5 else []))
    if mood == "deleting":
        return tuple(_deletion(dice, world) for _ in range(dice.randint(1, 2)))
    if mood == "contradicting":
        return (*_contradictions(dice, world), *(passing if dice.random() < 0.3 else []))
    lasting = [_lasting(dice, world) for _ in range(dice.randint(1, 3))]
    return (*lasting, *(passing if dice.random() < 0.3 else []))


def _deletion(dice: random.Random, world: World) -> Fault:
    """Something that is deleted after a few calls."""
    organization = dice.choice(world.organizations)
    accounts = [one.id for one in organization.accounts if one.id != organization.management_account_id]
    resources = dice.choice(
        [
            some
            for some in (
                [one.arn for one in organization.permission_sets],
                accounts,
                [one.id for one in organization.organizational_units],
                [one.id for one in organization.groups],
                [one.arn for one in organization.applications],
            )
            if some
        ]
    )
    return Fault(
        "deleted",
        organization=organization.name,
        resource=dice.choice(resources),
        after=dice.randint(0, 25),
        times=1,
    )


def _contradictions(dice: random.Random, world: World) -> list[Fault]:
    """Listings that are refused, and answers "not found" about what other answers show to exist."""
    organization = dice.choice(world.organizations)
    name = organization.name
    refused = [
        Fault("filter_required", operation=operation, organization=name, after=dice.choice((0, 0, 1)))
        for operation in ("ListUsers", "ListGroups")
        if dice.random() < 0.4
    ]
    arn = dice.choice(organization.permission_sets).arn
    group = dice.choice([*organization.groups]).id
    members = {one.group_id for one in organization.memberships}
    account = dice.choice(organization.accounts).id
    pairs = [
        ("DescribePermissionSet", arn),
        ("ListManagedPoliciesInPermissionSet", arn),
        ("ListTagsForResource", arn),
        ("ListAccountsForProvisionedPermissionSet", arn),
        ("ListAccountAssignments", arn),
        ("ListPermissionSetsProvisionedToAccount", account),
        *([("DescribeGroup", group)] if group in members else []),
        *(("DescribeOrganizationalUnit", one.id) for one in organization.organizational_units[:1]),
        *(("ListEntitlements", one.arn) for one in organization.applications),
    ]
    faults = [
        Fault("not_found", operation=operation, organization=name, resource=resource)
        for operation, resource in dice.sample(pairs, 2)
    ]
    if account != organization.management_account_id and dice.random() < 0.3:
        faults.append(Fault("unlisted", operation="ListAccounts", organization=name, resource=account))
    return [*refused, *faults]


def _lasting(dice: random.Random, world: World) -> Fault:
    organization = dice.choice(world.organizations)
    first = dice.random() < 0.08
    operation = dice.choice(_FIRST if first else OPERATIONS[3:])
    some = dice.choice(
        (
            None,
            *(one.id for one in organization.groups),
            *(one.id for one in organization.users),
            *(one.id for one in organization.accounts),
            *(one.arn for one in organization.permission_sets),
        )
    )
    about = {
        "DescribeUser": [one.id for one in organization.users],
        "ListGroupMemberships": [one.id for one in organization.groups],
        "ListAccountAssignments": [one.id for one in organization.accounts],
        "DescribePermissionSet": [one.arn for one in organization.permission_sets],
        "ListAccountAssignmentsForPrincipal": [one.id for one in organization.groups],
    }.get(operation)
    resource = dice.choice((None, dice.choice(about))) if about else None
    if some is not None and dice.random() < 0.1:
        operation, resource = "", some
    return Fault(
        dice.choice(LASTING),
        operation=operation or None,
        resource=resource,
        organization=dice.choice((None, organization.name)) if operation != "AssumeRole" else None,
        after=dice.choice((0, 0, 0, 1, 3)),
    )
