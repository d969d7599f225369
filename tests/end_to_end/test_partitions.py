"""Other partitions than `aws`, Regions that are not enabled, and delegated administrator accounts."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sso_batch.config.field_types import DEFAULT_REGIONS
from sso_batch.emulator import World
from sso_batch.emulator.demo_data import lumen_games
from sso_batch.emulator.world import Organization
from sso_batch.emulator.world.builder import HUB, OrganizationBuilder, audit_role
from tests.support.audits import Audit
from tests.support.expected_reports import whole_truth, without_privilege
from tests.support.moto_s3 import S3, output_in_bucket
from tests.support.oracle import expected_rows

DEFAULTS = "\ncollect: {strategy: complete}\n"
"""Reads everything, as the defaults do."""


def organization_in(partition: str, region: str) -> Organization:
    """Return a small organization in a partition."""
    plans = OrganizationBuilder(
        "far-away",
        management_account_id="111122220009",
        region=region,
        domain="far.example",
        partition=partition,
    )
    plans.account("work", "111122220010", "Unit")
    plans.group("people")
    plans.user("ann", "Ann Lee", groups=("people",))
    plans.permission_set("View", managed=("job-function/Billing",))
    plans.assign("View", "GROUP", "people", "111122220010", "111122220009")
    plans.assign("View", "USER", "ann", "111122220010")
    return plans.build()


@pytest.mark.parametrize("auto", [False, True])
@pytest.mark.parametrize(
    ("partition", "region"), [("aws-us-gov", "us-gov-east-1"), ("aws-cn", "cn-northwest-1")]
)
def test_other_partitions(audit: Audit, partition: str, region: str, *, auto: bool) -> None:
    """Other partitions are audited completely; account access does not exist there and is not examined."""
    organization = organization_in(partition, region)
    hub = replace(HUB, user_arn=HUB.user_arn.replace("arn:aws:", f"arn:{partition}:"))
    world = World((organization,), (hub,), (audit_role(organization, trusted=(hub.user_arn,)),))
    written = f"region: {region}"

    reports = audit(
        world,
        settings=DEFAULTS,
        config=lambda text: text.replace(written, "region: auto") if auto else text,
    )

    assert reports.ended.code == 0, reports.gaps("far-away")
    entry = reports.organization("far-away")
    assert (entry["region"], entry["instance_arn"]) == (region, organization.instance_arn)
    assert "account-access entitlements" in entry["not_examined"]
    assert not [operation for _, operation in reports.calls if operation == "ListApplications"]
    assert reports.rows("far-away") == whole_truth(world, "far-away")


@pytest.mark.parametrize("strategy", ["complete", "fastest"])
def test_a_delegated_administrator(audit: Audit, strategy: str) -> None:
    """From a delegated account all assignments are read, although AWS refuses the call by principal there."""
    studio = lumen_games()
    (administrator,) = studio.delegated_administrators
    management = audit_role(studio)
    arn = management.arn.replace(studio.management_account_id, administrator)
    delegated = replace(management, arn=arn)
    world = World((studio,), (HUB,), (delegated,))

    reports = audit(
        world,
        settings=f"\ncollect: {{strategy: {strategy}}}\n",
        config=lambda text: text.replace(
            "  - name: lumen-games\n", f"  - name: lumen-games\n    role_arn: {delegated.arn}\n"
        ).replace("output:", "output:\n  escape_formulas: false"),
    )

    assert reports.ended.code == 0, reports.gaps("lumen-games")
    entry = reports.organization("lumen-games")
    assert entry["management_account_id"] == studio.management_account_id
    assert f"::{administrator}:" in entry["caller_arn"]
    expected = expected_rows(world, "lumen-games", details=True, entitlements=False, account_paths=True)
    assert without_privilege(reports.rows("lumen-games")) == without_privilege(expected)
    assert "account-access applications in other accounts" in entry["not_examined"]


PARTITIONS_AND_REGIONS = [
    ("aws", "eu-south-2"),
    ("aws-us-gov", "us-gov-west-1"),
    ("aws-cn", "cn-north-1"),
    ("aws-eusc", "eusc-de-east-1"),
    ("aws-iso", "us-iso-west-1"),
    ("aws-iso-b", "us-isob-east-1"),
    ("aws-iso-e", "eu-isoe-west-1"),
    ("aws-iso-f", "us-isof-south-1"),
]


@pytest.fixture
def write_profiles(home: Path) -> Callable[[World, str], None]:
    """Return what writes the profiles `keys`, with a world's first key, and `far`, with other settings."""

    def write(world: World, settings: str) -> None:
        key = world.access_keys[0]
        (home / "aws-config").write_text(
            f"[profile keys]\naws_access_key_id = {key.id}\naws_secret_access_key = {key.secret}\n"
            f"[profile far]\n{settings}\n"
        )

    return write


