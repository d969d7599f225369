"""The audit of one organization, from its credentials to its snapshot."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TypeVar

from sso_batch.activity import Activity, EarlierActivity, carry
from sso_batch.aws.activity_api import ActivityApi
from sso_batch.aws.backoff import TimeLimit
from sso_batch.aws.connection_pool import ConnectionPool, Connector
from sso_batch.aws.gateway import Gateway
from sso_batch.aws.instance_api import InstanceApi
from sso_batch.aws.operations import has_entitlements, has_policy_documents
from sso_batch.aws.organization_api import AccountAccessApi, OrganizationApi, PolicyApi
from sso_batch.aws.regions import first_region
from sso_batch.collect.activity import ActivityLookup
from sso_batch.collect.collectors import Apis, Collectors
from sso_batch.collect.instance import find_instance
from sso_batch.collect.policy_documents import PolicyLibrary
from sso_batch.collect.strategy import Workload
from sso_batch.collect.work_queue import JobCount, Jobs, run_together
from sso_batch.config import Collect, Organization
from sso_batch.config.field_types import partition_of_region
from sso_batch.coverage import NOT_SEEN_BY_PRINCIPAL, NotExamined, Omission
from sso_batch.model import EndpointOverride, Gap, Instance, ListingStrategy, Snapshot
from sso_batch.sanitize import clean_message

T = TypeVar("T")


async def _nothing_earlier() -> EarlierActivity | None:
    return None


class Audit:
    """The audit of one organization; `instance`, `region` and `tally` stay readable if it fails.

    `sessions` makes the connections of all organizations, `library` has the documents of policies that they
    have read. `claim_instance` is called before the instance is
    read, and may raise OrganizationError. With `outdated`, accounts with outdated versions of permission
    sets are listed, too. `earlier_activity` returns what the previous complete snapshot knew; it is called
    only if activity is looked up. The look-up may take `activity_seconds`.
    """

    def __init__(  # noqa: PLR0913 - each is named where it is given
        self,
        organization: Organization,
        settings: Collect,
        *,
        sessions: ConnectionPool,
        library: PolicyLibrary | None = None,
        deadline: TimeLimit | None,
        claim_instance: Callable[[Instance], Awaitable[None]],
        clock: Callable[[], datetime],
        job_count: JobCount,
        on_strategy: Callable[[ListingStrategy, Workload], None],
        outdated: bool = False,
        earlier_activity: Callable[[], Awaitable[EarlierActivity | None]] = _nothing_earlier,
        activity_seconds: float | None = None,
    ) -> None:
        self.region = None if organization.region == "auto" else organization.region
        self.instance: Instance | None = None
        self._organization = organization
        self._settings = settings
        self._connector = Connector(organization, settings, sessions=sessions, deadline=deadline)
        self.tally = self._connector.tally
        self._claim_instance = claim_instance
        self._clock = clock
        self._job_count = job_count
        self._on_strategy = on_strategy
        self._outdated = outdated
        self._library = library or PolicyLibrary()
        self._earlier_activity = earlier_activity
        self._activity_seconds = activity_seconds

    @property
    def endpoint_overrides(self) -> tuple[EndpointOverride, ...]:
        """The services whose answers do not come from AWS's endpoints, as `service=URL`."""
        return self._connector.endpoint_overrides

    async def run(self) -> Snapshot:
        """Return everything that can be read; raise OrganizationError if nothing can."""
        try:
            return await self._run()
        finally:
            self._connector.close()

    async def _run(self) -> Snapshot:
        organization = self._organization
        started_at = self._clock()
        region = self.region
        gateway = await self._connector.connect(first_region(organization))
        gaps: list[Gap] = []
        self.instance = await find_instance(
            OrganizationApi(gateway), region, expected_organization=organization.organization_id, gaps=gaps
        )
        await self._claim_instance(self.instance)
        if region is None:
            gateway = await self._connector.connect(self.instance.region)
        instance = self.instance
        collectors = Collectors(
            Apis(
                OrganizationApi(gateway),
                InstanceApi(gateway, instance.arn, instance.identity_store_id, people=self._settings.people),
                AccountAccessApi(gateway),
                PolicyApi(gateway),
            ),
            instance,
            self._settings,
            Jobs(self._job_count, gaps),
            library=self._library,
            entitlements=self._has_entitlements(instance),
            outdated=self._outdated,
            started_at=started_at,
            on_strategy=self._on_strategy,
        )
        activity = await self._activity_lookup(gateway, instance, gaps)
        await run_together(collectors.collect(), *([activity.collect()] if activity else []))
        return self._snapshot(instance, collectors, activity, gaps, started_at)

    async def _activity_lookup(
        self, gateway: Gateway, instance: Instance, gaps: list[Gap]
    ) -> ActivityLookup | None:
        """Return the collector of activity; None if the configuration leaves it out."""
        if not self._settings.activity:
            return None
        return ActivityLookup(
            ActivityApi(gateway, instance.arn, instance.identity_store_id),
            Jobs(self._job_count, gaps),
            instance,
            until=self._clock().replace(microsecond=0),
            earlier=await self._earlier_activity(),
            seconds=self._activity_seconds,
        )

    def _has_entitlements(self, instance: Instance) -> bool:
        return has_entitlements(self._settings, partition_of_region(instance.region))

    def _snapshot(
        self,
        instance: Instance,
        collectors: Collectors,
        lookup: ActivityLookup | None,
        gaps: list[Gap],
        started_at: datetime,
    ) -> Snapshot:
        identity_store = collectors.identity_store
        activity = _activity(lookup, collectors)
        return Snapshot(
            organization=self._organization.name,
            instance=instance,
            started_at=started_at,
            finished_at=self._clock(),
            strategy=self._settings.strategy,
            users=_in_order(identity_store.users.found),
            groups=_in_order(identity_store.groups.found),
            memberships=_in_order(identity_store.memberships),
            missing=tuple(sorted(identity_store.missing)),
            accounts=_in_order(collectors.accounts.found),
            accounts_complete=collectors.accounts.complete,
            permission_sets=_in_order(collectors.permission_sets.found),
            grants=tuple(sorted(collectors.grants)),
            not_examined=(
                *self._not_examined(instance, collectors),
                *(lookup.not_examined if lookup else ()),
            ),
            gaps=tuple(sorted(gaps, key=lambda gap: (gap.operation, gap.resource))),
            endpoint_overrides=self.endpoint_overrides,
            outdated=collectors.outdated,
            policy_documents=_in_order(collectors.documents.found),
            delegated_administrators=collectors.accounts.delegated_administrators,
            people=self._settings.people,
            lookups=activity.lookups if lookup else None,
            assignment_events=activity.assignment_events,
            membership_events=activity.membership_events,
            sign_ins=activity.sign_ins,
            applications=collectors.applications.found if self._settings.applications else None,
            application_assignments=collectors.applications.assignments,
            listing=collectors.strategy,
        )

    def _not_examined(self, instance: Instance, collectors: Collectors) -> tuple[NotExamined, ...]:
        settings, entitled = self._settings, self._has_entitlements(instance)
        has_unknown_attributes = any(
            len(user.attributes) < len(settings.people)
            for user in collectors.identity_store.users.found.values()
        )
        left_out = [
            (not settings.permission_set_details, Omission.PERMISSION_SET_DETAILS),
            (not has_policy_documents(settings), Omission.POLICY_DOCUMENTS),
            (not settings.account_paths, Omission.ACCOUNT_PATHS),
            (not entitled, Omission.ENTITLEMENTS),
            (not settings.applications, Omission.APPLICATIONS),
            (not settings.activity, Omission.ACTIVITY),
            (entitled, Omission.OTHER_APPLICATIONS),
            (has_unknown_attributes, Omission.UNKNOWN_ATTRIBUTES),
        ]
        unseen = () if collectors.strategy is ListingStrategy.BY_PAIR else NOT_SEEN_BY_PRINCIPAL
        unknown = (
            NotExamined.of_unknown_kind(number, item.what, clean_message(item.kind))
            for item, number in sorted(collectors.unexamined.items())
        )
        omissions = (*(omission for is_out, omission in left_out if is_out), *unseen)
        return (*map(NotExamined.by_collection, omissions), *unknown)


def _activity(lookup: ActivityLookup | None, collectors: Collectors) -> Activity:
    """Return what is known of the activity in an instance, now and from earlier snapshots."""
    if lookup is None:
        return Activity()
    identity_store = collectors.identity_store
    memberships = tuple(identity_store.memberships.values())
    return carry(
        lookup.earlier,
        lookup.finish(identity_store.users.found.values(), memberships),
        grants=collectors.grants,
        memberships=memberships,
        user_ids=identity_store.users.found.keys(),
        until=lookup.until,
    )


def _in_order(records: Mapping[str, T]) -> tuple[T, ...]:
    """Return the records sorted by id, bytewise."""
    return tuple(records[id_] for id_ in sorted(records))
