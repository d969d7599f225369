"""Answers that are none: of another shape, in another encoding, to another question, about something else.

Each is retried; where it stays it is a gap. It is never an empty list, and never a row that is not true.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from sso_batch.aws import gateway
from sso_batch.emulator import Behaviour, Fault, World, generate
from sso_batch.emulator.faults import FaultKind
from sso_batch.emulator.service import Answer, Call
from sso_batch.emulator.services.organizations import ORGANIZATIONS
from tests.end_to_end.conftest import Audit
from tests.end_to_end.expected import assert_exact, truth
from tests.end_to_end.reports import honest
from tests.end_to_end.worlds import ODDITIES

MANY_ACCOUNTS = ODDITIES | {"accounts": 12, "pairs": 16, "users": 12}
FEW_ACCOUNTS = MANY_ACCOUNTS | {"permission_sets": 14, "accounts": 4, "pairs": 20}

ROWS = (
    "ListAccountAssignments",
    "ListPermissionSets",
    "ListAccountsForProvisionedPermissionSet",
    "ListAccounts",
    "ListUsers",
    "ListGroups",
    "ListGroupMemberships",
)
"""Listings that decide rows."""

SHAPES: tuple[FaultKind, ...] = (
    "no_list",
    "null_list",
    "list_twice",
    "error_document",
    "byte_order_mark",
    "utf_16",
    "utf_32",
    "empty_ids",
)
"""What strikes every answer of a listing."""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up a call that fails again and again at once."""
    monkeypatch.setattr(gateway, "GIVE_UP", 0.02)


@pytest.fixture
def world() -> World:
    """Two organizations, with more accounts than permission sets."""
    return generate(4, organizations=2, **MANY_ACCOUNTS)


def assert_a_gap(audit: Audit, world: World, fault: Fault, **settings: object) -> None:
    """The first organization has a gap of the call that was struck, and no untrue row; the other is exact."""
    reports = audit(world, faults=[fault], **settings)

    assert fault.injected > 0
    assert reports.ended.code == 4
    assert reports.statuses == {"org-0": "incomplete", "org-1": "complete"}
    assert {gap["operation"] for gap in reports.gaps("org-0")} >= {fault.operation}
    assert all(gap["hint"] or gap["code"] for gap in reports.gaps("org-0"))
    assert all(honest(row, truth(world, "org-0")) for row in reports.rows("org-0"))
    assert_exact(reports, world, "org-1")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("operation", ROWS)
@pytest.mark.parametrize("kind", SHAPES)
def test_an_answer_of_another_shape_is_a_gap(
    audit: Audit, world: World, operation: str, kind: FaultKind
) -> None:
    """A body that botocore would read as empty is a broken answer of every listing that decides rows."""
    assert_a_gap(audit, world, Fault(kind, operation=operation, organization="org-0"))


@pytest.mark.parametrize("kind", SHAPES)
def test_an_answer_of_another_shape_is_retried(audit: Audit, world: World, kind: FaultKind) -> None:
    """Where it passes, nothing is missing."""
    faults = [Fault(kind, operation=operation, times=1) for operation in ROWS]

    reports = audit(world, faults=faults)

    assert all(fault.injected for fault in faults)
    assert reports.ended.code == 0
    assert_exact(reports, world, "org-0", "org-1")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kind", ["misspelt_token", "number_as_token"])
@pytest.mark.parametrize("operation", ROWS[:1] + ROWS[3:])
def test_a_token_of_another_kind_does_not_end_a_listing(
    audit: Audit, world: World, operation: str, kind: FaultKind
) -> None:
    """A page with a token that cannot be used is a broken answer, and not the last page."""
    fault = Fault(kind, operation=operation, organization="org-0")

    assert_a_gap(audit, world, fault, behaviour=Behaviour(page_size=1))


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "operation",
    [
        "ListAccountAssignments",
        "ListGroupMemberships",
        "DescribePermissionSet",
        "DescribeUser",
        "DescribeGroup",
    ],
)
def test_an_answer_to_another_question_is_a_gap(audit: Audit, world: World, operation: str) -> None:
    """What AWS repeats of the question is compared with it: nothing is written about somebody else."""
    assert_a_gap(audit, world, Fault("other_question", operation=operation, organization="org-0"))


