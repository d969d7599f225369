"""The applications of an instance, their assignments, and whether they require an assignment."""

from typing import Any

from sso_batch.emulator.protocols import ErrorResponse, not_found
from sso_batch.emulator.service import Answer, Call
from sso_batch.emulator.services.sso_admin.instances import CREATED, PAGED, SSO_ADMIN, instance, instance_of
from sso_batch.emulator.world import SsoApplication

_PAGE = 50
"""How many applications one answer can hold, whatever the request asks for. Source: botocore's model."""

_REFUSALS = {
    "AccessDeniedException": "The application is managed by AWS",
    "ValidationException": "The operation is not supported for this application",
}


@SSO_ADMIN.operation("ListApplications", "InstanceArn", optional=PAGED, counted_as="sso:ListApplications")
def list_applications(call: Call) -> Answer:
    """List the applications of the instance, in all accounts."""
    index = instance(call)
    page, more = call.page(index.organization.sso_applications, at_most=_PAGE)
    return {
        "Applications": [_members(application, index.organization.instance_arn) for application in page],
        **more,
    }


@SSO_ADMIN.operation("ListApplicationAssignments", "ApplicationArn", optional=PAGED)
def list_application_assignments(call: Call) -> Answer:
    """List the users and groups that are assigned to an application."""
    application = _application(call)
    page, more = call.page(application.assignments)
    return {
        "ApplicationAssignments": [
            {"ApplicationArn": application.arn, "PrincipalType": kind, "PrincipalId": principal_id}
            for kind, principal_id in page
        ],
        **more,
    }


@SSO_ADMIN.operation("GetApplicationAssignmentConfiguration", "ApplicationArn")
def get_application_assignment_configuration(call: Call) -> Answer:
    """Return whether only assigned users have access; some AWS managed applications refuse the call."""
    application = _application(call)
    if application.refusal:
        raise ErrorResponse(application.refusal, _REFUSALS[application.refusal])
    return {"AssignmentRequired": application.assignment_required}


def _application(call: Call) -> SsoApplication:
    arn = call.request["ApplicationArn"]
    partition, instance_id = arn.split(":")[1], arn.split("/")[1]
    index = instance_of(call, f"arn:{partition}:sso:::instance/{instance_id}")
    found = index.sso_applications.get(arn)
    if found is None:
        raise not_found(f"Application {arn} does not exist.")
    return found


def _members(application: SsoApplication, instance_arn: str) -> dict[str, Any]:
    name = {} if application.name is None else {"Name": application.name}
    return name | {
        "ApplicationArn": application.arn,
        "ApplicationProviderArn": application.provider_arn,
        "ApplicationAccount": application.account_id,
        "InstanceArn": instance_arn,
        "Status": application.status,
        "PortalOptions": {"Visibility": "ENABLED", "SignInOptions": {"Origin": "IDENTITY_CENTER"}},
        "CreatedDate": CREATED,
    }
