"""Tests of the applications of Identity Center: pages, assignments and refused configurations."""

from dataclasses import replace
from typing import Any, get_args

import pytest

from sso_batch.emulator import Behaviour, Emulator, Fault, Limits, Rate, World
from sso_batch.emulator.world import Organization, Refusal, Role
from tests.emulator.client import ExpectedError, Keys, assume, client
from tests.emulator.conftest import with_organization
from tests.emulator.services.test_organizations import every

UNKNOWN = "arn:aws:sso::000001000000:application/{}/apl-ffffffffffffffff"


def test_applications_are_listed_in_pages_of_fifty(
    emulator: Emulator, auditor: Keys, organization: Organization
) -> None:
    """An answer holds 50 applications even if the request asks for 100; a token leads to the rest."""
    asking = client(emulator, "sso-admin", auditor)
    instance = {"InstanceArn": organization.instance_arn}

    first = asking.list_applications(**instance, MaxResults=100)
    small = asking.list_applications(**instance, MaxResults=7)
    listed = every(asking, "list_applications", "Applications", **instance)

    assert (len(first["Applications"]), len(small["Applications"])) == (50, 7)
    assert [
        (each["ApplicationArn"], each["Name"], each["Status"], each["ApplicationAccount"]) for each in listed
    ] == [(each.arn, each.name, each.status, each.account_id) for each in organization.sso_applications]
    assert {each["InstanceArn"] for each in listed} == {organization.instance_arn}


def test_each_application_has_its_assignments_and_configuration(
    emulator: Emulator, auditor: Keys, organization: Organization
) -> None:
    """Assignments of users and groups, of deleted ones too, and whether they are required."""
    asking = client(emulator, "sso-admin", auditor)

    for application in organization.sso_applications[:8]:
        found = every(
            asking,
            "list_application_assignments",
            "ApplicationAssignments",
            ApplicationArn=application.arn,
            PaginationConfig={"PageSize": 1},
        )
        configuration = asking.get_application_assignment_configuration(ApplicationArn=application.arn)

        assert [(each["PrincipalType"], each["PrincipalId"]) for each in found] == list(
            application.assignments
        )
        assert {each["ApplicationArn"] for each in found} <= {application.arn}
        assert configuration["AssignmentRequired"] is application.assignment_required


def test_an_application_can_have_no_name(world: World) -> None:
    """AWS's model does not require the name."""
    unnamed = replace(world.organizations[0].sso_applications[0], name=None)
    with Emulator(with_organization(world, sso_applications=(unnamed,))) as emulator:
        asking = client(emulator, "sso-admin", assume(emulator))
        (listed,) = asking.list_applications(InstanceArn=world.organizations[0].instance_arn)["Applications"]

    assert "Name" not in listed


@pytest.mark.parametrize("code", get_args(Refusal))
def test_a_configuration_can_be_refused(world: World, code: Refusal) -> None:
    """Some AWS managed applications have no configuration to read, but their assignments are listed."""
    managed = replace(world.organizations[0].sso_applications[0], refusal=code)
    with Emulator(with_organization(world, sso_applications=(managed,))) as emulator:
        asking = client(emulator, "sso-admin", assume(emulator))
        with ExpectedError() as refused:
            asking.get_application_assignment_configuration(ApplicationArn=managed.arn)
        found = asking.list_application_assignments(ApplicationArn=managed.arn)["ApplicationAssignments"]

    assert refused.code == code
    assert len(found) == len(managed.assignments)


def test_the_two_listings_of_applications_are_counted_apart(world: World) -> None:
    """Identity Center's operation is not account-access's, whose applications are others."""
    organization = world.organizations[0]
    with Emulator(world) as emulator:
        keys = assume(emulator)
        asking = client(emulator, "sso-admin", keys)
        listed = asking.list_applications(InstanceArn=organization.instance_arn)["Applications"]
        client(emulator, "sso-admin", keys).list_applications(InstanceArn=organization.instance_arn)
        others = client(emulator, "account-access", keys).list_applications()["applications"]

        assert emulator.calls["org-0", "sso:ListApplications"] == 2
        assert emulator.calls["org-0", "ListApplications"] == 1
    assert [each["applicationArn"] for each in others] == [organization.applications[0].arn]
    assert not {each["ApplicationArn"] for each in listed} & {organization.applications[0].arn}


def test_applications_use_the_limit_of_identity_center(world: World) -> None:
    """All operations of Identity Center take from one bucket, and throttles are counted under their label."""
    limits = replace(Limits.off(), identity_center=Rate(0.001, 1))
    with Emulator(world, limits=limits) as emulator:
        asking = client(emulator, "sso-admin", assume(emulator))
        named = {"InstanceArn": world.organizations[0].instance_arn}
        asking.list_permission_sets(**named)
        with ExpectedError() as refused:
            asking.list_applications(**named)

        assert emulator.throttled == {("org-0", "sso:ListApplications"): 1}
    assert refused.code == "ThrottlingException"