def world_with_key(partition: str, region: str, *disabled_regions: str) -> World:
    """Return an organization whose management account has the key, which no other partition knows."""
    others = (default for other, default in DEFAULT_REGIONS.items() if other != partition)
    organization = organization_in(partition, region)
    user = f"arn:{partition}:iam::{organization.management_account_id}:user/auditor"
    hub = replace(HUB, user_arn=user, disabled_regions=(*others, *disabled_regions))
    return World((organization,), (hub,), (audit_role(organization, trusted=(user,)),))


def with_access(world: World, *, region: str = "auto", access: str = "") -> Callable[[str], str]:
    """Return the change to a configuration that gives the organization another access path and Region."""
    (organization,), (role,) = world.organizations, world.roles
    return lambda text: text.replace(f"    role_arn: {role.arn}\n", access).replace(
        f"region: {organization.region}", f"region: {region}"
    )


@pytest.mark.parametrize("source", ["profile", "AWS_REGION", "AWS_DEFAULT_REGION", "sso_region"])
@pytest.mark.parametrize(("partition", "region"), PARTITIONS_AND_REGIONS)
def test_region_auto_in_the_configured_partition(
    audit: Audit, write_profiles: Callable[[World, str], None], partition: str, region: str, source: str
) -> None:
    """`region: auto` searches the partition that the profile or the environment names."""
    world = world_with_key(partition, region)
    setting = {"profile": f"region = {region}", "sso_region": f"sso_region = {region}"}.get(source, "")
    keys = world.access_keys[0]
    write_profiles(world, f"aws_access_key_id = {keys.id}\naws_secret_access_key = {keys.secret}\n{setting}")

    reports = audit(
        world,
        settings=DEFAULTS,
        config=with_access(world, access="    profile: far\n"),
        environ={source: region} if source.startswith("AWS_") else {},
    )

    assert reports.ended.code == 0, reports.gaps("far-away")
    assert reports.organization("far-away")["region"] == region


@pytest.mark.parametrize(("partition", "region"), PARTITIONS_AND_REGIONS)
def test_region_auto_in_the_partition_of_the_role(audit: Audit, partition: str, region: str) -> None:
    """`region: auto` searches the role's partition."""
    world = world_with_key(partition, region)
    role = f"    role_arn: {world.roles[0].arn}\n"

    reports = audit(
        world,
        settings=DEFAULTS,
        config=with_access(world, access=role),
    )

    assert reports.ended.code == 0, reports.gaps("far-away")


@pytest.mark.parametrize(
    ("partition", "region"), [("aws", "eu-south-2"), ("aws-us-gov", "us-gov-east-1"), ("aws", "il-central-1")]
)
@pytest.mark.parametrize("access", ["role", "source profile", "profile"])
def test_the_instances_region_is_not_enabled_in_the_hub(
    audit: Audit, write_profiles: Callable[[World, str], None], partition: str, region: str, access: str
) -> None:
    """If the hub account has not enabled the instance's Region, the role is assumed in another Region."""
    world = world_with_key(partition, region, region)
    role = world.roles[0].arn
    write_profiles(world, f"role_arn = {role}\nsource_profile = keys")
    written = {
        "role": f"    role_arn: {role}\n",
        "source profile": f"    role_arn: {role}\n    source_profile: keys\n",
        "profile": "    profile: far\n",
    }[access]

    reports = audit(
        world,
        settings=DEFAULTS,
        config=with_access(world, region=region, access=written),
    )

    assert reports.ended.code == 0, reports.gaps("far-away")
    assert "::111122220009:assumed-role/" in reports.organization("far-away")["caller_arn"]


@pytest.mark.parametrize("access", ["role", "profile"])
def test_keys_that_no_region_knows(
    audit: Audit, write_profiles: Callable[[World, str], None], access: str
) -> None:
    """Keys that STS knows in no Region fail the organization, and every Region tried is named."""
    world = world_with_key("aws", "eu-south-2", "eu-south-2", "eu-west-3", "us-east-1")
    role = world.roles[0].arn
    write_profiles(world, f"role_arn = {role}\nsource_profile = keys")

    reports = audit(
        world,
        config=with_access(
            world,
            region="eu-south-2",
            access=f"    role_arn: {role}\n" if access == "role" else "    profile: far\n",
        ),
        environ={"AWS_REGION": "eu-west-3"},
    )

    assert reports.ended.code == 5
    gap = reports.gap("far-away")
    assert gap["operation"] == "AssumeRole"
    assert "eu-south-2, eu-west-3, us-east-1" in gap["message"]


@pytest.mark.parametrize("access", ["role", "profile"])
def test_the_outputs_region_is_not_enabled_in_the_hub(
    audit: Audit, s3: S3, write_profiles: Callable[[World, str], None], access: str
) -> None:
    """The role for the output place is assumed in a Region that the hub account has enabled, too."""
    world = world_with_key("aws", "eu-west-1", "eu-south-2")
    role = world.roles[0].arn
    write_profiles(world, f"role_arn = {role}\nsource_profile = keys")
    credentials = f"role_arn: {role}" if access == "role" else "profile: far"
    into_bucket = output_in_bucket(credentials, "region: eu-south-2")

    ended = audit(world, settings=DEFAULTS, config=into_bucket).ended

    assert ended.code == 0, ended.stderr
    assert s3.contents()