@pytest.mark.usefixtures("impatient")
def test_assignments_of_another_principal(audit: Audit) -> None:
    """The rows of another user or group are a gap for the one who was asked about."""
    world = generate(4, organizations=2, **(MANY_ACCOUNTS | {"pairs": 60}))
    fault = Fault("other_question", operation="ListAccountAssignmentsForPrincipal", organization="org-0")
    settings = "collect: {strategy: fastest, permission_set_details: false, account_paths: false}\n"

    reports = audit(world, faults=[fault], settings=settings)

    assert fault.injected > 0
    assert reports.statuses["org-0"] == "incomplete"
    assert {gap["operation"] for gap in reports.gaps("org-0")} == {"ListAccountAssignmentsForPrincipal"}


# The listing of an account's permission sets, which AWS was seen to leave out


@pytest.mark.parametrize("kind", ["no_list", "null_list"])
@pytest.mark.parametrize("strategy", ["complete", "fastest"])
def test_permission_sets_that_are_left_out_are_confirmed(
    audit: Audit, kind: FaultKind, strategy: str
) -> None:
    """Without its list the answer proves nothing: the permission sets are asked for their accounts."""
    all_listed = {"orphans": 0, "unlisted_users": 0, "unlisted_groups": 0}
    world = generate(4, organizations=2, **(FEW_ACCOUNTS | all_listed))
    fault = Fault(kind, operation="ListPermissionSetsProvisionedToAccount", organization="org-0")
    settings = (
        f"collect: {{strategy: {strategy}, permission_set_details: false, account_paths: false, "
        "entitlements: false}\n"
    )

    reports = audit(world, faults=[fault], settings=settings)

    assert fault.injected > 0
    assert reports.ended.code == 0
    assert_exact(reports, world, "org-0", "org-1")
    assert reports.calls["org-0", "ListAccountsForProvisionedPermissionSet"] == 14
    assert reports.calls["org-1", "ListAccountsForProvisionedPermissionSet"] == 0


def test_accounts_without_permission_sets(audit: Audit) -> None:
    """An account without permission sets is no gap where AWS leaves its list out, and costs no retry."""
    world = generate(4, organizations=1, **(FEW_ACCOUNTS | {"pairs": 2, "bare_pairs": 0}))

    reports = audit(world, behaviour=Behaviour(bare_lists=True))

    assert reports.ended.code == 0
    assert_exact(reports, world, "org-0")
    assert reports.calls["org-0", "ListPermissionSetsProvisionedToAccount"] == 4


def test_permission_sets_that_nothing_confirms(audit: Audit) -> None:
    """Where the other listing is refused, too, each account without a list is a gap."""
    world = generate(4, organizations=2, **FEW_ACCOUNTS)
    left_out = Fault("no_list", operation="ListPermissionSetsProvisionedToAccount", organization="org-0")
    refused = Fault("access_denied", operation="ListPermissionSets", organization="org-0")

    reports = audit(world, faults=[left_out, refused])

    gaps = [gap for gap in reports.gaps("org-0") if gap["code"] == "ListLeftOut"]
    assert {gap["resource"] for gap in gaps} == {one.id for one in world.organizations[0].accounts}
    assert all("sso:ListPermissionSets" in gap["hint"] for gap in gaps)


def test_outdated_permission_sets_that_are_left_out(audit: Audit, tmp_path: Path) -> None:
    """Earlier versions are found by permission set where AWS leaves the list of an account out."""
    world = generate(4, organizations=1, **FEW_ACCOUNTS)
    fault = Fault("no_list", operation="ListPermissionSetsProvisionedToAccount")
    settings = (
        "collect: {permission_set_details: false, account_paths: false, entitlements: false}\n"
        "review: {checks: {outdated-provisioning: medium}}\n"
    )

    found, confirmed = (
        [one for one in reports.records("org-0") if one["record"] == "outdated"]
        for reports in (
            audit(world, settings=settings, folder=tmp_path / "as documented"),
            audit(world, settings=settings, folder=tmp_path / "left out", faults=[fault]),
        )
    )

    assert fault.injected > 0
    assert found
    assert confirmed == found


