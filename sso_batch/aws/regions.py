"""The Regions to ask where the file names none: the profile's, the environment's, the partition's."""

import contextlib
import os
from collections.abc import Iterator

from botocore.exceptions import BotoCoreError
from botocore.session import Session

from sso_batch.config import Organization
from sso_batch.config.field_types import DEFAULT_REGIONS, is_region, partition_of_arn, partition_of_region


def configured_region(session: Session) -> str | None:
    """Return the Region of the session's profile or environment; the profile's first if it was named to us.

    botocore ignores AWS_REGION; other AWS tools do not. Raises BotoCoreError where the profile is unknown.
    """
    own = session.get_scoped_config().get("region")
    environment = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if session.instance_variables().get("profile") is None:
        return environment or own or None
    return own or environment or None


def sts_regions(session: Session, region: str) -> tuple[str, ...]:
    """Return the Regions whose STS can be asked for credentials that are used in `region`, best first.

    An account can use STS only in Regions that are enabled in it: `region` may be enabled in the audited
    account alone, the configured one is the source credentials' own, the partition's default is never off.
    """
    partition = partition_of_region(region)
    regions = [region, DEFAULT_REGIONS[partition]]
    configured = configured_region(session)
    if configured and is_region(configured) and partition_of_region(configured) == partition:
        regions.insert(1, configured)
    return tuple(dict.fromkeys(regions))


def first_region(organization: Organization) -> str:
    """Return the Region to ask first: the organization's own, or one of its partition that finds it."""
    if organization.region != "auto":
        return organization.region
    if organization.role_arns:
        return DEFAULT_REGIONS[partition_of_arn(organization.role_arns[0])]
    return DEFAULT_REGIONS[_partition(organization.profile)]


def writer_region(profile: str | None, role_arn: str | None) -> str:
    """Return the Region of the S3 writer's profile or environment, or any of the role's partition."""
    session = Session(profile=profile)
    partition = partition_of_arn(role_arn) if role_arn else _partition(profile)
    with contextlib.suppress(BotoCoreError, OSError):  # the connection reports an unknown profile
        configured = configured_region(session)
        if configured and (role_arn is None or partition_of_region(configured) == partition):
            return configured
    return DEFAULT_REGIONS[partition]


def _partition(profile: str | None) -> str:
    """Return the partition of what a profile or the environment names; aws where nothing tells."""
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