@pytest.mark.parametrize(
    ("operation", "named"),
    [
        ("list_applications", "InstanceArn"),
        ("list_application_assignments", "ApplicationArn"),
        ("get_application_assignment_configuration", "ApplicationArn"),
    ],
)
def test_each_action_can_be_denied(world: World, operation: str, named: str) -> None:
    """The message names the action of Identity Center and the resource."""
    organization = world.organizations[0]
    arns = {
        "InstanceArn": organization.instance_arn,
        "ApplicationArn": organization.sso_applications[0].arn,
    }
    action = "sso:" + operation.title().replace("_", "")
    denying = replace(world.roles[0], denied=(action,))
    with Emulator(replace(world, roles=(denying,))) as emulator, ExpectedError() as refused:
        getattr(client(emulator, "sso-admin", assume(emulator)), operation)(**{named: arns[named]})

    assert refused.code == "AccessDeniedException"
    assert f"not authorized to perform: {action} on resource: {arns[named]}" in refused.message


@pytest.mark.parametrize(
    ("operation", "change", "code"),
    [
        ("list_applications", {"MaxResults": 101}, "ValidationException"),
        ("list_applications", {"NextToken": "made-up"}, "ValidationException"),
        ("list_applications", {"InstanceArn": None}, "ValidationException"),
        ("list_application_assignments", {"ApplicationArn": "arn:of:nothing"}, "ValidationException"),
        ("list_application_assignments", {"MaxResults": 0}, "ValidationException"),
        ("list_application_assignments", {"ApplicationArn": None}, "ValidationException"),
        (
            "get_application_assignment_configuration",
            {"ApplicationArn": UNKNOWN.format("ssoins-ffffffffffffffff")},
            "ResourceNotFoundException",
        ),
    ],
)
def test_bad_requests_are_refused(
    operation: str,
    change: dict[str, Any],
    code: str,
    emulator: Emulator,
    auditor: Keys,
    organization: Organization,
) -> None:
    """Invalid values are a ValidationException, unknown instances a ResourceNotFoundException."""
    member = "InstanceArn" if operation == "list_applications" else "ApplicationArn"
    valid = {
        "InstanceArn": organization.instance_arn,
        "ApplicationArn": organization.sso_applications[0].arn,
    }
    with ExpectedError() as refused:
        getattr(client(emulator, "sso-admin", auditor), operation)(**{member: valid[member]} | change)

    assert refused.code == code


def test_an_unknown_application_is_not_found(
    emulator: Emulator, auditor: Keys, organization: Organization
) -> None:
    """An application of the instance that does not exist is not found by either call."""
    arn = UNKNOWN.format(organization.instance_arn.rpartition("/")[2])
    asking = client(emulator, "sso-admin", auditor)
    for operation in (
        asking.list_application_assignments,
        asking.get_application_assignment_configuration,
    ):
        with ExpectedError() as refused:
            operation(ApplicationArn=arn)
        assert refused.code == "ResourceNotFoundException"


def test_a_member_account_is_refused(world: World) -> None:
    """Only administrators list the applications of the organization's instance."""
    organization = world.organizations[0]
    member = organization.accounts[3].id
    role = Role(f"arn:aws:iam::{member}:role/Audit", ("111122223333",))
    with Emulator(World(world.organizations, world.access_keys, (role,))) as emulator:
        asking = client(emulator, "sso-admin", assume(emulator))
        with ExpectedError() as denied:
            asking.list_applications(InstanceArn=organization.instance_arn)

    assert denied.code == "AccessDeniedException"
    assert denied.message.endswith("because no identity-based policy allows the sso:ListApplications action")


def test_a_deleted_application_is_gone_and_a_deleted_user_stays_assigned(world: World) -> None:
    """The listing omits a deleted application; the assignments of a deleted user stay."""
    organization = world.organizations[0]
    gone, kept = organization.sso_applications[:2]
    user = next(principal for kind, principal in kept.assignments if kind == "USER")
    faults = [
        Fault("deleted", organization="org-0", resource=deleted, times=1) for deleted in (gone.arn, user)
    ]
    with Emulator(world, faults=faults, limits=Limits.off()) as emulator:
        asking = client(emulator, "sso-admin", assume(emulator))
        asking.list_instances()
        listed = every(asking, "list_applications", "Applications", InstanceArn=organization.instance_arn)
        with ExpectedError() as refused:
            asking.list_application_assignments(ApplicationArn=gone.arn)
        found = asking.list_application_assignments(ApplicationArn=kept.arn)["ApplicationAssignments"]

    assert gone.arn not in {each["ApplicationArn"] for each in listed}
    assert len(listed) == len(organization.sso_applications) - 1
    assert refused.code == "ResourceNotFoundException"
    assert user in {each["PrincipalId"] for each in found}


def test_small_and_empty_pages(world: World) -> None:
    """The emulator's own page size and its empty pages apply to applications as well."""
    organization = world.organizations[0]
    behaviour = Behaviour(page_size=9, empty_pages=True)
    with Emulator(world, behaviour=behaviour, limits=Limits.off()) as emulator:
        asking = client(emulator, "sso-admin", assume(emulator))
        first = asking.list_applications(InstanceArn=organization.instance_arn)
        second = asking.list_applications(InstanceArn=organization.instance_arn, NextToken=first["NextToken"])
        listed = every(asking, "list_applications", "Applications", InstanceArn=organization.instance_arn)

    assert (len(first["Applications"]), len(second["Applications"])) == (0, 9)
    assert len(listed) == len(organization.sso_applications)
