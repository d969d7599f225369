"""The dispatcher of requests: authentication, faults, rate limits and the service's answer."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import unquote

from sso_batch.emulator.credentials import Authenticator, Caller, expired_token
from sso_batch.emulator.distortion import distort, distort_body, instance_not_found
from sso_batch.emulator.faults import Fault, FaultInjector, FaultKind
from sso_batch.emulator.http import Reply, Request, json_reply
from sso_batch.emulator.limits import Throttle
from sso_batch.emulator.organization_index import OrganizationIndex
from sso_batch.emulator.protocols import ErrorResponse, invalid
from sso_batch.emulator.service import Behaviour, Call, Operation, Service
from sso_batch.emulator.services import (
    ACCOUNT_ACCESS,
    CLOUDTRAIL,
    IAM,
    IDENTITY_STORE,
    ORGANIZATIONS,
    SSO_ADMIN,
    STS,
)
from sso_batch.emulator.world import World
from sso_batch.emulator.world.deletion import without

DeliveryMode = Literal["complete", "reset", "hang", "truncated"]

_INVALID: Mapping[FaultKind, str] = {
    "no_permission_sets": "Permission sets are not enabled for this instance",
    "filter_required": "Filter is required",
}
_BY_TARGET = {
    "AWSOrganizationsV20161128": ORGANIZATIONS,
    "AWSIdentityStore": IDENTITY_STORE,
    "SWBExternalService": SSO_ADMIN,
    "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101": CLOUDTRAIL,
}
_BY_VERSION = {"2011-06-15": STS, "2010-05-08": IAM}
"""The services of the query protocol, by API version."""

_FORM = "application/x-www-form-urlencoded"
_AWS_MANAGED = ":iam::aws:policy/"
"""What stands between the partition and the name in the ARN of an AWS managed policy."""

_NO_KEY = "The key that encrypts this instance could not be used"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A reply, and how it reaches the client."""

    reply: Reply
    mode: DeliveryMode = "complete"


class Dispatcher:
    """All services of one world with their state: sessions, rate limits, faults and call counts.

    Not thread-safe: the server calls it from its event loop only.
    """

    def __init__(
        self,
        world: World,
        *,
        authenticator: Authenticator,
        throttle: Throttle,
        fault_injector: FaultInjector,
        behaviour: Behaviour,
        clock: Callable[[], float],
    ) -> None:
        self.calls: Counter[tuple[str, str]] = Counter()
        self.throttled: Counter[tuple[str, str]] = Counter()
        self._authenticator = authenticator
        self._throttle = throttle
        self._fault_injector = fault_injector
        self._behaviour = behaviour
        self._clock = clock
        self.load(world)

    def load(self, world: World) -> None:
        """Serve another world from now on; keep sessions and counts."""
        self.world = world
        self._authenticator.add_keys(world.access_keys)
        self._roles = {role.arn: role for role in world.roles}
        self._managed_policies = world.managed_policies
        self._indexes = {
            account.id: index
            for index in map(OrganizationIndex, world.organizations)
            for account in index.organization.accounts
        }

    def answer(self, http: Request) -> Delivery:
        """Answer one request as AWS would, or as a fault dictates."""
        service = _find_service(http)
        if service is None:
            document = {"__type": "UnknownOperationException", "Message": "The emulator has no such service"}
            return Delivery(json_reply(404, document))
        try:
            return self._answer(service, http)
        except ErrorResponse as error:
            return Delivery(service.protocol.write_error(error))

    def _answer(self, service: Service, http: Request) -> Delivery:
        caller, signature = self._authenticator.authenticate(http, service.signing_name)
        operation, request = service.read(http)
        index = self._indexes.get(caller.account_id)
        organization = index.organization.name if index else ""
        self.calls[organization, operation.counted_as] += 1
        call = Call(
            service=service,
            operation=operation.name,
            request=request,
            caller=caller,
            region=signature.region,
            behaviour=self._behaviour,
            index=index,
            authenticator=self._authenticator,
            roles=self._roles,
            managed_policies=self._managed_policies,
            now=self._clock(),
        )
        fault = self._find_fault(call, organization, http)
        kind = fault.kind if fault else None
        if fault and kind in ("not_found", "unlisted", "deleted"):
            self._delete_resources(call, fault)
        if kind in ("reset", "hang"):
            # The reply is lost, but the call still counts.
            return Delivery(Reply(200, "application/x-amz-json-1.1", b'{"lost": true}'), kind)
        if kind == "throttle" or not self._admits(caller, call):
            self.throttled[organization, operation.counted_as] += 1
            raise ErrorResponse(service.throttled, "Rate exceeded")
        return self._complete(call, operation, kind)

    def _find_fault(self, call: Call, organization: str, http: Request) -> Fault | None:
        if not self._fault_injector.faults:
            return None
        body = http.body.decode(errors="replace")
        text = f"{unquote(http.path)}?{http.query} {unquote(body) if _is_form(http) else body}"
        return self._fault_injector.find_fault(organization, call.service.name, call.operation, text)

    def _delete_resources(self, call: Call, fault: Fault) -> None:
        """Answer the call without the fault's resource, or without all that the request names."""
        ids = (
            {fault.resource}
            if fault.resource
            else {value for value in call.request.values() if isinstance(value, str)}
        )
        policies = {id_.partition(_AWS_MANAGED)[2] for id_ in ids if _AWS_MANAGED in id_}
        call.managed_policies = {**call.managed_policies, **dict.fromkeys(policies)}
        if fault.kind == "deleted":
            self._managed_policies = call.managed_policies
        if call.index is None:
            return
        organization = call.index.organization
        call.index = OrganizationIndex(without(organization, ids))
        if fault.kind == "deleted":
            self._indexes |= dict.fromkeys((account.id for account in organization.accounts), call.index)

    def _admits(self, caller: Caller, call: Call) -> bool:
        return self._throttle.admits(caller.account_id, call.region, call.service.name, call.operation)

    def _complete(self, call: Call, operation: Operation, fault: FaultKind | None) -> Delivery:
        service = call.service
        match fault:
            case "internal_error":
                raise ErrorResponse(service.internal, "An internal error occurred", status=500)
            case "unavailable":
                raise ErrorResponse("ServiceUnavailableException", "Service is unavailable", status=503)
            case "expired_token":
                raise expired_token()
            case "access_denied":
                call.deny()
            case "kms_denied":
                raise ErrorResponse("AccessDeniedException", _NO_KEY, Reason="KMS_AccessDeniedException")
            case "kms_key_gone":
                raise ErrorResponse("ResourceNotFoundException", _NO_KEY, Reason="KMS_NotFoundException")
            case "no_permission_sets" | "filter_required":
                raise invalid(_INVALID[fault])
            case "instance_not_found":
                raise instance_not_found(service.name, call.request)
            case "repeated_token" | "endless_pages" | "endless_empty_pages":
                call.pagination_fault = fault
        answer = distort(service.answer(operation, call), call.request, fault)
        reply = service.protocol.write(operation.name, answer)
        reply = replace(reply, body=distort_body(reply.body, fault))
        return Delivery(reply, "truncated" if fault == "truncated" else "complete")


def _find_service(http: Request) -> Service | None:
    """Return the service of a request, by its target header, the version in its form, or its path."""
    target = http.headers.get("x-amz-target")
    if target is not None:
        return _BY_TARGET.get(target.rpartition(".")[0])
    if _is_form(http):
        return _BY_VERSION.get(http.form().get("Version", ""))
    return ACCOUNT_ACCESS if http.path != "/" else None


def _is_form(http: Request) -> bool:
    return http.headers.get("content-type", "").startswith(_FORM)
