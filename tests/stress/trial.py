"""A trial generated from a seed: a small world with special cases, AWS behaviour, and faults."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal, get_args

from sso_batch.emulator import Behaviour, Fault, World, generate
from sso_batch.emulator.faults import FaultKind
from sso_batch.emulator.world import AccountInstance, AccountState, Entitlement, Organization
from sso_batch.emulator.world.deletion import without
from sso_batch.emulator.world.generator import Shape
from sso_batch.emulator.world.identifiers import identity_store_id, instance_arn

Scenario = Literal["quiet", "temporary", "permanent", "deleting", "contradicting"]

TEMPORARY: tuple[FaultKind, ...] = (
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
"""Faults that affect a tenth of all calls and disappear when the call is repeated."""

ONCE: tuple[FaultKind, ...] = ("hang", "expired_token", "repeated_token")
"""Temporary faults that affect one call only, because each costs a time-out or a session."""

RESOURCE_FAULTS: tuple[FaultKind, ...] = ("not_found", "unlisted", "deleted", "filter_required")
"""Faults of certain resources and listings, chosen separately so that the expected result is known."""

PERMANENT: tuple[FaultKind, ...] = tuple(
    kind for kind in get_args(FaultKind) if kind not in (*RESOURCE_FAULTS, "unknown_member")
)
"""Faults that can be permanent in any call; a new member in an answer is not a fault."""

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
    "GetPolicy",
    "GetPolicyVersion",
    "ListDelegatedAdministrators",
)

_FIRST = OPERATIONS[:3]


@dataclass(frozen=True, slots=True)
class Trial:
    """A world, and the faults of the run that audits it; `seed` determines everything."""

    seed: int
    world: World
    scenario: Scenario
    behaviour: Behaviour
    faults: tuple[Fault, ...]
    strategy: Literal["complete", "fastest"]
    details: bool
    entitlements: bool
    account_paths: bool
    policy_documents: bool

    def later(self, organization: Organization) -> Organization:
        """Return the organization without the resources that are deleted during the run."""
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
        """The `collect` section of the configuration."""
        return (
            f"collect:\n  strategy: {self.strategy}\n"
            f"  permission_set_details: {str(self.details).lower()}\n"
            f"  entitlements: {str(self.entitlements).lower()}\n"
            f"  account_paths: {str(self.account_paths).lower()}\n"
            f"  policy_documents: {str(self.policy_documents).lower()}\n"
        )


def draw(seed: int) -> Trial:
    """Return the trial of a seed."""
    dice = random.Random(f"trial {seed}")  # noqa: S311 - not a secret
    behaviour = _behaviour(dice)
    world = _world(dice, seed, behaviour)
    scenario: Scenario = dice.choices(get_args(Scenario), (1, 3, 8, 2, 3))[0]
    if scenario == "deleting":  # on small pages, a deletion would shift the items of later pages
        behaviour = replace(behaviour, page_size=None)
    return Trial(
        seed=seed,
        world=world,
        scenario=scenario,
        behaviour=behaviour,
        faults=_faults(dice, scenario, world, behaviour),
        strategy=dice.choice(("complete", "complete", "fastest")),
        details=dice.random() < 0.7,
        entitlements=dice.random() < 0.7,
        account_paths=dice.random() < 0.7,
        policy_documents=dice.random() < 0.8,
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
        orphans=dice.choice(
            (0, 0, 1, 1)
        ),  # five unknown principals would make the identity store implausible
        gone_members=dice.choice((0, 0, 1, 2)),
        empty_groups=dice.randint(0, groups - 1),
        unlisted_users=dice.choice((0, 0, 1, 2)),
        unlisted_groups=dice.choice((0, 0, 1)),
        missing_names=dice.choice((0.0, 0.3)),
        entitlements=dice.choice((0, 1, 3)),
        units=dice.randint(0, 4),
    )
    world = generate(seed, organizations=dice.choice((1, 1, 1, 2)), shape=shape)
    varied = tuple(_with_special_cases(organization, behaviour, dice) for organization in world.organizations)
    return replace(world, organizations=varied)


def _with_special_cases(
    organization: Organization, behaviour: Behaviour, dice: random.Random
) -> Organization:
    """Return the organization with closed accounts, account instances and unusual names.

    If `State` is omitted there are no closed accounts, because `Status` calls them suspended.
    """
    states: tuple[AccountState, ...] = ("ACTIVE", "ACTIVE", "SUSPENDED", "PENDING_CLOSURE", "CLOSED")
    if "State" in behaviour.omitted_account_members:
        states = states[:-1]
    accounts = tuple(
        replace(
            account,
            state=dice.choice(states),
            name=dice.choice((account.name, account.name, f"a/{account.name};", "")),
        )
        if account.id != organization.management_account_id
        else account
        for account in organization.accounts
    )
    owners = [account.id for account in accounts if account.id != organization.management_account_id]
    instances = tuple(
        AccountInstance(instance_arn(owner), identity_store_id(owner), owner, organization.region)
        for owner in dice.sample(owners, min(len(owners), dice.choice((0, 0, 1, 2))))
    )
    applications = tuple(
        replace(application, entitlements=_without_duplicates(application.entitlements))
        for application in organization.applications
    )
    return replace(organization, accounts=accounts, account_instances=instances, applications=applications)


def _without_duplicates(entitlements: tuple[Entitlement, ...]) -> tuple[Entitlement, ...]:
    """Return the entitlements without duplicates, which AWS does not allow."""
    return tuple(
        {
            (entitlement.principal_id, entitlement.role_arn): entitlement for entitlement in entitlements
        }.values()
    )


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


def _faults(dice: random.Random, scenario: Scenario, world: World, behaviour: Behaviour) -> tuple[Fault, ...]:
    if scenario == "quiet":
        return ()
    share = dice.sample(TEMPORARY, dice.randint(1, 4))
    temporary = [Fault(kind, probability=0.1 / len(share)) for kind in share]
    if scenario == "temporary":
        # A repeated token after an empty page would repeat forever.
        once = Fault(
            dice.choice(ONCE[: 2 if behaviour.empty_pages else 3]), after=dice.randint(0, 30), times=1
        )
        return (*temporary, *([once] if dice.random() < 0.5 else []))
    if scenario == "deleting":
        return tuple(_deletion(dice, world) for _ in range(dice.randint(1, 2)))
    if scenario == "contradicting":
        return (*_contradictions(dice, world), *(temporary if dice.random() < 0.3 else []))
    permanent = [_permanent_fault(dice, world) for _ in range(dice.randint(1, 3))]
    return (*permanent, *(temporary if dice.random() < 0.3 else []))


def _deletion(dice: random.Random, world: World) -> Fault:
    """Return a fault that deletes a resource after a few calls."""
    organization = dice.choice(world.organizations)
    accounts = [
        account.id for account in organization.accounts if account.id != organization.management_account_id
    ]
    resources = dice.choice(
        [
            candidates
            for candidates in (
                [permission_set.arn for permission_set in organization.permission_sets],
                accounts,
                [unit.id for unit in organization.organizational_units],
                [group.id for group in organization.groups],
                [application.arn for application in organization.applications],
            )
            if candidates
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
    """Return faults that refuse listings, or do not find resources that other answers contain."""
    organization = dice.choice(world.organizations)
    name = organization.name
    refused = [
        Fault("filter_required", operation=operation, organization=name, after=dice.choice((0, 0, 1)))
        for operation in ("ListUsers", "ListGroups")
        if dice.random() < 0.4
    ]
    arn = dice.choice(organization.permission_sets).arn
    group = dice.choice([*organization.groups]).id
    members = {membership.group_id for membership in organization.memberships}
    account = dice.choice(organization.accounts).id
    pairs = [
        ("DescribePermissionSet", arn),
        ("ListManagedPoliciesInPermissionSet", arn),
        ("ListTagsForResource", arn),
        ("ListAccountsForProvisionedPermissionSet", arn),
        ("ListAccountAssignments", arn),
        ("ListPermissionSetsProvisionedToAccount", account),
        *([("DescribeGroup", group)] if group in members else []),
        *(("DescribeOrganizationalUnit", unit.id) for unit in organization.organizational_units[:1]),
        *(("ListEntitlements", application.arn) for application in organization.applications),
    ]
    faults = [
        Fault("not_found", operation=operation, organization=name, resource=resource)
        for operation, resource in dice.sample(pairs, 2)
    ]
    if account != organization.management_account_id and dice.random() < 0.3:
        faults.append(Fault("unlisted", operation="ListAccounts", organization=name, resource=account))
    return [*refused, *faults]


def _permanent_fault(dice: random.Random, world: World) -> Fault:
    organization = dice.choice(world.organizations)
    first = dice.random() < 0.08
    operation = dice.choice(_FIRST if first else OPERATIONS[3:])
    any_resource = dice.choice(
        (
            None,
            *(group.id for group in organization.groups),
            *(user.id for user in organization.users),
            *(account.id for account in organization.accounts),
            *(permission_set.arn for permission_set in organization.permission_sets),
        )
    )
    resources = {
        "DescribeUser": [user.id for user in organization.users],
        "ListGroupMemberships": [group.id for group in organization.groups],
        "ListAccountAssignments": [account.id for account in organization.accounts],
        "DescribePermissionSet": [permission_set.arn for permission_set in organization.permission_sets],
        "ListAccountAssignmentsForPrincipal": [group.id for group in organization.groups],
    }.get(operation)
    resource = dice.choice((None, dice.choice(resources))) if resources else None
    if any_resource is not None and dice.random() < 0.1:
        operation, resource = "", any_resource
    return Fault(
        dice.choice(PERMANENT),
        operation=operation or None,
        resource=resource,
        organization=dice.choice((None, organization.name)) if operation != "AssumeRole" else None,
        after=dice.choice((0, 0, 0, 1, 3)),
    )
