"""The made-up organizations that the tests audit."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sso_batch.emulator import HUB, World, audit_role, generate
from sso_batch.emulator.world import AccessKey, Organization

EXTERNAL_ID = "marker/external-id:7f3a"
PROFILE_SECRET = "markerprofilesecret0123456789abcdefghijk"

ODDITIES: dict[str, Any] = {
    "users": 25,
    "groups": 8,
    "permission_sets": 6,
    "accounts": 23,
    "pairs": 30,
    "members": 5,
    "orphans": 4,
    "gone_members": 7,
    "empty_groups": 1,
    "bare_pairs": 2,
    "unlisted_users": 3,
    "unlisted_groups": 1,
    "missing_names": 0.2,
    "entitlements": 4,
}
"""Sizes of an organization that has everything an audit can meet."""

SMALL: dict[str, Any] = {"users": 5, "groups": 2, "permission_sets": 2, "accounts": 3, "pairs": 4}


def three_access_paths(seed: int = 11, **sizes: float) -> World:
    """Return three organizations in two Regions: behind a profile, a role, and a role with an external id."""
    world = generate(seed, organizations=3, **(ODDITIES | sizes))
    first, second, third = world.organizations
    key = AccessKey(
        id="AKIAMARKERPROFILE001",
        secret=PROFILE_SECRET,
        user_arn=f"arn:aws:iam::{first.management_account_id}:user/auditor",
        profile="org-0-management",
    )
    roles = (audit_role(second), audit_role(third, external_id=EXTERNAL_ID))
    return World(world.organizations, (HUB, key), roles)


def small(organizations: int = 2) -> World:
    """Return this many small organizations, each behind a role."""
    return generate(5, organizations=organizations, **SMALL)


def denying(world: World, *actions: str) -> World:
    """Return the world with these IAM actions denied to its first role."""
    first, *others = world.roles
    return replace(world, roles=(replace(first, denied=actions), *others))


def locked(world: World, *names: str) -> World:
    """Return the world in which the roles of these organizations trust nobody."""
    accounts = {world.organization(name).management_account_id for name in names}
    roles = [
        replace(role, trusted=()) if role.arn.split(":")[4] in accounts else role for role in world.roles
    ]
    return replace(world, roles=tuple(roles))


def with_profile(name: str, world: World) -> Callable[[str], str]:
    """Return the change to a configuration that replaces the first organization's role by a profile."""
    return lambda text: text.replace(f"role_arn: {world.roles[0].arn}", f"profile: {name}")


def with_first(world: World, first: Organization) -> World:
    """Return the world with another first organization."""
    return replace(world, organizations=(first, *world.organizations[1:]))


def listed_principals(organization: Organization) -> set[str]:
    """Return the ids of the users and groups that ListUsers and ListGroups return."""
    users = {user.id for user in organization.users if user.listed}
    return users | {group.id for group in organization.groups if group.listed}
