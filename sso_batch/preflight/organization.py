"""The preflight of one organization: its identity, its instance, a call for each permission, an estimate."""

import asyncio
from dataclasses import replace
from typing import TypeVar

from sso_batch.aws import operations
from sso_batch.aws.api import OrganizationApi
from sso_batch.aws.connection_pool import Sessions
from sso_batch.aws.exceptions import AwsFailure, is_denied
from sso_batch.aws.operations import Operation
from sso_batch.aws.permission_probe import Listed, ProbeApi, Subjects
from sso_batch.aws.regions import first_region
from sso_batch.aws.required_operations import needed
from sso_batch.aws.time_limit import TimeLimit
from sso_batch.collect.connector import Connector
from sso_batch.collect.instance import find_instance
from sso_batch.collect.permission_sets import DETAILS
from sso_batch.collect.strategy import estimate
from sso_batch.config import Collect, Organization
from sso_batch.config.field_types import partition_of_region
from sso_batch.model import Gap, Instance
from sso_batch.preflight.alternatives import BY_PAIR, alternatives
from sso_batch.preflight.record import Estimates, OrganizationCheck, Permission, Verdict

T = TypeVar("T")

_FIRST = (operations.GET_CALLER_IDENTITY, operations.DESCRIBE_ORGANIZATION, operations.LIST_INSTANCES)
"""Asked to find the instance."""

_PAGES = {
    operations.LIST_ACCOUNTS: 4,
    operations.LIST_USERS: 3,
    operations.LIST_GROUPS: 2,
    operations.LIST_PERMISSION_SETS: 2,
}
"""How far listings are followed for the estimate: a preflight stays below 40 calls."""

_COUNTED = (*_PAGES, operations.LIST_ROOTS, operations.LIST_APPLICATIONS)
"""Asked before the others, which are asked about what these find."""

_SAMPLES = 3
"""Permission sets whose accounts are counted."""

_NO_EXTERNAL_ID = (
    "the role is assumed without an external id: any principal that can pose as the runner reaches it; give "
    "the role's trust policy one, and the entry `external_id`"
)


