"""An organization whose activity is known, on an emulator whose clock a test moves, and audits of it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sso_batch.activity import EarlierActivity
from sso_batch.aws.backoff import TimeLimit
from sso_batch.aws.connection_pool import ConnectionPool
from sso_batch.collect import Audit
from sso_batch.collect.work_queue import JobCount
from sso_batch.config import Collect
from sso_batch.config import Organization as Entry
from sso_batch.dates import format_date
from sso_batch.emulator import HUB, Emulator, World, audit_role
from sso_batch.emulator.world import Organization
from sso_batch.emulator.world.builder import OrganizationBuilder
from sso_batch.emulator.world.events import History
from sso_batch.model import Instance, Snapshot

HOUR = 3600.0
DAY = 24 * HOUR
NOW = 1_900_000_000.0
"""The time of the first audit, 2030-03-17T17:46:40Z: after today, so that no credentials have expired."""

MANAGEMENT, PROD, DELEGATE = "111122220001", "111122220002", "111122220003"


class Clock:
    """The clock of both the emulator and the audit."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the seconds since 1970."""
        return self.now

    def time(self) -> datetime:
        """Return the time as the audit needs it."""
        return datetime.fromtimestamp(self.now, UTC)


def ago(seconds: float) -> str:
    """Return the date of a time before the first audit."""
    return format_date(datetime.fromtimestamp(NOW - seconds, UTC))


def acme(record: Callable[[History, OrganizationBuilder], None] | None = None) -> Organization:
    """Return an organization with the history that `record` adds.

    Ada administers the account prod, directly and through the group ops, whose members are Ada and Bob.
    """
    builder = OrganizationBuilder(
        "acme", management_account_id=MANAGEMENT, region="eu-west-1", domain="acme.example"
    )
    builder.account("prod", PROD)
    builder.account("identity", DELEGATE)
    builder.group("ops")
    for name in ("ada", "bob", "eve"):
        builder.user(name, name.title())
    builder.member("ops", "ada")
    builder.member("ops", "bob")
    builder.permission_set("Admin", managed=("AdministratorAccess",))
    builder.assign("Admin", "USER", "ada", PROD)
    builder.assign("Admin", "GROUP", "ops", PROD)
    if record is not None:
        record(History(builder), builder)
    return builder.build()


def world_of(organization: Organization, **role: Any) -> World:  # noqa: ANN401 - fields of the role
    """Return the world of one organization, whose audit role trusts the hub."""
    return World((organization,), (HUB,), (audit_role(organization, **role),))


def audited(
    emulator: Emulator,
    clock: Clock,
    earlier: Snapshot | None = None,
    *,
    seconds: float | None = None,
) -> Snapshot:
    """Return the snapshot of an audit with activity, after an earlier one; `seconds` is its deadline."""
    (organization,) = emulator.world.organizations

    async def known() -> EarlierActivity | None:
        return None if earlier is None else EarlierActivity.of(earlier)

    async def run() -> Snapshot:
        deadline = None
        if seconds is not None:
            end = asyncio.get_running_loop().time() + seconds
            deadline = TimeLimit(end, name="the deadline", hint="raise it")
        return await Audit(
            Entry.model_validate(
                {
                    "name": organization.name,
                    "role_arn": emulator.world.roles[0].arn,
                    "region": organization.region,
                }
            ),
            Collect(activity=True, entitlements=False, account_paths=False, permission_set_details=False),
            sessions=ConnectionPool(1),
            deadline=deadline,
            claim_instance=_claim_nothing,
            clock=clock.time,
            job_count=JobCount(),
            on_strategy=lambda *_: None,
            earlier_activity=known,
        ).run()

    return asyncio.run(run())


async def _claim_nothing(_: Instance) -> None:
    """Let an audit read its instance."""
