"""The account-access service: applications, and entitlements of users and groups to IAM roles."""

from collections.abc import Iterator
from typing import Any

from sso_batch.emulator.organization_index import OrganizationIndex
from sso_batch.emulator.protocols import RestJsonProtocol, invalid, not_found
from sso_batch.emulator.request_validation import Pattern, Structure, WholeNumber
from sso_batch.emulator.service import Answer, Call, Service, validation_exception
from sso_batch.emulator.world import Application, Entitlement

_CREATED = "2026-03-02T09:00:00Z"
_PAGED = ("maxResults", "nextToken")
_APPLICATION = Pattern(
    r"arn:[a-z0-9-]+:account-access:[a-z0-9]+(-[a-z0-9]+)*:[0-9]{12}:application/[a-zA-Z0-9-]+"
)
_PRINCIPAL = Pattern(r"([0-9a-f]{10}-|)[A-Fa-f0-9]{8}(-[A-Fa-f0-9]{4}){3}-[A-Fa-f0-9]{12}")

ACCOUNT_ACCESS = Service(
    name="account-access",
    signing_name="account-access",
    action_prefix="account-access",
    protocol=RestJsonProtocol(
        {
            ("POST", "/applications-list"): ("ListApplications", None),
            ("GET", "/applications/"): ("GetApplication", "applicationArn"),
            ("POST", "/entitlements-list"): ("ListEntitlements", None),
            ("GET", "/entitlements/"): ("GetEntitlement", "entitlementId"),
            ("GET", "/tags/"): ("ListTagsForResource", "resourceArn"),
        }
    ),
    rules={
        "applicationArn": _APPLICATION,
        "resourceArn": _APPLICATION,
        "entitlementId": Pattern(r".+"),
        "filter": Structure(
            {
                "principalRole": Structure(
                    {
                        "principal": Structure(
                            {"identityCenter": Structure({"userId": _PRINCIPAL, "groupId": _PRINCIPAL})}
                        ),
                        "roleArn": Pattern(r"arn:[a-z0-9-]+:iam::[0-9]{12}:role/[a-zA-Z0-9+=,.@_/-]+"),
                        "account": Pattern(r"[0-9]{12}"),
                    }
                )
            }
        ),
        "maxResults": WholeNumber(1, 100),
        "nextToken": Pattern(r".+"),
    },
    invalid=validation_exception,
    resource=lambda call: str(call.request.get("applicationArn") or call.request.get("resourceArn") or "*"),
    paging=_PAGED,
)


@ACCOUNT_ACCESS.operation("ListApplications", optional=_PAGED)
def list_applications(call: Call) -> Answer:
    """List the applications that the calling account owns in this Region."""
    page, more = call.page([application for _, application in _owned(call)])
    return {
        "applications": [
            {"applicationArn": application.arn, "createdAt": _CREATED, "updatedAt": _CREATED}
            for application in page
        ],
        **more,
    }


@ACCOUNT_ACCESS.operation("GetApplication", "applicationArn")
def get_application(call: Call) -> Answer:
    """Describe one application, with the instance of its principals."""
    _, application = _application(call, "applicationArn")
    return {
        "identitySource": {"identityCenter": {"instanceArn": application.instance_arn}},
        "status": application.status,
        "createdAt": _CREATED,
        "updatedAt": _CREATED,
        "tags": dict(application.tags),
    }


@ACCOUNT_ACCESS.operation("ListEntitlements", "applicationArn", "filter", optional=_PAGED)
def list_entitlements(call: Call) -> Answer:
    """List the entitlements of an application that match a filter."""
    index, application = _application(call, "applicationArn")
    wanted = _wanted(call.request["filter"])
    if not wanted and not call.behaviour.empty_entitlement_filter:
        raise invalid("The filter must name a principal, a role or an account.")
    page, more = call.page(
        [
            entitlement
            for entitlement in application.entitlements
            if wanted.items() <= _filter_values(entitlement).items()
        ]
    )
    return {
        "entitlements": [
            {
                "entitlementId": entitlement.id,
                "entitlement": _members(entitlement, index),
                "createdAt": _CREATED,
            }
            for entitlement in page
        ],
        **more,
    }


@ACCOUNT_ACCESS.operation("GetEntitlement", "applicationArn", "entitlementId")
def get_entitlement(call: Call) -> Answer:
    """Describe one entitlement."""
    index, application = _application(call, "applicationArn")
    entitlement = index.entitlements.get((application.arn, call.request["entitlementId"]))
    if entitlement is None:
        raise not_found("The entitlement does not exist.")
    return {
        "applicationArn": application.arn,
        "entitlementId": entitlement.id,
        "entitlement": _members(entitlement, index),
        "createdAt": _CREATED,
    }


@ACCOUNT_ACCESS.operation("ListTagsForResource", "resourceArn")
def list_tags_for_resource(call: Call) -> Answer:
    """List the tags of an application."""
    return {"tags": dict(_application(call, "resourceArn")[1].tags)}


def _owned(call: Call) -> Iterator[tuple[OrganizationIndex, Application]]:
    if call.index:
        for application in call.index.organization.applications:
            if (application.account_id, application.region) == (call.caller.account_id, call.region):
                yield call.index, application


def _application(call: Call, member: str) -> tuple[OrganizationIndex, Application]:
    for index, application in _owned(call):
        if application.arn == call.request[member]:
            return index, application
    raise not_found("The application does not exist.")


def _wanted(entitlement_filter: dict[str, Any]) -> dict[str, str]:
    """Return the criteria of a filter as a flat mapping."""
    wanted = dict(entitlement_filter.get("principalRole", {}))
    principal: dict[str, str] = wanted.pop("principal", {}).get("identityCenter", {})
    return wanted | principal


def _filter_values(entitlement: Entitlement) -> dict[str, str]:
    return {"roleArn": entitlement.role_arn, "account": entitlement.account_id, **_principal(entitlement)}


def _principal(entitlement: Entitlement) -> dict[str, str]:
    return {"userId" if entitlement.principal_type == "USER" else "groupId": entitlement.principal_id}


def _members(entitlement: Entitlement, index: OrganizationIndex) -> dict[str, Any]:
    account = index.accounts.get(entitlement.account_id)
    return {
        "principalRole": {
            "principal": {"identityCenter": _principal(entitlement)},
            "roleArn": entitlement.role_arn,
            "account": entitlement.account_id,
            **({"accountName": account.name} if account else {}),
        }
    }
