"""Tests of the configuration for a world."""

from dataclasses import replace

import yaml

from sso_batch.emulator import configuration, demo_world, generate, shared_credentials
from sso_batch.emulator.world import AccessKey


def test_the_demo_configuration_covers_every_organization() -> None:
    """Each entry has a role, the Region of the instance, and an external id if the role requires one."""
    world = demo_world(with_failure=True)

    written = yaml.safe_load(configuration(world, directory="a: b"))

    assert written["version"] == 1
    assert written["output"] == {"directory": "a: b"}
    assert written["organizations"][1] == {
        "name": "ostsee-logistik",
        "role_arn": "arn:aws:iam::333344440001:role/SsoBatchAudit",
        "external_id": "hafen-42/ostsee",
        "region": "eu-central-1",
        "organization_id": world.organizations[1].id,
    }
    assert [organization["name"] for organization in written["organizations"]] == [
        organization.name for organization in world.organizations
    ]
    assert [organization.get("external_id") for organization in written["organizations"]].count(None) == 4


def test_an_organization_without_a_role_uses_a_profile() -> None:
    """A key in the management account provides the profile and the credentials file."""
    world = generate(1, organizations=2)
    account = world.organizations[0].management_account_id
    key = AccessKey("AKIAOWN", "own-secret", f"arn:aws:iam::{account}:user/admin", profile="org-0-admin")
    world = replace(world, roles=(), access_keys=(*world.access_keys, key))

    written = yaml.safe_load(configuration(world))["organizations"]

    assert written[0]["profile"] == "org-0-admin"
    assert "profile" not in written[1]
    assert shared_credentials(world) == (
        "[org-0-admin]\naws_access_key_id = AKIAOWN\naws_secret_access_key = own-secret\n"
    )
