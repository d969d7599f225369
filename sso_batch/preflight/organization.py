"""The preflight of one organization: its caller, its instance, one call for each permission, an estimate."""

import asyncio
import math
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from sso_batch.activity import HISTORY
from sso_batch.aws import operations
from sso_batch.aws.backoff import TimeLimit
from sso_batch.aws.connection_pool import ConnectionPool, Connector
from sso_batch.aws.exceptions import AwsFailure, is_denied
from sso_batch.aws.operations import OF_ONE_APPLICATION, Operation, required_operations
from sso_batch.aws.organization_api import OrganizationApi
from sso_batch.aws.permission_probe import FirstPages, PermissionProbe, ProbeSubjects
from sso_batch.aws.regions import first_region
from sso_batch.collect.instance import find_instance
from sso_batch.collect.permission_sets import DETAILS
from sso_batch.collect.strategy import Estimate, estimate
from sso_batch.config import Collect, Organization
from sso_batch.config.field_types import partition_of_region
from sso_batch.model import EventName, Gap, Instance
from sso_batch.preflight.alternatives import BY_PAIR, alternatives
from sso_batch.preflight.record import Estimates, OrganizationCheck, Permission, Verdict

T = TypeVar("T")

_FIRST = (operations.GET_CALLER_IDENTITY, operations.DESCRIBE_ORGANIZATION, operations.LIST_INSTANCES)
"""The calls that find the instance."""

_PAGES = {
    operations.LIST_ACCOUNTS: 4,
    operations.LIST_USERS: 3,
    operations.LIST_GROUPS: 2,
    operations.LIST_PERMISSION_SETS: 2,
}
"""How many pages of a listing are read for the estimate: a preflight makes fewer than 40 calls."""

_APPLICATION_PAGES = 2
"""How many pages of applications are read for the estimate, if a run reads them."""

_COUNTED = (
    *_PAGES,
    operations.LIST_ROOTS,
    operations.LIST_APPLICATIONS,
    operations.LIST_SSO_APPLICATIONS,
)
"""Called before the others, which then ask about what these find."""

_SAMPLES = 3
"""The number of permission sets whose accounts are counted."""

_NO_EXTERNAL_ID = (
    "the role is assumed without an external id: require one in the role's trust policy, and set "
    "`external_id` in the entry, so that nobody else can use the runner to assume the role"
)


