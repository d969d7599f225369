"""The generator of worlds for tests and benchmarks; the same seed gives the same world."""

import random
from dataclasses import dataclass, fields
from itertools import product

from sso_batch.emulator.world import (
    Organization,
    PersonName,
    PolicyReference,
    PrincipalType,
    Profile,
    World,
)
from sso_batch.emulator.world.builder import HUB, OrganizationBuilder, audit_role
from sso_batch.emulator.world.identifiers import digest
from sso_batch.emulator.world.provenance import SCIM, external_id, provisioned, session

REGIONS = ("eu-west-1", "us-east-1")
_AUTHORS = (None, session("Administrator", "ada"), session("Deployment", "pipeline"), *[SCIM] * 5)


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of an organization, and the number of its special cases.

    `pairs` counts provisioned pairs of an account and a permission set, each with 1 to `principals` assigned
    principals. `direct` is the share of users among them. Shares are between 0 and 1; all others are counts.
    """

    users: int = 20
    groups: int = 6
    permission_sets: int = 4
    accounts: int = 8
    pairs: int = 16
    members: int = 8
    principals: int = 3
    direct: float = 0.5
    orphans: int = 0
    gone_members: int = 0
    empty_groups: int = 0
    bare_pairs: int = 0
    unlisted_users: int = 0
    unlisted_groups: int = 0
    missing_names: float = 0.0
    entitlements: int = 0
    units: int = 4
    applications: int = 0


SIZES = tuple(field.name for field in fields(Shape) if field.type is int)


def generate(seed: int = 0, *, organizations: int = 1, shape: Shape | None = None, **sizes: float) -> World:
    """Return a world of similar organizations, `org-0` and so on, whose audit roles trust the hub.

    `sizes` are fields of `Shape`, as an alternative to `shape`.
    """
    size = shape or Shape(**sizes)  # type: ignore[arg-type] # counts are integers, shares are floats
    built = tuple(
        _organization(f"org-{number}", number, size, random.Random(f"{seed} {number}"))  # noqa: S311 - not secrets
        for number in range(organizations)
    )
    return World(built, (HUB,), tuple(audit_role(organization) for organization in built))


def _organization(name: str, number: int, shape: Shape, dice: random.Random) -> Organization:
    builder = OrganizationBuilder(
        name,
        management_account_id=_account_id(number, 0),
        region=REGIONS[number % len(REGIONS)],
        domain=f"{name}.example.com",
    )
    accounts = _add_accounts(builder, number, shape)
    users, groups = _add_principals(builder, shape, dice)
    permission_sets = _add_permission_sets(builder, shape)
    pairs = dice.sample(list(product(permission_sets, accounts)), shape.pairs + shape.bare_pairs)
    for permission_set, account_id in pairs[shape.pairs :]:
        builder.provision(permission_set, account_id, latest=False)
    for permission_set, account_id in pairs[: shape.pairs]:
        for _ in range(dice.randint(1, shape.principals)):
            kind, principal = _draw(users, groups, shape, dice)
            builder.assign(permission_set, kind, principal, account_id)
    for orphan in range(shape.orphans):
        permission_set, account_id = pairs[dice.randrange(shape.pairs)]
        builder.assign(permission_set, ("USER", "GROUP")[orphan % 2], f"deleted-{orphan}", account_id)
    for _ in range(shape.entitlements):
        kind, principal = _draw(users, groups, shape, dice)
        builder.entitle(kind, principal, f"operations/Role{dice.randrange(9)}", dice.choice(accounts))
    _add_applications(builder, (users, groups), accounts, shape, dice)
    return provisioned(builder.build(), _author)


def _author(object_id: str) -> str | None:
    """Return the author of an object: mostly SCIM, sometimes a person or a pipeline, or none."""
    return _AUTHORS[int(digest(2, object_id, "author"), 16) % len(_AUTHORS)]


def _account_id(organization: int, number: int) -> str:
    """Return an account id with leading zeros that does not look like a real one."""
    return f"00{organization + 1:04d}{number:06d}"


def _add_accounts(builder: OrganizationBuilder, organization: int, shape: Shape) -> list[str]:
    accounts = [builder.management_account_id]
    for number in range(1, shape.accounts):
        unit = number % (shape.units + 1)
        path = (("Workloads", f"Unit {unit}") if unit % 2 else (f"Unit {unit}",)) if unit else ()
        accounts.append(builder.account(f"account-{number:05d}", _account_id(organization, number), *path))
    return accounts


def _add_principals(
    builder: OrganizationBuilder, shape: Shape, dice: random.Random
) -> tuple[list[str], list[str]]:
    users = [f"user-{number:05d}" for number in range(shape.users)]
    for number, user in enumerate(users):
        unnamed = dice.random() < shape.missing_names
        builder.user(
            user,
            None if unnamed else f"User {number:05d}",
            email=None if unnamed else "",
            name=PersonName(given="Only", family="Parts") if unnamed and number % 2 else None,
            listed=number >= shape.unlisted_users,
            profile=_profile(builder, number),
        )
    groups = [f"group-{number:04d}" for number in range(shape.groups)]
    for number, group in enumerate(groups):
        builder.group(group, listed=number >= shape.unlisted_groups)
        if number < shape.groups - shape.empty_groups:
            for user in dice.sample(users, min(shape.members, len(users))):
                builder.member(group, user)
    for number in range(shape.gone_members):
        builder.member(groups[number % (shape.groups - shape.empty_groups)], f"gone-{number}")
    return users, groups


def _profile(builder: OrganizationBuilder, number: int) -> Profile:
    """Return the attributes of a user: of every third user none, of others in each form that AWS may use.

    Every third user's manager is the user before, by login, external id or email address.
    """
    if number % 3 == 0:
        return Profile()
    login = f"user-{number - 1:05d}"
    user_id = builder.principal_id("USER", login)
    managers = (
        login,
        {"value": external_id(builder.store_id, user_id)[0].id, "displayName": f"User {number - 1:05d}"},
        {"Name": f"User {number - 1:05d}", "UserName": login},
        f"{login}@{builder.domain}",
        {"value": user_id},
    )
    enterprise = {
        "department": f"Department {number % 7}",
        "division": f"Division {number % 3}",
        "costCenter": f"{number % 100:04}",
        "employeeNumber": f"{number:08}",
        "manager": managers[number % len(managers)],
    }
    return Profile(
        title=f"Title {number % 11}",
        user_type="Employee" if number % 5 else "Contractor",
        extensions=enterprise
        if number % 2
        else {name[0].upper() + name[1:]: value for name, value in enterprise.items()},
    )


def _add_permission_sets(builder: OrganizationBuilder, shape: Shape) -> list[str]:
    names = [f"PermissionSet{number:04d}" for number in range(shape.permission_sets)]
    for number, name in enumerate(names):
        builder.permission_set(
            name,
            session_duration=f"PT{number % 12 + 1}H",
            managed=("ReadOnlyAccess", "job-function/Billing")[: number % 3],
            customer_managed=(PolicyReference("Guard", "/teams/"), PolicyReference("Base"))[: number % 2 * 2],
            inline='{"Version": "2012-10-17", "Statement": []}' if number % 4 == 1 else None,
            boundary=(None, "PowerUserAccess", PolicyReference("Boundary", "/security/"))[number % 3],
        )
    return names


def _add_applications(
    builder: OrganizationBuilder,
    principals: tuple[list[str], list[str]],
    accounts: list[str],
    shape: Shape,
    dice: random.Random,
) -> None:
    """Add applications: each fourth is open to all, each fifth disabled, each sixth not assigned.

    Drawn last, so that the rest of the organization is the same with and without them.
    """
    for number in range(shape.applications):
        assigned: dict[PrincipalType, list[str]] = {"USER": [], "GROUP": []}
        for _ in range(dice.randint(1, shape.principals) if number % 6 != 5 else 0):  # noqa: PLR2004
            kind, principal = _draw(*principals, shape, dice)
            assigned[kind].append(principal)
        if number % 6 != 5 and number < shape.orphans:  # noqa: PLR2004
            assigned[("USER", "GROUP")[number % 2]].append(f"deleted-{number}")
        builder.sso_application(
            f"application-{number:04d}",
            provider=("custom", "custom-saml", "redshift")[number % 3],
            owner_account_id=dice.choice(accounts) if number % 2 else None,
            status="DISABLED" if number % 5 == 4 else "ENABLED",  # noqa: PLR2004
            assignment_required=number % 4 != 3,  # noqa: PLR2004
            users=dict.fromkeys(assigned["USER"]),
            groups=dict.fromkeys(assigned["GROUP"]),
        )


def _draw(
    users: list[str], groups: list[str], shape: Shape, dice: random.Random
) -> tuple[PrincipalType, str]:
    if not groups or (users and dice.random() < shape.direct):
        return "USER", dice.choice(users)
    return "GROUP", dice.choice(groups)
