"""China, GovCloud, and an account to which IAM Identity Center is delegated."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sso_batch.config.field_types import DEFAULT_REGIONS
from sso_batch.emulator import World
from sso_batch.emulator.demo_data import lumen_games
from sso_batch.emulator.world import Organization
from sso_batch.emulator.world.builder import OrganizationBuilder
from sso_batch.emulator.world.hub import HUB, audit_role
from tests.end_to_end.conftest import Audit
from tests.end_to_end.test_s3 import S3, URL, s3
from tests.support.oracle import expected_rows

__all__ = ["s3"]

EVERYTHING = "\ncollect: {strategy: STRATEGY}\n"


def founded(partition: str, region: str) -> Organization:
    """Found a small organization in a partition."""
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
    plans.permission_set("View", managed=("job-function/ViewOnlyAccess",))
    plans.assign("View", "GROUP", "people", "111122220010", "111122220009")
    plans.assign("View", "USER", "ann", "111122220010")
    return plans.build()


@pytest.mark.parametrize("auto", [False, True])
@pytest.mark.parametrize(
    ("partition", "region"), [("aws-us-gov", "us-gov-east-1"), ("aws-cn", "cn-northwest-1")]
)
def test_other_partitions(audit: Audit, partition: str, region: str, *, auto: bool) -> None:
    """Other partitions than `aws` are audited whole, and account access is told as not examined there."""
    organization = founded(partition, region)
    hub = replace(HUB, user_arn=HUB.user_arn.replace("arn:aws:", f"arn:{partition}:"))
    world = World((organization,), (hub,), (audit_role(organization, trusted=(hub.user_arn,)),))
    written = f"region: {region}"

    reports = audit(
        world,
        settings=EVERYTHING.replace("STRATEGY", "complete"),
        config=lambda text: text.replace(written, "region: auto") if auto else text,
    )

    assert reports.ended.code == 0, reports.gaps("far-away")
    told = reports.organization("far-away")
    assert (told["region"], told["instance_arn"]) == (region, organization.instance_arn)
    assert "account-access entitlements" in told["not_examined"]
    assert not [operation for _, operation in reports.calls if operation == "ListApplications"]
    assert reports.rows("far-away") == expected_rows(
        world, "far-away", details=True, entitlements=True, account_paths=True
    )


@pytest.mark.parametrize("strategy", ["complete", "fastest"])
def test_a_delegated_administrator(audit: Audit, strategy: str) -> None:
    """From the delegated account all grants are read, though the call by principal is refused there."""
    studio = lumen_games.build()
    management = audit_role(studio)
    delegated = replace(management, arn=management.arn.replace(lumen_games.MANAGEMENT, lumen_games.STAGING))
    world = World((studio,), (HUB,), (delegated,))

    reports = audit(
        world,
        settings=EVERYTHING.replace("STRATEGY", strategy),
        config=lambda text: text.replace(
            "  - name: lumen-games\n", f"  - name: lumen-games\n    role_arn: {delegated.arn}\n"
        ).replace("output:", "output:\n  escape_formulas: false"),
    )

    assert reports.ended.code == 0, reports.gaps("lumen-games")
    told = reports.organization("lumen-games")
    assert told["management_account_id"] == lumen_games.MANAGEMENT
    assert f"::{lumen_games.STAGING}:" in told["caller_arn"]
    assert reports.rows("lumen-games") == expected_rows(
        world, "lumen-games", details=True, entitlements=False, account_paths=True
    )
    assert "account-access applications in other accounts" in told["not_examined"]


HOMES = [
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
def member(home: Path) -> Callable[[World, str], None]:
    """Write a profile `far` with the first key of a world, and further settings."""

    def write(world: World, settings: str) -> None:
        key = world.access_keys[0]
        (home / "aws-config").write_text(
            f"[profile keys]\naws_access_key_id = {key.id}\naws_secret_access_key = {key.secret}\n"
            f"[profile far]\n{settings}\n"
        )

    return write


def own_keys(partition: str, region: str, *disabled_regions: str) -> World:
    """Found an organization whose management account the key belongs to; no other partition knows it."""
    others = (default for other, default in DEFAULT_REGIONS.items() if other != partition)
    organization = founded(partition, region)
    user = f"arn:{partition}:iam::{organization.management_account_id}:user/auditor"
    hub = replace(HUB, user_arn=user, disabled_regions=(*others, *disabled_regions))
    return World((organization,), (hub,), (audit_role(organization, trusted=(user,)),))


def entry(world: World, *, region: str = "auto", access: str = "") -> Callable[[str], str]:
    """Write the one organization with another access, and another Region."""
    (organization,), (role,) = world.organizations, world.roles
    return lambda text: text.replace(f"    role_arn: {role.arn}\n", access).replace(
        f"region: {organization.region}", f"region: {region}"
    )


@pytest.mark.parametrize("said", ["profile", "AWS_REGION", "AWS_DEFAULT_REGION", "sso_region"])
@pytest.mark.parametrize(("partition", "region"), HOMES)
def test_the_partition_that_is_configured(
    audit: Audit, member: Callable[[World, str], None], partition: str, region: str, said: str
) -> None:
    """`region: auto` asks in the partition that the profile or the environment names."""
    world = own_keys(partition, region)
    setting = {"profile": f"region = {region}", "sso_region": f"sso_region = {region}"}.get(said, "")
    keys = world.access_keys[0]
    member(world, f"aws_access_key_id = {keys.id}\naws_secret_access_key = {keys.secret}\n{setting}")

    reports = audit(
        world,
        settings=EVERYTHING.replace("STRATEGY", "complete"),
        config=entry(world, access="    profile: far\n"),
        environ={said: region} if said.startswith("AWS_") else {},
    )

    assert reports.ended.code == 0, reports.gaps("far-away")
    assert reports.organization("far-away")["region"] == region


@pytest.mark.parametrize(("partition", "region"), HOMES)
def test_a_role_of_any_partition(audit: Audit, partition: str, region: str) -> None:
    """`region: auto` asks in the role's partition, whatever it is."""
    world = own_keys(partition, region)
    role = f"    role_arn: {world.roles[0].arn}\n"

    reports = audit(
        world,
        settings=EVERYTHING.replace("STRATEGY", "complete"),
        config=entry(world, access=role),
    )

    assert reports.ended.code == 0, reports.gaps("far-away")


