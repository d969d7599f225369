"""Tests of the Regions to use, by configuration, profile, environment and partition."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.session import Session

from sso_batch.aws.regions import first_region, output_region, sts_regions
from sso_batch.config import Organization
from sso_batch.config.field_types import DEFAULT_REGIONS, partition_of_region

CHINA, EUROPE = "arn:aws-cn:iam::111122223333:role/A", "arn:aws-eusc:iam::111122223333:role/A"

Write = Callable[[str], None]


@pytest.fixture(autouse=True)
def aws_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Hide this machine's AWS settings; return a function that writes the configuration file."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return lambda text: (tmp_path.joinpath("config").write_text(text), None)[1]


def test_every_partition_of_botocore() -> None:
    """Every partition of botocore is known, and each of its Regions belongs to that partition."""
    session = Session()
    partitions = session.get_available_partitions()
    regions = {name: session.get_available_regions("sts", name) for name in partitions}

    assert set(partitions) == set(DEFAULT_REGIONS)
    for partition, names in regions.items():
        assert {partition_of_region(name) for name in names} <= {partition}
        assert session.get_partition_for_region(DEFAULT_REGIONS[partition]) == partition


@pytest.mark.parametrize(
    ("keys", "environ", "config", "region"),
    [
        ({}, {}, "", "us-east-1"),
        ({"region": "eu-west-1"}, {"AWS_REGION": "cn-north-1"}, "", "eu-west-1"),
        ({"role_arn": CHINA}, {"AWS_REGION": "eu-west-1"}, "", "cn-north-1"),
        ({"role_arn": EUROPE}, {}, "", "eusc-de-east-1"),
        ({}, {"AWS_REGION": "us-gov-east-1"}, "", "us-gov-west-1"),
        ({}, {"AWS_DEFAULT_REGION": "us-iso-west-1"}, "", "us-iso-east-1"),
        ({}, {"AWS_ROLE_ARN": EUROPE, "AWS_REGION": "eu-west-1"}, "", "eusc-de-east-1"),
        ({}, {}, "[default]\nregion = cn-northwest-1\n", "cn-north-1"),
        ({}, {"AWS_PROFILE": "p"}, "[profile p]\nregion = us-gov-west-1\n", "us-gov-west-1"),
        ({"profile": "p"}, {"AWS_REGION": "eu-west-1"}, "[profile p]\nregion = cn-north-1\n", "cn-north-1"),
        ({"profile": "p"}, {"AWS_ROLE_ARN": CHINA}, "[profile p]\n", "us-east-1"),
        ({"profile": "p"}, {}, f"[profile p]\nrole_arn = {CHINA}\n", "cn-north-1"),
        ({"profile": "p"}, {}, "[profile p]\nsso_region = eusc-de-east-1\n", "eusc-de-east-1"),
        (
            {"profile": "p"},
            {},
            "[profile p]\nsso_session = s\n[sso-session s]\nsso_region = us-gov-east-1\n",
            "us-gov-west-1",
        ),
        ({"profile": "p"}, {"AWS_REGION": "nonsense"}, "[profile p]\nrole_arn = nonsense\n", "us-east-1"),
        ({"profile": "nobody"}, {}, "", "us-east-1"),
        ({}, {}, "no section\n", "us-east-1"),
    ],
)
def test_first_region(
    monkeypatch: pytest.MonkeyPatch,
    aws_config: Write,
    keys: dict[str, str],
    environ: dict[str, str],
    config: str,
    region: str,
) -> None:
    """The first Region is the configured one, else the default of the partition."""
    aws_config(config)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    assert first_region(Organization.model_validate({"name": "acme", **keys})) == region


@pytest.mark.parametrize(
    ("profile", "environ", "regions"),
    [
        (None, {}, ("eu-south-2", "us-east-1")),
        (None, {"AWS_REGION": "eu-west-3"}, ("eu-south-2", "eu-west-3", "us-east-1")),
        (None, {"AWS_DEFAULT_REGION": "us-east-1"}, ("eu-south-2", "us-east-1")),
        ("p", {"AWS_REGION": "eu-west-3"}, ("eu-south-2", "ca-west-1", "us-east-1")),
        (None, {"AWS_REGION": "cn-north-1"}, ("eu-south-2", "us-east-1")),
        (None, {"AWS_REGION": "nonsense"}, ("eu-south-2", "us-east-1")),
    ],
)
def test_sts_regions(
    monkeypatch: pytest.MonkeyPatch,
    aws_config: Write,
    profile: str | None,
    environ: dict[str, str],
    regions: tuple[str, ...],
) -> None:
    """STS is tried where credentials are used, where they are configured, and where it is always on."""
    aws_config("[profile p]\nregion = ca-west-1\n")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    assert sts_regions(Session(profile=profile), "eu-south-2") == regions


@pytest.mark.parametrize(
    ("profile", "role_arn", "environ", "region"),
    [
        ("p", None, {"AWS_REGION": "eu-west-3"}, "ca-west-1"),
        (None, CHINA, {"AWS_REGION": "eu-west-3"}, "cn-north-1"),
        (None, CHINA, {"AWS_REGION": "cn-northwest-1"}, "cn-northwest-1"),
        (None, EUROPE, {}, "eusc-de-east-1"),
        (None, None, {"AWS_ROLE_ARN": CHINA}, "cn-north-1"),
        ("nobody", None, {}, "us-east-1"),
    ],
)
def test_output_region(
    monkeypatch: pytest.MonkeyPatch,
    aws_config: Write,
    profile: str | None,
    role_arn: str | None,
    environ: dict[str, str],
    region: str,
) -> None:
    """The Region is the profile's or the environment's, if it is in the role's partition."""
    aws_config("[profile p]\nregion = ca-west-1\n")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    assert output_region(profile, role_arn) == region
