"""The organization's own instance of IAM Identity Center, and its primary Region."""

from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.organization_api import ListedInstance, OrganizationApi
from sso_batch.errors import OrganizationError
from sso_batch.model import Gap, GapKind, Instance, Subject

_ACTIVE = frozenset({"ACTIVE", ""})  # without a status, an instance counts as active
_FAILED = "CREATE_FAILED"


async def find_instance(
    api: OrganizationApi, region: str | None, *, expected_organization: str | None, gaps: list[Gap]
) -> Instance:
    """Return the organization's instance, whose primary Region must be `region`; None finds the Region.

    Raise OrganizationError if there is no such instance. If the organization itself cannot be read, that is
    only a gap.
    """
    try:
        caller_arn = await api.caller_arn()
    except AwsFailure as failure:
        raise unreachable(failure) from None
    organization_id, management_account_id = await _organization(api, gaps)
    if expected_organization and organization_id and organization_id != expected_organization:
        raise OrganizationError(
            f"these credentials belong to organization {organization_id}, but {expected_organization} was "
            "expected",
            code="WrongOrganization",
            operation="DescribeOrganization",
            hint=f"fix organization_id or the credentials (the caller is {caller_arn})",
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
        replica_regions=tuple(sorted(set(chosen.regions) - {primary})),
    )


def unreachable(failure: AwsFailure) -> OrganizationError:
    """Return the error for a failed call without which nothing can be read."""
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
    """Return the organization's own instances: those that the management account owns.

    Account instances belong to other accounts. If the management account is not known, all instances count,
    provided that they have one owner.
    """
    if management_account_id is None:
        return listed if len({instance.owner_account_id for instance in listed}) == 1 else []
    return [instance for instance in listed if instance.owner_account_id == management_account_id]


def _choose(
    listed: list[ListedInstance], management_account_id: str | None, region: str | None
) -> ListedInstance | None:
    """Return the organization's active instance; AWS also lists those that it is creating or deleting.

    Of several active instances, prefer the one whose primary Region is `region`.
    """

    def rank(instance: ListedInstance) -> tuple[bool, bool]:
        return instance.status not in _ACTIVE, instance.primary_region not in {region, ""}

    return min(_own(listed, management_account_id), key=rank, default=None)


def _refuse_several(own: list[ListedInstance], region: str | None) -> None:
    """Raise OrganizationError if another active instance would be silently left out."""
    here = [instance for instance in own if region is None or instance.primary_region in {region, ""}]
    active = sorted({instance.arn for instance in here if instance.status in _ACTIVE})
    if len(active) > 1:
        raise OrganizationError(
            f"several instances of the organization are active: {', '.join(active)}",
            code="SeveralInstances",
            operation="ListInstances",
            hint="add one entry per instance, with the instance's primary Region as `region`",
        )


def _not_active(own: list[ListedInstance]) -> OrganizationError:
    statuses = {instance.status for instance in own}
    hint = "wait until AWS has finished creating or deleting the instance, then run again"
    if statuses == {_FAILED}:
        hint = "AWS could not create the instance: enable IAM Identity Center again in the management account"
    found = ", ".join(f"{instance.arn} is {instance.status}" for instance in own)
    return OrganizationError(
        f"no instance is active: {found}",
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
            f"{len(listed)} instances are listed, and only DescribeOrganization shows which one belongs to "
            "the organization",
            code="InstanceUnknown",
            operation="ListInstances",
            hint="allow the role the IAM action organizations:DescribeOrganization",
        )
    if listed:
        owners = ", ".join(sorted({instance.owner_account_id for instance in listed}))
        return OrganizationError(
            f"{where} has only account instances (of {owners}), which grant no access to accounts",
            code="OnlyAccountInstances",
            operation="ListInstances",
            hint="use credentials of the management account or of the delegated administrator account of "
            "IAM Identity Center, and the instance's primary Region",
        )
    return OrganizationError(
        f"no instance of IAM Identity Center was found in {where}",
        code="NoInstance",
        operation="ListInstances",
        hint="set `region` to the instance's primary Region, and use credentials of the management account "
        "or of the delegated administrator account of IAM Identity Center",
    )


def _wrong_region(region: str | None, instance: ListedInstance) -> OrganizationError:
    if not instance.primary_region:
        return OrganizationError(
            f"AWS did not return the primary Region of the instance {instance.arn}",
            code="NoPrimaryRegion",
            operation="ListInstances",
            hint="set `region` to the primary Region; the console's IAM Identity Center settings show it",
        )
    return OrganizationError(
        f"the primary Region of the instance is {instance.primary_region}, not {region}: permission sets and "
        "assignments can only be read there",
        code="WrongRegion",
        operation="ListInstances",
        hint=f"set `region: {instance.primary_region}` or `region: auto`",
    )