class Preflight:
    """Looks at one organization without reading more than it must; writes nothing.

    With `outdated`, a run would ask for earlier versions of permission sets, too.
    """

    def __init__(
        self,
        organization: Organization,
        settings: Collect,
        *,
        sessions: Sessions,
        deadline: TimeLimit,
        outdated: bool = False,
    ) -> None:
        self._organization = organization
        self._settings = settings
        self._outdated = outdated
        self._connector = Connector(organization, settings, sessions=sessions, deadline=deadline)
        self._listed: dict[Operation, Listed] = {}

    async def run(self) -> OrganizationCheck:
        """What was found; raises OrganizationError where a run would fail."""
        try:
            return await self._run()
        finally:
            self._connector.close()

    def failed(self, gap: Gap, *, bug: bool = False) -> OrganizationCheck:
        """The record of an organization that a run could not read."""
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
        wanted = needed(self._settings, partition=partition_of_region(instance.region))
        permissions = {one: _allowed(one, "") for one in _FIRST}
        for gap in gaps:
            operation = operations.DESCRIBE_ORGANIZATION
            permissions[operation] = _refused(operation, gap.resource, gap)
        api, subjects = ProbeApi(gateway), Subjects.made_up(instance)
        for stage in (
            [one for one in wanted if one in _COUNTED],
            [operations.LIST_ORGANIZATIONAL_UNITS_FOR_PARENT],
            [one for one in wanted if one not in _COUNTED],
        ):
            asked = [one for one in stage if one in wanted and one not in permissions]
            answers = await asyncio.gather(*(self._ask(api, one, subjects) for one in asked))
            permissions |= dict(zip(asked, answers, strict=True))
            self._learn(subjects)
        pairs = await self._sample(api, subjects)
        instead = alternatives(self._listed)
        found = [_without(permissions[one], instead.get(one, "")) for one in wanted]
        record = self._record(instance, tuple(found))
        return replace(record, estimates=self._estimates(pairs))

    async def _ask(self, api: ProbeApi, operation: Operation, subjects: Subjects) -> Permission:
        about = _resource(operation, subjects)
        try:
            listed = await api.ask(operation, subjects, pages=_PAGES.get(operation, 1))
        except AwsFailure as failure:
            if failure.anything_not_found:
                return _allowed(operation, about)
            return _refused(operation, about, failure)
        if listed is None:
            return Permission(operation.name, operation.action, Verdict.UNKNOWN, about)
        self._listed[operation] = listed
        return _allowed(operation, about)

    def _learn(self, subjects: Subjects) -> None:
        """Ask about what is there, where something is."""
        for operation, subject in (
            (operations.LIST_ACCOUNTS, "account_id"),
            (operations.LIST_PERMISSION_SETS, "permission_set_arn"),
            (operations.LIST_USERS, "user_id"),
            (operations.LIST_GROUPS, "group_id"),
            (operations.LIST_ROOTS, "root_id"),
            (operations.LIST_ORGANIZATIONAL_UNITS_FOR_PARENT, "unit_id"),
            (operations.LIST_APPLICATIONS, "application_arn"),
        ):
            if operation in self._listed and self._listed[operation].first is not None:
                setattr(subjects, subject, self._listed[operation].first)

    async def _sample(self, api: ProbeApi, subjects: Subjects) -> list[Listed]:
        """The accounts of some permission sets, the first of them among those asked about before."""
        operation = operations.LIST_ACCOUNTS_FOR_PROVISIONED_PERMISSION_SET
        if operation not in self._listed:
            return []
        arns = self._ids(operations.LIST_PERMISSION_SETS)[1:]
        chosen = arns[:: max(len(arns) // _SAMPLES, 1)][:_SAMPLES]
        more = await asyncio.gather(
            *(self._quietly(api, operation, replace(subjects, permission_set_arn=arn)) for arn in chosen)
        )
        return [self._listed[operation], *(one for one in more if one is not None)]

    async def _quietly(self, api: ProbeApi, operation: Operation, subjects: Subjects) -> Listed | None:
        try:
            return await api.ask(operation, subjects)
        except AwsFailure:  # an estimate can do without
            return None

    def _ids(self, operation: Operation) -> tuple[str, ...]:
        return self._listed[operation].ids if operation in self._listed else ()

    def _estimates(self, sampled: list[Listed]) -> Estimates | None:
        """None where a listing that it is made from was not answered."""
        if not all(operation in self._listed for operation in _PAGES) or not sampled:
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
        pairs = round(sum(len(one.ids) for one in sampled) / len(sampled) * permission_sets)
        described = permission_sets * (1 + len(DETAILS) * self._settings.permission_set_details)
        described += min(permission_sets, accounts) * self._outdated
        rate = self._settings.requests_per_second
        complete = estimate(described + min(permission_sets, accounts) + pairs, rate=rate)
        by_principal = estimate(described + users + groups, rate=rate)
        fastest = min(complete, by_principal, key=lambda one: one.calls)
        return Estimates(
            users=users,
            groups=groups,
            accounts=accounts,
            permission_sets=permission_sets,
            pairs=pairs,
            at_least=any(self._listed[operation].more for operation in _PAGES)
            or any(one.more for one in sampled),
            complete_calls=complete.calls,
            complete_seconds=complete.seconds,
            fastest_calls=fastest.calls,
            fastest_seconds=fastest.seconds,
        )

    def _record(self, instance: Instance | None, permissions: tuple[Permission, ...]) -> OrganizationCheck:
        organization = self._organization
        alone = organization.role_arns and organization.external_id is None
        return OrganizationCheck(
            name=organization.name,
            roles=organization.role_arns,
            instance=instance,
            permissions=permissions,
            estimates=None,
            calls=self._connector.tally.by_operation.total(),
            warnings=(_NO_EXTERNAL_ID,) if alone else (),
            endpoint_overrides=self._connector.endpoint_overrides,
        )


def _allowed(operation: Operation, resource: str) -> Permission:
    return Permission(operation.name, operation.action, Verdict.ALLOWED, resource)


def _refused(operation: Operation, resource: str, cause: AwsFailure | Gap) -> Permission:
    verdict = Verdict.DENIED if is_denied(cause.code) else Verdict.UNKNOWN
    return Permission(
        operation.name, operation.action, verdict, resource, cause.code, cause.message, cause.hint
    )


def _without(permission: Permission, instead: str) -> Permission:
    """Note what a run does instead of a call; one that is refused by principal is made by pair."""
    refused = permission.verdict is Verdict.DENIED
    if refused and permission.operation == operations.LIST_ACCOUNT_ASSIGNMENTS_FOR_PRINCIPAL.name:
        instead = BY_PAIR
    return replace(permission, instead=instead)


def _resource(operation: Operation, subjects: Subjects) -> str:
    """What an operation is asked about, in words that a policy's reader knows."""
    if operation.service == "identitystore":
        return subjects.instance.identity_store_id
    if operation.service == "sso-admin":
        return subjects.instance.arn
    if operation.service == "account-access":
        return subjects.application_arn or subjects.instance.arn
    return subjects.instance.organization_id or "organization"
