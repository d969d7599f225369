"""Which instance of IAM Identity Center is the organization's own, and in which Region."""

from sso_batch.aws.api import ListedInstance, OrganizationApi
from sso_batch.aws.exceptions import AwsFailure
from sso_batch.errors import OrganizationError
from sso_batch.model import Gap, GapKind, Instance, Subject

_ACTIVE = frozenset({"ACTIVE", ""})  # where AWS gives no status, the instance counts as active
_FAILED = "CREATE_FAILED"


async def find_instance(
    api: OrganizationApi, region: str | None, *, expected_organization: str | None, gaps: list[Gap]
) -> Instance:
    """The organization's instance, whose primary Region must be `region`; None finds that Region.

    Raises OrganizationError where there is none. Not to know the organization is a gap, no more.
    """
    try:
        caller_arn = await api.caller_arn()
    except AwsFailure as failure:
        raise unreachable(failure) from None
    organization_id, management_account_id = await _organization(api, gaps)
    if expected_organization and organization_id and organization_id != expected_organization:
        raise OrganizationError(
            f"the organization {organization_id} answers, and not {expected_organization}",
            code="WrongOrganization",
            operation="DescribeOrganization",
            hint=f"mend organization_id, or the credentials: they are those of {caller_arn}",
        )
    listed = await _instances(api, all_regions=region is None)
    chosen = _choose(listed, management_account_id, region)
    if chosen is None or chosen.status not in _ACTIVE:
        anywhere = listed if region is None else await _instances(api, all_regions=True)
        elsewhere = _choose(anywhere, management_account_id, region)
        if chosen is None or (elsewhere is not None and elsewhere.status in _ACTIVE):
            raise _not_here(region, listed, elsewhere, management_account_id)
        raise _not_active(_own(listed, management_account_id))
    _refuse_several(_own(listed, management_account_id), region)
    primary = chosen.primary_region or region
    if primary is None or (region is not None and primary != region):
        raise _wrong_region(region, chosen)
    return Instance(
        arn=chosen.arn,
        identity_store_id=chosen.identity_store_id,
        region=primary,
        organization_id=organization_id,
        management_account_id=management_account_id,
        caller_arn=caller_arn,
    )


def unreachable(failure: AwsFailure) -> OrganizationError:
    """The failure of a call without which nothing can be read."""
    return OrganizationError(
        failure.message, code=failure.code, operation=failure.operation, hint=failure.hint
    )


async def _organization(api: OrganizationApi, gaps: list[Gap]) -> tuple[str | None, str | None]:
    try:
        return await api.organization()
    except AwsFailure as failure:
        gaps.append(failure.gap(Subject(GapKind.ORGANIZATION_DETAILS, "organization")))
        return None, None


async def _instances(api: OrganizationApi, *, all_regions: bool) -> list[ListedInstance]:
    try:
        return await api.instances(all_regions=all_regions)
    except AwsFailure as failure:
        raise unreachable(failure) from None


def _own(listed: list[ListedInstance], management_account_id: str | None) -> list[ListedInstance]:
    """The organization's own: the management account owns them. Account instances are other accounts'.

    Where the management account is not known, all of them, provided that they have one owner.
    """
    if management_account_id is None:
        return listed if len({one.owner_account_id for one in listed}) == 1 else []
    return [one for one in listed if one.owner_account_id == management_account_id]


def _choose(
    listed: list[ListedInstance], management_account_id: str | None, region: str | None
) -> ListedInstance | None:
    """The organization's instance: the active one, since AWS lists others while it creates or deletes them.

    Of several active ones, the one whose primary Region is `region`.
    """
    own = _own(listed, management_account_id)
    return min(
        own, key=lambda one: (one.status not in _ACTIVE, one.primary_region not in {region, ""}), default=None
    )


def _refuse_several(own: list[ListedInstance], region: str | None) -> None:
    """Raise OrganizationError where another active instance would be left out without a word."""
    here = [one for one in own if region is None or one.primary_region in {region, ""}]
    active = sorted({one.arn for one in here if one.status in _ACTIVE})
    if len(active) > 1:
        raise OrganizationError(
            f"several instances of the organization are active: {', '.join(active)}",
            code="SeveralInstances",
            operation="ListInstances",
            hint="write one entry for each instance, with the instance's primary Region as `region`",
        )


def _not_active(own: list[ListedInstance]) -> OrganizationError:
    statuses = {one.status for one in own}
    hint = "wait until AWS has created or deleted the instance, and run again"
    if statuses == {_FAILED}:
        hint = "enable IAM Identity Center again in the management account: AWS could not create the instance"
    return OrganizationError(
        f"no instance is active: {', '.join(f'{one.arn} is {one.status}' for one in own)}",
        code="InstanceNotActive",
        operation="ListInstances",
        hint=hint,
    )


def _not_here(
    region: str | None,
    listed: list[ListedInstance],
    elsewhere: ListedInstance | None,
    management_account_id: str | None,
) -> OrganizationError:
    where = region or "any Region"
    if elsewhere is not None:
        return _wrong_region(region, elsewhere)
    if management_account_id is None and len(listed) > 1:
        return OrganizationError(
            f"{len(listed)} instances are listed, and without DescribeOrganization it cannot be told "
            "which one is the organization's own",
            code="InstanceUnknown",
            operation="ListInstances",
            hint="allow the role the IAM action organizations:DescribeOrganization",
        )
    if listed:
        owners = ", ".join(sorted({one.owner_account_id for one in listed}))
        return OrganizationError(
            f"only account instances are listed in {where} (of {owners}), which hold no account access",
            code="OnlyAccountInstances",
            operation="ListInstances",
            hint="use credentials of the organization's management account, or of the account to which "
            "IAM Identity Center is delegated, and the instance's primary Region",
        )
    return OrganizationError(
        f"there is no instance of IAM Identity Center in {where}",
        code="NoInstance",
        operation="ListInstances",
        hint="set `region` to the instance's primary Region, and use credentials of the organization's "
        "management account or of the account to which IAM Identity Center is delegated",
    )


def _wrong_region(region: str | None, instance: ListedInstance) -> OrganizationError:
    if not instance.primary_region:
        return OrganizationError(
            f"AWS does not tell the primary Region of the instance {instance.arn}",
            code="NoPrimaryRegion",
            operation="ListInstances",
            hint="write the primary Region as `region`; the console's IAM Identity Center settings show it",
        )
    return OrganizationError(
        f"the primary Region of the instance is {instance.primary_region}, and not {region}: only there can "
        "permission sets and assignments be read",
        code="WrongRegion",
        operation="ListInstances",
        hint=f"write `region: {instance.primary_region}`, or `region: auto`",
    )
