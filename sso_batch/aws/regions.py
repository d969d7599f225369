"""The Regions to use if the configuration names none: the profile's, the environment's, the partition's."""

import contextlib
import os
from collections.abc import Iterator

from botocore.exceptions import BotoCoreError
from botocore.session import Session

from sso_batch.aws.credential_source import configured_partition
from sso_batch.config import Organization
from sso_batch.config.field_types import DEFAULT_REGIONS, is_region, partition_of_arn, partition_of_region


def configured_region(session: Session) -> str | None:
    """Return the Region of the session's environment or profile; the profile's first if one was passed.

    botocore ignores AWS_REGION; other AWS tools do not. Raise BotoCoreError if the profile is unknown.
    """
    own = session.get_scoped_config().get("region")
    environment = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if session.instance_variables().get("profile") is None:
        return environment or own or None
    return own or environment or None


def sts_regions(session: Session, region: str) -> tuple[str, ...]:
    """Return the Regions whose STS can supply credentials that are used in `region`, best first.

    An account can use STS only in Regions that are enabled in it: `region` may be enabled only in the audited
    account, the configured one belongs to the source credentials, and the partition's default is always
    enabled.
    """
    partition = partition_of_region(region)
    regions = [region, DEFAULT_REGIONS[partition]]
    configured = configured_region(session)
    if configured and is_region(configured) and partition_of_region(configured) == partition:
        regions.insert(1, configured)
    return tuple(dict.fromkeys(regions))


def first_region(organization: Organization) -> str:
    """Return the Region to call first: the configured one, or the default of the organization's partition."""
    if organization.region != "auto":
        return organization.region
    return DEFAULT_REGIONS[configured_partition(organization) or _partition(organization.profile)]


def output_region(profile: str | None, role_arn: str | None) -> str:
    """Return the Region of the S3 writer's profile or environment, or the default of the role's partition."""
    session = Session(profile=profile)
    partition = partition_of_arn(role_arn) if role_arn else _partition(profile)
    with contextlib.suppress(BotoCoreError, OSError):  # the connection reports an unknown profile
        configured = configured_region(session)
        if configured and (role_arn is None or partition_of_region(configured) == partition):
            return configured
    return DEFAULT_REGIONS[partition]


def _partition(profile: str | None) -> str:
    """Return the partition that a profile or the environment implies; `aws` by default."""
    with contextlib.suppress(BotoCoreError, OSError):  # likewise
        return next(_partitions(Session(profile=profile)), "aws")
    return "aws"


def _partitions(session: Session) -> Iterator[str]:
    settings = session.get_scoped_config()
    role_arns = [settings.get("role_arn")]
    if session.instance_variables().get("profile") is None:
        role_arns.append(os.environ.get("AWS_ROLE_ARN"))
    sso = session.full_config.get("sso_sessions", {}).get(settings.get("sso_session"), {})
    regions = (configured_region(session), settings.get("sso_region"), sso.get("sso_region"))
    named = [arn.split(":")[1] for arn in role_arns if arn and arn.count(":") > 1]
    yield from (partition for partition in named if partition in DEFAULT_REGIONS)
    yield from (partition_of_region(region) for region in regions if region and is_region(region))
