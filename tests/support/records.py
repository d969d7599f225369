"""Records with defaults, so that a test names only what it is about."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sso_batch import coverage
from sso_batch.coverage import NotExamined
from sso_batch.model import (
    IAM_ROLE,
    PERMISSION_SET,
    USER,
    Account,
    Application,
    Gap,
    GapKind,
    Grant,
    Group,
    Instance,
    Member,
    Membership,
    PermissionSet,
    Principal,
    Snapshot,
    User,
)
from sso_batch.run_files.results import NOTHING, Calls, OrganizationOutcome, RunOutcome, Status

STARTED = datetime(2026, 3, 4, 5, 6, 7, 89000, tzinfo=UTC)
FINISHED = datetime(2026, 3, 4, 5, 7, 8, tzinfo=UTC)

ADMIN = "arn:aws:sso:::permissionSet/ssoins-1/ps-admin"
ROLE = "arn:aws:iam::111111111111:role/Audit"

INSTANCE = Instance(
    arn="arn:aws:sso:::instance/ssoins-1",
    identity_store_id="d-1",
    region="eu-west-1",
    organization_id="o-a1b2c3d4e5",
    management_account_id="000000000001",
    caller_arn="arn:aws:sts::000000000001:assumed-role/Audit/sso-batch",
)

_EMPTY = Snapshot(
    organization="acme",
    instance=INSTANCE,
    started_at=STARTED,
    finished_at=FINISHED,
    strategy="complete",
    users=(),
    groups=(),
    memberships=(),
    missing=(),
    accounts=(),
    accounts_complete=True,
    permission_sets=(),
    grants=(),
    not_examined=(),
    gaps=(),
)

_NOT_READ = OrganizationOutcome(
    name="acme",
    status=Status.COMPLETE,
    started_at=STARTED,
    finished_at=FINISHED,
    region="eu-west-1",
    instance=INSTANCE,
    counts=NOTHING,
    calls=Calls(0, 0, 0, {}),
    not_examined=(),
    gaps=(),
    files=(),
)


def snapshot(**fields: Any) -> Snapshot:  # noqa: ANN401 - any field of the record
    """Return the snapshot of an organization that has only these fields."""
    return replace(_EMPTY, **fields)


def user(user_id: str = "u-1", name: str = "Ann Lee") -> User:
    """Return an enabled user whose login and email are made from the id."""
    return User(user_id, f"login-{user_id}", name, f"{user_id}@example.com", "ENABLED")


def membership_of(group_id: str, user_ids: Iterable[str]) -> Membership:
    """Return the memberships of users in a group, of which only the ids are known."""
    return Membership(group_id, tuple(map(Member, user_ids)))


def grant(principal: Principal, account_id: str = "111111111111", permission_set_arn: str = ADMIN) -> Grant:
    """Return an account assignment."""
    return Grant(account_id, PERMISSION_SET, permission_set_arn, "", principal)


def entitlement(principal: Principal, account_id: str = "111111111111", role_arn: str = ROLE) -> Grant:
    """Return an account-access entitlement to an IAM role."""
    return Grant(account_id, IAM_ROLE, "", role_arn, principal)


def application(
    name: str = "Wiki",
    *,
    required: bool | None = True,
    status: str = "ENABLED",
    complete: bool = True,
    arn: str | None = None,
) -> Application:
    """Return an application whose ARN is made from its name."""
    return Application(
        arn=f"arn:aws:sso::111111111111:application/ssoins-1/{name}" if arn is None else arn,
        name=name,
        account_id="111111111111",
        provider_arn="arn:aws:sso::aws:applicationProvider/custom",
        status=status,
        assignment_required=required,
        assignments_complete=complete,
    )


def permission_set(
    arn: str,
    name: str | None,
    session_duration: str | None = None,
    managed: tuple[str, ...] | None = None,
    customer_managed: tuple[str, ...] | None = None,
    inline_policy: str | None = None,
    permissions_boundary: str | None = None,
) -> PermissionSet:
    """Return a permission set with the fields of the report, in the order of its columns."""
    return PermissionSet(
        arn,
        name=name,
        session_duration=session_duration,
        managed_policies=managed,
        customer_managed_policies=customer_managed,
        inline_policy=inline_policy,
        permissions_boundary=permissions_boundary,
    )


def unexamined(*texts: str) -> tuple[NotExamined, ...]:
    """Return the records of the manifest's strings."""
    return tuple(map(coverage.parse, texts))


def gap(resource: str = "111111111111", **fields: Any) -> Gap:  # noqa: ANN401
    """Return the gap of a call that was denied."""
    denied = Gap(
        GapKind.ASSIGNMENTS,
        operation="ListAccountAssignments",
        resource=resource,
        code="AccessDeniedException",
        message="not authorized",
        hint="allow the role the IAM action sso:ListAccountAssignments",
    )
    return replace(denied, **fields)


def outcome(name: str = "acme", status: Status = Status.COMPLETE, **fields: Any) -> OrganizationOutcome:  # noqa: ANN401
    """Return the outcome of an organization without records."""
    return replace(_NOT_READ, name=name, status=status, **fields)


def run_outcome(*organizations: OrganizationOutcome, **fields: Any) -> RunOutcome:  # noqa: ANN401
    """Return the outcome of a run whose files were written."""
    defaults: dict[str, Any] = {"files": (), "started_at": STARTED, "finished_at": FINISHED}
    return RunOutcome(organizations, **defaults | fields)


def small_organization() -> Snapshot:
    """Return an organization with at least one record of each kind, some with hostile names."""
    ann, gone = Principal(USER, "u-1"), Principal(USER, "u-9")
    return snapshot(
        users=(user(), User("u-2", "=cmd()", 'Bob "the, builder"\r\n', "", "DISABLED")),
        groups=(Group("g-1", "Ops; +x"), Group("g-2", "Nobody")),
        memberships=(membership_of("g-1", ("u-1", "u-2", "u-9")), membership_of("g-2", ())),
        missing=(gone,),
        accounts=(Account("000000000042", "Prod", "ACTIVE"), Account("111111111111", "-dev", "", "Root/Dev")),
        permission_sets=(
            permission_set(ADMIN, "Admin", "PT12H", ("arn:b", "arn:a"), ("/x/y",), "{}", ""),
            PermissionSet("arn:unread"),
        ),
        grants=(
            grant(ann),
            grant(gone, "000000000042"),
            grant(Principal("GROUP", "g-1"), "000000000042"),
            grant(Principal("GROUP", "g-2"), permission_set_arn="arn:unread"),
            entitlement(ann),
        ),
        not_examined=unexamined("account paths"),
    )
