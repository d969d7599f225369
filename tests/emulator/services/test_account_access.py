"""Tests of account access: applications, entitlements and their filters."""

from typing import Any

import pytest

from sso_batch.emulator import Behaviour, Emulator, World
from sso_batch.emulator.world import Organization
from tests.emulator.client import ExpectedError, Keys, assume, client
from tests.emulator.services.test_organizations import every


def ids(asking: Any, organization: Organization, **wanted: Any) -> list[str]:  # noqa: ANN401 - botocore has no types
    """Return the ids of the entitlements that match a filter."""
    application = organization.applications[0].arn
    return [
        entitlement["entitlementId"]
        for entitlement in every(
            asking,
            "list_entitlements",
            "entitlements",
            applicationArn=application,
            filter={"principalRole": wanted} if wanted else {},
        )
    ]


def test_an_application_names_its_instance(
    emulator: Emulator, auditor: Keys, organization: Organization
) -> None:
    """A listed application belongs to the organization's instance."""
    asking = client(emulator, "account-access", auditor)

    (listed,) = asking.list_applications()["applications"]
    described = asking.get_application(applicationArn=listed["applicationArn"])

    assert described["identitySource"]["identityCenter"]["instanceArn"] == organization.instance_arn
    assert described["status"] == "ACTIVE"


def test_an_application_is_listed_to_its_owner_in_its_region_only(emulator: Emulator, auditor: Keys) -> None:
    """Another Region and another account list no application."""
    assert (
        client(emulator, "account-access", auditor, region="us-east-1").list_applications()["applications"]
        == []
    )
    assert client(emulator, "account-access").list_applications()["applications"] == []


def test_entitlements_are_found_by_each_filter(
    emulator: Emulator, auditor: Keys, organization: Organization
) -> None:
    """An empty filter returns all; account, role and principal return the matching ones."""
    asking = client(emulator, "account-access", auditor)
    entitlements = organization.applications[0].entitlements
    entitlement = entitlements[0]
    kind = "userId" if entitlement.principal_type == "USER" else "groupId"

    assert ids(asking, organization) == [each.id for each in entitlements]
    assert ids(asking, organization, account=entitlement.account_id) == [
        each.id for each in entitlements if each.account_id == entitlement.account_id
    ]
    assert ids(asking, organization, roleArn=entitlement.role_arn) == [
        each.id for each in entitlements if each.role_arn == entitlement.role_arn
    ]
    assert ids(asking, organization, principal={"identityCenter": {kind: entitlement.principal_id}}) == [
        each.id for each in entitlements if each.principal_id == entitlement.principal_id
    ]


def test_an_empty_filter_can_be_refused(world: World) -> None:
    """AWS does not document an empty filter, so the emulator can reject it."""
    with Emulator(world, behaviour=Behaviour(empty_entitlement_filter=False)) as emulator:
        asking = client(emulator, "account-access", assume(emulator))
        with ExpectedError() as refused:
            ids(asking, world.organizations[0])

        account = world.organizations[0].applications[0].entitlements[0].account_id
        assert ids(asking, world.organizations[0], account=account)
    assert (refused.code, refused.status) == ("ValidationException", 400)


def test_one_entitlement_is_described(emulator: Emulator, auditor: Keys, organization: Organization) -> None:
    """The answer has the role, the account and its name; an unknown id is not found."""
    asking = client(emulator, "account-access", auditor)
    application = organization.applications[0]
    entitlement = application.entitlements[0]

    found = asking.get_entitlement(applicationArn=application.arn, entitlementId=entitlement.id)
    with ExpectedError() as refused:
        asking.get_entitlement(applicationArn=application.arn, entitlementId="none")

    role = found["entitlement"]["principalRole"]
    assert (role["roleArn"], role["account"]) == (entitlement.role_arn, entitlement.account_id)
    assert role["accountName"].startswith(("account-", "org-0"))
    assert (refused.code, refused.status) == ("ResourceNotFoundException", 404)


def test_an_unknown_application_is_not_found(emulator: Emulator, auditor: Keys) -> None:
    """Tags of an unknown application are not found."""
    arn = "arn:aws:account-access:eu-west-1:111122223333:application/none"
    with ExpectedError() as refused:
        client(emulator, "account-access", auditor).list_tags_for_resource(resourceArn=arn)

    assert refused.code == "ResourceNotFoundException"


@pytest.mark.parametrize(
    "change",
    [
        {"maxResults": 101},
        {"filter": {"principalRole": {"account": "12"}}},
        {"nextToken": "made-up"},
    ],
)
def test_bad_requests_are_refused(
    change: dict[str, Any], emulator: Emulator, auditor: Keys, organization: Organization
) -> None:
    """Page sizes, patterns nested in a filter, and tokens are validated."""
    with ExpectedError() as refused:
        client(emulator, "account-access", auditor).list_entitlements(
            **{"applicationArn": organization.applications[0].arn, "filter": {}} | change
        )

    assert (refused.code, refused.status) == ("ValidationException", 400)
