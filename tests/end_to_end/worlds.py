"""The made-up organizations that the tests audit."""

from dataclasses import replace
from typing import Any

from sso_batch.emulator import HUB, World, audit_role, generate
from sso_batch.emulator.world import AccessKey

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
"""An organization with everything in it that an audit can meet."""

SMALL: dict[str, Any] = {"users": 5, "groups": 2, "permission_sets": 2, "accounts": 3, "pairs": 4}


def three_ways_in(seed: int = 11, **sizes: float) -> World:
    """Three organizations in two Regions: a profile's, a role's, and one that asks for an external id."""
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
    """So many small organizations, each behind a role."""
    return generate(5, organizations=organizations, **SMALL)


def denying(world: World, *actions: str) -> World:
    """The world, whose first role lacks these IAM actions."""
    first, *others = world.roles
    return replace(world, roles=(replace(first, denied=actions), *others))