@pytest.mark.parametrize(
    ("partition", "region"), [("aws", "eu-south-2"), ("aws-us-gov", "us-gov-east-1"), ("aws", "il-central-1")]
)
@pytest.mark.parametrize("access", ["role", "source profile", "profile"])
def test_a_region_that_the_hub_has_not_enabled(
    audit: Audit, member: Callable[[World, str], None], partition: str, region: str, access: str
) -> None:
    """A role is assumed where the hub is known, if the instance's Region is not enabled in its account."""
    world = own_keys(partition, region, region)
    role = world.roles[0].arn
    member(world, f"role_arn = {role}\nsource_profile = keys")
    written = {
        "role": f"    role_arn: {role}\n",
        "source profile": f"    role_arn: {role}\n    source_profile: keys\n",
        "profile": "    profile: far\n",
    }[access]

    reports = audit(
        world,
        settings=EVERYTHING.replace("STRATEGY", "complete"),
        config=entry(world, region=region, access=written),
    )

    assert reports.ended.code == 0, reports.gaps("far-away")
    assert "::111122220009:assumed-role/" in reports.organization("far-away")["caller_arn"]


@pytest.mark.parametrize("access", ["role", "profile"])
def test_the_regions_are_named(audit: Audit, member: Callable[[World, str], None], access: str) -> None:
    """Keys that STS knows nowhere fail the organization, with every Region that was asked."""
    world = own_keys("aws", "eu-south-2", "eu-south-2", "eu-west-3", "us-east-1")
    role = world.roles[0].arn
    member(world, f"role_arn = {role}\nsource_profile = keys")

    reports = audit(
        world,
        config=entry(
            world,
            region="eu-south-2",
            access=f"    role_arn: {role}\n" if access == "role" else "    profile: far\n",
        ),
        environ={"AWS_REGION": "eu-west-3"},
    )

    assert reports.ended.code == 5
    gap = reports.gap("far-away")
    assert gap["operation"] == "AssumeRole"
    assert gap["message"].endswith("(STS was asked in eu-south-2, eu-west-3, us-east-1)")


@pytest.mark.parametrize("access", ["role", "profile"])
def test_a_writer_in_a_region_that_the_hub_has_not_enabled(
    audit: Audit, s3: S3, member: Callable[[World, str], None], access: str
) -> None:
    """The role that writes is assumed where the hub is known, too."""
    world = own_keys("aws", "eu-west-1", "eu-south-2")
    role = world.roles[0].arn
    member(world, f"role_arn = {role}\nsource_profile = keys")
    writes = f"role_arn: {role}" if access == "role" else "profile: far"

    def into_bucket(text: str) -> str:
        lines = text.splitlines()
        at = next(number for number, line in enumerate(lines) if line.strip().startswith("directory:"))
        lines[at : at + 1] = [f"  directory: {URL}", f"  {writes}", "  region: eu-south-2"]
        return "\n".join(lines) + "\n"

    ended = audit(world, settings=EVERYTHING.replace("STRATEGY", "complete"), config=into_bucket).ended

    assert ended.code == 0, ended.stderr
    assert s3.contents()
