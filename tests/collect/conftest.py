"""An instance that answers from memory, and a helper that runs jobs."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

import pytest

from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.response_parsing import Unexamined
from sso_batch.collect.collectors import Apis, Collectors
from sso_batch.collect.policy_documents import PolicyLibrary
from sso_batch.collect.strategy import Workload
from sso_batch.collect.work_queue import JobCount, Jobs, WorkQueue
from sso_batch.config import Collect
from sso_batch.model import (
    GROUP,
    PERMISSION_SET,
    USER,
    Account,
    Gap,
    Grant,
    Group,
    ListingStrategy,
    Member,
    PermissionSet,
    Principal,
    User,
)
from sso_batch.model import Instance as InstanceRecord

T = TypeVar("T")

RECORD = InstanceRecord("instance", "store", "eu-west-1", "organization", None, "arn:aws:iam::1:user/ann")


Strategy = Literal["complete", "fastest"]

STARTED = datetime(2026, 11, 27, 6, tzinfo=UTC)
"""The start of every audit."""


def refused(operation: str, code: str = "AccessDeniedException") -> AwsFailure:
    return AwsFailure(operation, code, "no", hint="ask")


def assigned(account_id: str, arn: str, kind: str, principal_id: str) -> Grant:
    return Grant(account_id, PERMISSION_SET, arn, "", Principal(kind, principal_id))


LONG_AGO = "2025-12-24T12:00:00Z"
"""Since when users are members of a group, unless a test says otherwise."""


class Instance:
    """AWS as collectors call it: pages of two, every call counted, some of them refused.

    `refusals` are by operation, or by operation and arguments. With `repeats`, each listing names the items
    of its first page once more at its end. `member_since` has the dates of memberships by group and user,
    `robots` the groups with a member of an unknown kind. Answers for users in `alone` hold nothing of their
    groups.
    """

    def __init__(self) -> None:
        self.asked: Counter[tuple[str, ...]] = Counter()
        self.refusals: dict[str, AwsFailure] = {}
        self.account_records: list[Account] = []
        self.user_records: list[User] = []
        self.group_records: list[Group] = []
        self.unlisted: dict[str, User | Group] = {}
        self.member_ids: dict[str, list[str]] = {}
        self.grants: list[Grant] = []
        self.sets: list[str] = []
        self.bare: list[tuple[str, str]] = []
        self.repeats = False
        self.member_since: dict[tuple[str, str], str] = {}
        self.robots: set[str] = set()
        self.alone: set[str] = set()

    def _pages(self, items: Iterable[Any]) -> Iterator[list[Any]]:
        """Yield two items per page; at least one page, which may be empty."""
        listed = list(items)
        for start in range(0, max(len(listed), 1), 2):
            yield listed[start : start + 2]
        if self.repeats:
            yield listed[:2]

    def _ask(self, operation: str, *about: str) -> None:
        self.asked[operation, *about] += 1
        for refusal in (operation, " ".join((operation, *about))):
            if refusal in self.refusals:
                raise self.refusals[refusal]

    @property
    def pairs(self) -> set[tuple[str, str]]:
        """The provisioned pairs."""
        return {(grant.account_id, grant.permission_set_arn) for grant in self.grants} | set(self.bare)

    async def accounts(self, _management_account_id: str | None) -> AsyncIterator[list[tuple[Account, None]]]:
        """List accounts without paths."""
        self._ask("ListAccounts")
        for page in self._pages(self.account_records):
            yield [(account, None) for account in page]

    async def permission_set_arns(self) -> AsyncIterator[list[str]]:
        """List all permission sets."""
        self._ask("ListPermissionSets")
        for page in self._pages(self.sets):
            yield page

    async def permission_set(self, arn: str) -> PermissionSet:
        """Describe one permission set."""
        self._ask("DescribePermissionSet", arn)
        return PermissionSet(arn, f"name of {arn}", "", "PT1H")

    async def accounts_provisioned_with(
        self, arn: str, *, status: str | None = None
    ) -> AsyncIterator[list[str]]:
        """List the accounts of a permission set."""
        self._ask("ListAccountsForProvisionedPermissionSet", arn, *filter(None, [status]))
        for page in self._pages(sorted(account for account, other in self.pairs if other == arn)):
            yield page

    async def permission_sets_provisioned_to(
        self, account_id: str, *, status: str | None = None
    ) -> AsyncIterator[list[str]]:
        """List the permission sets of an account."""
        self._ask("ListPermissionSetsProvisionedToAccount", account_id, *filter(None, [status]))
        for page in self._pages(sorted(arn for account, arn in self.pairs if account == account_id)):
            yield page

    async def assignments(self, account_id: str, arn: str) -> AsyncIterator[list[Grant]]:
        """List the assignments of a pair."""
        self._ask("ListAccountAssignments", account_id, arn)
        for page in self._pages(
            [g for g in self.grants if (g.account_id, g.permission_set_arn) == (account_id, arn)]
        ):
            yield page

    async def assignments_of(self, principal: Principal) -> AsyncIterator[list[Grant]]:
        """List a principal's assignments, for a user with those of the user's groups."""
        self._ask("ListAccountAssignmentsForPrincipal", principal.id)
        groups = {group for group, members in self.member_ids.items() if principal.id in members}
        if principal.id in self.alone:
            groups = set()
        for page in self._pages([g for g in self.grants if g.principal.id in {principal.id, *groups}]):
            yield page

    async def users(self) -> AsyncIterator[list[User]]:
        """List the users."""
        self._ask("ListUsers")
        for page in self._pages(self.user_records):
            yield page

    async def groups(self) -> AsyncIterator[list[Group]]:
        """List the groups."""
        self._ask("ListGroups")
        for page in self._pages(self.group_records):
            yield page

    async def members(self, group_id: str) -> AsyncIterator[list[Member | Unexamined]]:
        """List the members of a group."""
        self._ask("ListGroupMemberships", group_id)
        if group_id not in self.member_ids:
            raise refused("ListGroupMemberships", "ResourceNotFoundException")
        for page in self._pages(self.member_ids[group_id]):
            yield [
                Member(user_id, created_at=self.member_since.get((group_id, user_id), LONG_AGO))
                for user_id in page
            ]
        if group_id in self.robots:
            yield [Unexamined("group members", "RobotId")]

    async def user(self, user_id: str) -> User:
        """Read a user who may not be listed."""
        found: User = self._unlisted("DescribeUser", user_id)
        return found

    async def group(self, group_id: str) -> Group:
        """Read a group that may not be listed."""
        found: Group = self._unlisted("DescribeGroup", group_id)
        return found

    async def application_arns(self) -> AsyncIterator[list[str]]:
        """List no applications of account access."""
        self._ask("ListApplications")
        yield []

    def _unlisted(self, operation: str, id_: str) -> Any:  # noqa: ANN401 - a user or a group
        self._ask(operation, id_)
        if id_ not in self.unlisted:
            raise refused(operation, "ResourceNotFoundException")
        return self.unlisted[id_]


@pytest.fixture
def instance() -> Instance:
    """Three accounts, two permission sets, three users, two groups."""
    made = Instance()
    made.account_records = [Account(f"{number}", f"account {number}", "ACTIVE") for number in (1, 2, 3)]
    made.sets = ["admin", "view"]
    made.user_records = [User(id_, id_, id_, "", "ENABLED") for id_ in ("ann", "bob", "cid")]
    made.group_records = [Group("dev", "Dev"), Group("ops", "Ops")]
    made.member_ids = {"dev": ["ann", "bob"], "ops": ["cid"]}
    made.grants = [
        assigned("1", "admin", GROUP, "ops"),
        assigned("1", "view", GROUP, "dev"),
        assigned("2", "view", USER, "ann"),
        assigned("3", "view", GROUP, "dev"),
    ]
    return made


class Collected:
    """What was collected of an instance."""

    def __init__(
        self,
        instance: Any,  # noqa: ANN401 - a substitute for the APIs
        gaps: list[Gap],
        strategy: Strategy,
        *,
        outdated: bool = False,
        entitlements: bool = False,
    ) -> None:
        self.reported: list[tuple[ListingStrategy, Workload]] = []
        self.count = JobCount()
        settings = Collect(strategy=strategy, permission_set_details=False, account_paths=False)

        async def run() -> Collectors:
            collectors = Collectors(
                Apis(instance, instance, instance, instance),
                RECORD,
                settings,
                Jobs(self.count, gaps),
                library=PolicyLibrary(),
                entitlements=entitlements,
                outdated=outdated,
                started_at=STARTED,
                on_strategy=lambda strategy, workload: self.reported.append((strategy, workload)),
            )
            await collectors.collect()
            return collectors

        collectors = asyncio.run(in_time(run()))
        self.strategy = collectors.strategy
        self.grants = collectors.grants
        self.outdated = collectors.outdated
        self.permission_sets = collectors.permission_sets.found
        self.users = collectors.identity_store.users.found
        self.memberships = collectors.identity_store.memberships
        self.missing = collectors.identity_store.missing
        self.unexamined = collectors.unexamined


@pytest.fixture
def gaps() -> list[Gap]:
    return []


Step = Callable[[WorkQueue], None]


def run_jobs(gaps: list[Gap], *steps: Step, width: int = 3) -> JobCount:
    """Run the jobs that each step adds to one queue, step by step."""
    count = JobCount()

    async def run() -> None:
        jobs = Jobs(count, gaps)
        queue = WorkQueue(jobs, width)
        for step in steps:
            async with jobs.running():
                step(queue)

    asyncio.run(in_time(run()))
    return count


async def in_time(work: Coroutine[Any, Any, T]) -> T:
    """Return the result; a step that waits for something that never comes fails, and does not hang."""
    async with asyncio.timeout(10):
        return await work


def by(items: Iterable[Gap]) -> dict[str, list[str]]:
    """Return the resources of gaps by operation."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for gap in items:
        found[gap.operation].append(gap.resource)
    return dict(found)