class Preflight:
    """Checks one organization with few calls; writes nothing.

    With `outdated`, a run would also look for outdated provisioning of permission sets.
    """

    def __init__(
        self,
        organization: Organization,
        settings: Collect,
        *,
        sessions: ConnectionPool,
        deadline: TimeLimit,
        outdated: bool = False,
    ) -> None:
        self._organization = organization
        self._settings = settings
        self._outdated = outdated
        self._connector = Connector(organization, settings, sessions=sessions, deadline=deadline)
        self._listed: dict[Operation, FirstPages] = {}

    async def run(self) -> OrganizationCheck:
        """Return the result; raise OrganizationError if a run would fail."""
        try:
            return await self._run()
        finally:
            self._connector.close()

    def failed(self, gap: Gap, *, bug: bool = False) -> OrganizationCheck:
        """Return the result for an organization that a run could not read."""
        return replace(self._record(None, ()), failure=gap, bug=bug)

    async def _run(self) -> OrganizationCheck:
        organization = self._organization
        region = None if organization.region == "auto" else organization.region
        gateway = await self._connector.connect(first_region(organization))
        gaps: list[Gap] = []
        instance = await find_instance(
            OrganizationApi(gateway), region, expected_organization=organization.organization_id, gaps=gaps
        )
        if region is None:
            gateway = await self._connector.connect(instance.region)
        needed = required_operations(self._settings, partition=partition_of_region(instance.region))
        permissions = {operation: _allowed(operation, "") for operation in _FIRST}
        for gap in gaps:
            operation = operations.DESCRIBE_ORGANIZATION
            permissions[operation] = _refused(operation, gap.resource, gap)
        probe, subjects = PermissionProbe(gateway), ProbeSubjects.placeholders(instance)
        for stage in (
            [operation for operation in needed if operation in _COUNTED],
            [operations.LIST_ORGANIZATIONAL_UNITS_FOR_PARENT],
            [operation for operation in needed if operation not in _COUNTED],
        ):
            pending = [
                operation for operation in stage if operation in needed and operation not in permissions
            ]
            answers = await asyncio.gather(*(self._ask(probe, operation, subjects) for operation in pending))
            permissions |= dict(zip(pending, answers, strict=True))
            self._learn(subjects)
        sampled = await self._sample(probe, subjects)
        instead = alternatives(self._listed)
        checked = [
            _with_alternative(permissions[operation], instead.get(operation, "")) for operation in needed
        ]
        record = self._record(instance, tuple(checked))
        return replace(record, estimates=self._estimates(sampled))

    async def _ask(self, probe: PermissionProbe, operation: Operation, subjects: ProbeSubjects) -> Permission:
        resource = _resource(operation, subjects)
        try:
            listed = await probe.ask(operation, subjects, pages=_pages_of(operation))
        except AwsFailure as failure:
            if failure.anything_not_found:
                return _allowed(operation, resource)
            return _refused(operation, resource, failure)
        if listed is None:
            return Permission(operation.label, operation.action, Verdict.UNKNOWN, resource)
        self._listed[operation] = listed
        return _allowed(operation, resource)

    def _learn(self, subjects: ProbeSubjects) -> None:
        """Replace placeholders by resources that the listings have found."""
        for operation, subject in (
            (operations.LIST_ACCOUNTS, "account_id"),
            (operations.LIST_PERMISSION_SETS, "permission_set_arn"),
            (operations.LIST_USERS, "user_id"),
            (operations.LIST_GROUPS, "group_id"),
            (operations.LIST_ROOTS, "root_id"),
            (operations.LIST_ORGANIZATIONAL_UNITS_FOR_PARENT, "unit_id"),
            (operations.LIST_APPLICATIONS, "application_arn"),
            (operations.LIST_SSO_APPLICATIONS, "sso_application_arn"),
        ):
            if operation in self._listed and self._listed[operation].first is not None:
                setattr(subjects, subject, self._listed[operation].first)

    async def _sample(self, probe: PermissionProbe, subjects: ProbeSubjects) -> list[FirstPages]:
        """Return the accounts of some permission sets; those of the first one are known already."""
        operation = operations.LIST_ACCOUNTS_FOR_PROVISIONED_PERMISSION_SET
        if operation not in self._listed:
            return []
        arns = self._ids(operations.LIST_PERMISSION_SETS)[1:]
        chosen = arns[:: max(len(arns) // _SAMPLES, 1)][:_SAMPLES]
        more = await asyncio.gather(
            *(
                self._ask_quietly(probe, operation, replace(subjects, permission_set_arn=arn))
                for arn in chosen
            )
        )
        return [self._listed[operation], *(pages for pages in more if pages is not None)]

    async def _ask_quietly(
        self, probe: PermissionProbe, operation: Operation, subjects: ProbeSubjects
    ) -> FirstPages | None:
        try:
            return await probe.ask(operation, subjects)
        except AwsFailure:  # the estimate works without it
            return None

    def _ids(self, operation: Operation) -> tuple[str, ...]:
        return self._listed[operation].ids if operation in self._listed else ()

    def _estimates(self, sampled: list[FirstPages]) -> Estimates | None:
        """Return the estimate; None if one of the listings that it needs failed."""
        counted = (*_PAGES, *([operations.LIST_SSO_APPLICATIONS] if self._settings.applications else ()))
        if not all(operation in self._listed for operation in counted) or not sampled:
            return None
        users, groups, accounts, permission_sets = (
            len(self._ids(operation))
            for operation in (
                operations.LIST_USERS,
                operations.LIST_GROUPS,
                operations.LIST_ACCOUNTS,
                operations.LIST_PERMISSION_SETS,
            )
        )
        pairs = round(sum(len(pages.ids) for pages in sampled) / len(sampled) * permission_sets)
        described = permission_sets * (1 + len(DETAILS) * self._settings.permission_set_details)
        described += min(permission_sets, accounts) * self._outdated
        applications = len(self._ids(operations.LIST_SSO_APPLICATIONS))
        described += (1 + 2 * applications) * self._settings.applications
        rate = self._settings.requests_per_second
        complete = estimate(described + min(permission_sets, accounts) + pairs, rate=rate)
        by_user = estimate(described + max(users, groups), rate=rate)  # members are listed meanwhile
        by_principal = estimate(described + users + groups, rate=rate)
        is_by_pair = complete.calls <= by_user.calls
        fastest, fastest_most = (complete, complete) if is_by_pair else (by_user, by_principal)
        activity = self._activity()
        return Estimates(
            users=users,
            groups=groups,
            accounts=accounts,
            permission_sets=permission_sets,
            pairs=pairs,
            applications=applications,
            at_least=any(self._listed[operation].more for operation in counted)
            or any(pages.more for pages in sampled),
            complete_calls=complete.calls,
            complete_seconds=complete.seconds,
            fastest_calls=fastest.calls,
            fastest_seconds=fastest.seconds,
            fastest_most_calls=fastest_most.calls,
            fastest_most_seconds=fastest_most.seconds,
            activity_calls=activity.calls,
            activity_seconds=activity.seconds,
        )

    def _activity(self) -> Estimate:
        """Return the cost of looking up 90 days, if as many users sign in as lately."""
        sign_ins = self._listed.get(operations.LOOKUP_EVENTS)
        if sign_ins is None:
            return Estimate(0, 0.0)
        pages = math.ceil(HISTORY / max(sign_ins.span, timedelta(seconds=1))) if sign_ins.more else 1
        limit = operations.CLOUDTRAIL
        return estimate(len(EventName) - 1 + pages, rate=limit.rate, burst=limit.burst)

    def _record(self, instance: Instance | None, permissions: tuple[Permission, ...]) -> OrganizationCheck:
        organization = self._organization
        without_external_id = organization.role_arns and organization.external_id is None
        return OrganizationCheck(
            name=organization.name,
            roles=organization.role_arns,
            instance=instance,
            permissions=permissions,
            estimates=None,
            calls=self._connector.tally.by_operation.total(),
            warnings=(_NO_EXTERNAL_ID,) if without_external_id else (),
            endpoint_overrides=self._connector.endpoint_overrides,
        )


def _pages_of(operation: Operation) -> int:
    """Return how many pages of a listing are read."""
    if operation == operations.LIST_SSO_APPLICATIONS:
        return _APPLICATION_PAGES
    return _PAGES.get(operation, 1)


def _allowed(operation: Operation, resource: str) -> Permission:
    return Permission(operation.label, operation.action, Verdict.ALLOWED, resource)


def _refused(operation: Operation, resource: str, cause: AwsFailure | Gap) -> Permission:
    verdict = Verdict.DENIED if is_denied(cause.code) else Verdict.UNKNOWN
    return Permission(
        operation.label, operation.action, verdict, resource, cause.code, cause.message, cause.hint
    )


def _with_alternative(permission: Permission, instead: str) -> Permission:
    """Add what a run does instead of the call; a denied listing by principal is replaced by one by pair."""
    denied = permission.verdict is Verdict.DENIED
    if denied and permission.operation == operations.LIST_ACCOUNT_ASSIGNMENTS_FOR_PRINCIPAL.name:
        instead = BY_PAIR
    return replace(permission, instead=instead)


def _resource(operation: Operation, subjects: ProbeSubjects) -> str:
    """Return the resource that an operation is about, as IAM names it."""
    if operation in OF_ONE_APPLICATION:
        return subjects.sso_application_arn
    instance = subjects.instance
    by_service = {
        "identitystore": instance.identity_store_id,
        "sso-admin": instance.arn,
        "account-access": subjects.application_arn or instance.arn,
        "iam": subjects.policy_arn,
        "cloudtrail": instance.caller_account_id,
    }
    return by_service.get(operation.service, instance.organization_id or "organization")
