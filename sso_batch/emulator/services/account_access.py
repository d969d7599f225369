"""Account access: applications, and the IAM roles that they let users and groups assume."""

from collections.abc import Iterator
from typing import Any

from sso_batch.emulator.directory import Directory
from sso_batch.emulator.request_validation import Structure, Text, Whole
from sso_batch.emulator.service import Answer, Call, Service, validation_exception
from sso_batch.emulator.wire.error_responses import invalid, not_found
from sso_batch.emulator.wire.protocols import RestJsonProtocol
from sso_batch.emulator.world import Application, Entitlement

_CREATED = "2026-03-02T09:00:00Z"
_PAGED = ("maxResults", "nextToken")
_APPLICATION = Text(
    r"arn:[a-z0-9-]+:account-access:[a-z0-9]+(-[a-z0-9]+)*:[0-9]{12}:application/[a-zA-Z0-9-]+"
)
_PRINCIPAL = Text(r"([0-9a-f]{10}-|)[A-Fa-f0-9]{8}(-[A-Fa-f0-9]{4}){3}-[A-Fa-f0-9]{12}")

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
    members={
        "applicationArn": _APPLICATION,
        "resourceArn": _APPLICATION,
        "entitlementId": Text(r".+"),
        "filter": Structure(
            {
                "principalRole": Structure(
                    {
                        "principal": Structure(
                            {"identityCenter": Structure({"userId": _PRINCIPAL, "groupId": _PRINCIPAL})}
                        ),
                        "roleArn": Text(r"arn:[a-z0-9-]+:iam::[0-9]{12}:role/[a-zA-Z0-9+=,.@_/-]+"),
                        "account": Text(r"[0-9]{12}"),
                    }
                )
            }
        ),
        "maxResults": Whole(1, 100),
        "nextToken": Text(r".+"),
    },
    invalid=validation_exception,
    resource=lambda call: str(call.request.get("applicationArn") or call.request.get("resourceArn") or "*"),
    paging=_PAGED,
)


@ACCOUNT_ACCESS.operation("ListApplications", optional=_PAGED)
def list_applications(call: Call) -> Answer:
    """List the applications that the calling account owns in this Region."""
    page, more = call.page([one for _, one in _owned(call)])
    return {
        "applications": [
            {"applicationArn": one.arn, "createdAt": _CREATED, "updatedAt": _CREATED} for one in page
        ],
        **more,
    }


@ACCOUNT_ACCESS.operation("GetApplication", "applicationArn")
def get_application(call: Call) -> Answer:
    """Describe one application, and tell which instance its principals come from."""
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
    """List the entitlements of an application that fit a filter."""
    directory, application = _application(call, "applicationArn")
    wanted = _wanted(call.request["filter"])
    if not wanted and not call.behaviour.empty_entitlement_filter:
        raise invalid("The filter must name a principal, a role or an account.")
    page, more = call.page(
        [one for one in application.entitlements if wanted.items() <= _traits(one).items()]
    )
    return {
        "entitlements": [
            {"entitlementId": one.id, "entitlement": _members(one, directory), "createdAt": _CREATED}
            for one in page
        ],
        **more,
    }


@ACCOUNT_ACCESS.operation("GetEntitlement", "applicationArn", "entitlementId")
def get_entitlement(call: Call) -> Answer:
    """Describe one entitlement."""
    directory, application = _application(call, "applicationArn")
    one = directory.entitlements.get((application.arn, call.request["entitlementId"]))
    if one is None:
        raise not_found("The entitlement does not exist.")
    return {
        "applicationArn": application.arn,
        "entitlementId": one.id,
        "entitlement": _members(one, directory),
        "createdAt": _CREATED,
    }


@ACCOUNT_ACCESS.operation("ListTagsForResource", "resourceArn")
def list_tags_for_resource(call: Call) -> Answer:
    """List the tags of an application."""
    return {"tags": dict(_application(call, "resourceArn")[1].tags)}


def _owned(call: Call) -> Iterator[tuple[Directory, Application]]:
    if call.directory:
        for one in call.directory.organization.applications:
            if (one.account_id, one.region) == (call.caller.account_id, call.region):
                yield call.directory, one


def _application(call: Call, member: str) -> tuple[Directory, Application]:
    for directory, one in _owned(call):
        if one.arn == call.request[member]:
            return directory, one
    raise not_found("The application does not exist.")


def _wanted(entitlement_filter: dict[str, Any]) -> dict[str, str]:
    """Return what a filter asks for, without its nesting."""
    wanted = dict(entitlement_filter.get("principalRole", {}))
    principal: dict[str, str] = wanted.pop("principal", {}).get("identityCenter", {})
    return wanted | principal


def _traits(one: Entitlement) -> dict[str, str]:
    return {"roleArn": one.role_arn, "account": one.account_id, **_principal(one)}


def _principal(one: Entitlement) -> dict[str, str]:
    return {"userId" if one.principal_type == "USER" else "groupId": one.principal_id}


def _members(one: Entitlement, directory: Directory) -> dict[str, Any]:
    account = directory.accounts.get(one.account_id)
    return {
        "principalRole": {
            "principal": {"identityCenter": _principal(one)},
            "roleArn": one.role_arn,
            "account": one.account_id,
            **({"accountName": account.name} if account else {}),
        }
    }
