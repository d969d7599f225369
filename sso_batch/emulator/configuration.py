"""The configuration with which sso-batch audits a world: YAML file, environment and credentials file."""

import json

from sso_batch.emulator.world import AccessKey, Organization, Role, World


def configuration(world: World, *, directory: str = "reports") -> str:
    """Return the text of an `orgs.yaml` that audits every organization of a world.

    Each uses the first role in its management account, or that account's profile without a role.
    """
    lines = [
        "# Made-up organizations, served by the local emulator; no call reaches AWS.",
        "version: 1",
        "output:",
        f"  directory: {_scalar(directory)}",
        "organizations:",
    ]
    for organization in world.organizations:
        lines += [f"  - name: {organization.name}", *_access(world, organization)]
        lines += [f"    region: {organization.region}", f"    organization_id: {organization.id}"]
    return "\n".join(lines) + "\n"


def environment(world: World, url: str) -> dict[str, str]:
    """Return environment variables that connect an AWS client to a world at `url`, with the hub's key."""
    hub = world.access_keys[0]
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": hub.id,
        "AWS_SECRET_ACCESS_KEY": hub.secret,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def shared_credentials(world: World) -> str:
    """Return the text of an AWS credentials file that contains every key with a profile name."""
    sections = [
        f"[{key.profile}]\naws_access_key_id = {key.id}\naws_secret_access_key = {key.secret}\n"
        for key in world.access_keys
        if key.profile
    ]
    return "\n".join(sections)


def _access(world: World, organization: Organization) -> list[str]:
    role = _in_account(world.roles, organization)
    if role:
        external_id = [f"    external_id: {_scalar(role.external_id)}"] if role.external_id else []
        return [f"    role_arn: {role.arn}", *external_id]
    key = _key_in_account(world.access_keys, organization)
    return [f"    profile: {_scalar(key.profile)}"] if key and key.profile else []


def _in_account(roles: tuple[Role, ...], organization: Organization) -> Role | None:
    return next(
        (role for role in roles if role.arn.split(":")[4] == organization.management_account_id), None
    )


def _key_in_account(keys: tuple[AccessKey, ...], organization: Organization) -> AccessKey | None:
    return next(
        (key for key in keys if key.user_arn.split(":")[4] == organization.management_account_id), None
    )


def _scalar(text: str) -> str:
    """Return text as a YAML scalar; JSON strings are valid YAML."""
    return json.dumps(text)