# What contradicts what is known


def test_accounts_without_the_management_account(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    """A listing without the management account, which DescribeOrganization names, is not whole."""
    world = generate(4, organizations=2, **MANY_ACCOUNTS)
    operation = ORGANIZATIONS.operations["ListAccounts"]

    def without_it(call: Call) -> Answer:
        answer = operation.answer(call)
        hidden = world.organizations[0].management_account_id
        return answer | {"Accounts": [one for one in answer["Accounts"] if one["Id"] != hidden]}

    monkeypatch.setitem(ORGANIZATIONS.operations, "ListAccounts", replace(operation, answer=without_it))

    reports = audit(world)

    gap = reports.gap("org-0")
    assert (gap["operation"], gap["code"]) == ("ListAccounts", "ContradictoryAnswer")
    assert world.organizations[0].management_account_id in gap["message"]
    assert all(honest(row, truth(world, "org-0")) for row in reports.rows("org-0"))
    assert reports.statuses["org-1"] == "complete"


# Not found, but not what was asked for


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("operation", ["DescribeUser", "DescribeGroup", "ListGroupMemberships"])
def test_an_identity_store_that_is_not_found_is_nobody_s_end(
    audit: Audit, world: World, operation: str
) -> None:
    """Nobody is gone because the identity store was not found."""
    fault = Fault("instance_not_found", operation=operation, organization="org-0")

    assert_a_gap(audit, world, fault)


@pytest.mark.usefixtures("impatient")
def test_an_instance_that_is_not_found_is_no_missing_boundary(audit: Audit, world: World) -> None:
    """A permission set has no boundary only where AWS says so of the boundary."""
    fault = Fault(
        "instance_not_found", operation="GetPermissionsBoundaryForPermissionSet", organization="org-0"
    )

    reports = audit(world, faults=[fault], settings="collect: {entitlements: false}\n")

    assert {gap["operation"] for gap in reports.gaps("org-0")} == {fault.operation}
    assert {row["PermissionsBoundary"] for row in reports.rows("org-0")} == {"NOT_READ"}


# Kinds that AWS may add


KINDS = {
    "ListGroupMemberships": "group members of the kind DeviceId",
    "ListEntitlements": "entitlements of the kind deviceRole",
    "GetApplication": "applications of an identity source of the kind deviceSource",
}


@pytest.mark.parametrize(("operation", "what"), KINDS.items(), ids=KINDS.keys())
def test_a_kind_that_is_not_known_is_not_examined(
    audit: Audit, world: World, operation: str, what: str
) -> None:
    """What this version cannot read is counted and named, nothing is asked a second time for it."""
    fault = Fault("unknown_member", operation=operation, organization="org-0")

    reports = audit(world, faults=[fault], settings="collect: {permission_set_details: false}\n")

    assert reports.statuses == {"org-0": "complete", "org-1": "complete"}
    (line,) = [one for one in reports.organization("org-0")["not_examined"] if what in one]
    assert line[0].isdigit()
    assert reports.organization("org-0")["calls"]["retried"] == 0
    assert {row["PrincipalState"] for row in reports.rows("org-0")} >= {"OK"}


def test_a_group_of_unknown_members_is_not_empty(audit: Audit, world: World) -> None:
    """A group whose only members are of an unknown kind has members that were not read."""
    fault = Fault("unknown_member", operation="ListGroupMemberships", organization="org-0")

    reports = audit(world, faults=[fault])

    states = {row["PrincipalState"] for row in reports.rows("org-0") if row["PrincipalType"] == "GROUP"}
    assert "MEMBERS_NOT_READ" in states
    assert "EMPTY_GROUP" in states  # the group that has no members at all
