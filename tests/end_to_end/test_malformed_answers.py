"""Malformed answers: of another shape, in another encoding, to another question, about another resource.

Each is retried; if that does not help, it is a gap, never an empty list and never a wrong row.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from sso_batch.aws import gateway
from sso_batch.emulator import Behaviour, Fault, World, generate
from sso_batch.emulator.faults import FaultKind
from sso_batch.emulator.service import Answer, Call
from sso_batch.emulator.services.organizations import ORGANIZATIONS
from tests.support.audits import Audit
from tests.support.expected_reports import EVERYTHING, assert_exact, assert_whole, truth
from tests.support.reports import honest
from tests.support.sample_worlds import ODDITIES

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
"""Faults that can be injected into every listing."""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop retrying a call almost at once."""
    monkeypatch.setattr(gateway, "GIVE_UP", 0.02)


@pytest.fixture
def world() -> World:
    """Return two organizations with more accounts than permission sets."""
    return generate(4, organizations=2, **MANY_ACCOUNTS)


def assert_a_gap(audit: Audit, world: World, fault: Fault, **settings: object) -> None:
    """Assert that the first organization's faulty call is a gap and no row is wrong; the other is exact."""
    reports = audit(world, faults=[fault], **settings)

    assert fault.injected > 0
    assert reports.ended.code == 4
    assert reports.statuses == {"org-0": "incomplete", "org-1": "complete"}
    assert {gap["operation"] for gap in reports.gaps("org-0")} >= {fault.operation}
    assert all(gap["hint"] or gap["code"] for gap in reports.gaps("org-0"))
    expected = truth(world, "org-0")
    assert all(honest(row, expected) for row in reports.rows("org-0"))
    assert_exact(reports, world, "org-1")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("operation", ROWS)
@pytest.mark.parametrize("kind", SHAPES)
def test_an_answer_of_another_shape_is_a_gap(
    audit: Audit, world: World, operation: str, kind: FaultKind
) -> None:
    """A body that botocore would read as empty is a malformed answer of every listing that decides rows."""
    assert_a_gap(audit, world, Fault(kind, operation=operation, organization="org-0"))


@pytest.mark.parametrize("kind", SHAPES)
def test_an_answer_of_another_shape_is_retried(audit: Audit, world: World, kind: FaultKind) -> None:
    """If the next answer is well-formed, nothing is missing."""
    faults = [Fault(kind, operation=operation, times=1) for operation in ROWS]

    reports = audit(world, faults=faults)

    assert all(fault.injected for fault in faults)
    assert reports.ended.code == 0
    assert_exact(reports, world, "org-0", "org-1")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kind", ["misspelt_token", "number_as_token"])
@pytest.mark.parametrize("operation", ROWS[:1] + ROWS[3:])
def test_an_unusable_page_token_is_a_gap(audit: Audit, world: World, operation: str, kind: FaultKind) -> None:
    """A page with an unusable token is a malformed answer, not the last page."""
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
    """An answer whose ids differ from those of the call is a gap."""
    assert_a_gap(audit, world, Fault("other_question", operation=operation, organization="org-0"))


@pytest.mark.usefixtures("impatient")
def test_assignments_of_another_principal(audit: Audit) -> None:
    """Assignments of another principal are a gap."""
    world = generate(4, organizations=2, **(MANY_ACCOUNTS | {"pairs": 60}))
    fault = Fault("other_question", operation="ListAccountAssignmentsForPrincipal", organization="org-0")
    settings = "collect: {strategy: fastest, permission_set_details: false, account_paths: false}\n"

    reports = audit(world, faults=[fault], settings=settings)

    assert fault.injected > 0
    assert reports.statuses["org-0"] == "incomplete"
    assert {gap["operation"] for gap in reports.gaps("org-0")} == {"ListAccountAssignmentsForPrincipal"}


@pytest.mark.parametrize(
    "operation",
    [
        "ListAccountAssignments",
        "ListAccounts",
        "ListAccountsForProvisionedPermissionSet",
        "ListApplications",
        "ListCustomerManagedPolicyReferencesInPermissionSet",
        "ListEntitlements",
        "ListGroupMemberships",
        "ListGroups",
        "ListManagedPoliciesInPermissionSet",
        "ListPermissionSets",
        "ListUsers",
    ],
)
def test_the_first_page_twice(audit: Audit, operation: str) -> None:
    """A token that leads to the first page again changes nothing: what is listed twice counts once."""
    world = generate(4, organizations=2, **(MANY_ACCOUNTS | {"entitlements": 9}))
    fault = Fault("repeated_token", operation=operation, organization="org-0", times=6)

    reports = audit(world, faults=[fault], settings=EVERYTHING, behaviour=Behaviour(page_size=1))

    assert fault.injected > 0
    assert_whole(reports, world)


# ListPermissionSetsProvisionedToAccount, whose list AWS sometimes omits


@pytest.mark.parametrize("kind", ["no_list", "null_list"])
@pytest.mark.parametrize("strategy", ["complete", "fastest"])
def test_an_omitted_list_of_permission_sets_is_confirmed(
    audit: Audit, kind: FaultKind, strategy: str
) -> None:
    """If the list is omitted, the accounts of each permission set are listed instead, and rows are exact."""
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
    # When `fastest` chooses to list by principal, listings that have not started yet are skipped.
    by_permission_set = reports.calls["org-0", "ListAccountsForProvisionedPermissionSet"]
    assert by_permission_set == 14 if strategy == "complete" else by_permission_set <= 14
    assert reports.calls["org-1", "ListAccountsForProvisionedPermissionSet"] == 0


def test_accounts_without_permission_sets(audit: Audit) -> None:
    """An omitted list for an account without permission sets is neither a gap nor retried."""
    world = generate(4, organizations=1, **(FEW_ACCOUNTS | {"pairs": 2, "bare_pairs": 0}))

    reports = audit(world, behaviour=Behaviour(bare_lists=True))

    assert reports.ended.code == 0
    assert_exact(reports, world, "org-0")
    assert reports.calls["org-0", "ListPermissionSetsProvisionedToAccount"] == 4


def test_an_omitted_list_that_cannot_be_confirmed(audit: Audit) -> None:
    """If the other listing is denied too, each account whose list was omitted is a gap."""
    world = generate(4, organizations=2, **FEW_ACCOUNTS)
    omitted = Fault("no_list", operation="ListPermissionSetsProvisionedToAccount", organization="org-0")
    refused = Fault("access_denied", operation="ListPermissionSets", organization="org-0")

    reports = audit(world, faults=[omitted, refused])

    gaps = [gap for gap in reports.gaps("org-0") if gap["code"] == "ListLeftOut"]
    assert {gap["resource"] for gap in gaps} == {account.id for account in world.organizations[0].accounts}
    assert all("sso:ListPermissionSets" in gap["hint"] for gap in gaps)


def test_an_omitted_list_of_outdated_permission_sets(audit: Audit, tmp_path: Path) -> None:
    """If the list of an account is omitted, outdated provisioning is found by permission set."""
    world = generate(4, organizations=1, **FEW_ACCOUNTS)
    fault = Fault("no_list", operation="ListPermissionSetsProvisionedToAccount")
    settings = (
        "collect: {permission_set_details: false, account_paths: false, entitlements: false}\n"
        "review: {checks: {outdated-provisioning: medium}}\n"
    )

    found, confirmed = (
        [record for record in reports.records("org-0") if record["record"] == "outdated"]
        for reports in (
            audit(world, settings=settings, folder=tmp_path / "as documented"),
            audit(world, settings=settings, folder=tmp_path / "omitted", faults=[fault]),
        )
    )

    assert fault.injected > 0
    assert found
    assert confirmed == found


# Contradictions


def test_a_listing_without_the_management_account(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    """A listing without the management account that DescribeOrganization names is a gap."""
    world = generate(4, organizations=2, **MANY_ACCOUNTS)
    operation = ORGANIZATIONS.operations["ListAccounts"]

    def without_it(call: Call) -> Answer:
        answer = operation.answer(call)
        hidden = world.organizations[0].management_account_id
        return answer | {"Accounts": [account for account in answer["Accounts"] if account["Id"] != hidden]}

    monkeypatch.setitem(ORGANIZATIONS.operations, "ListAccounts", replace(operation, answer=without_it))

    reports = audit(world)

    gap = reports.gap("org-0")
    assert (gap["operation"], gap["code"]) == ("ListAccounts", "ContradictoryAnswer")
    assert world.organizations[0].management_account_id in gap["message"]
    expected = truth(world, "org-0")
    assert all(honest(row, expected) for row in reports.rows("org-0"))
    assert reports.statuses["org-1"] == "complete"


# Not found, but about another resource


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("operation", ["DescribeUser", "DescribeGroup", "ListGroupMemberships"])
def test_an_identity_store_that_is_not_found(audit: Audit, world: World, operation: str) -> None:
    """A principal is not reported as deleted because the identity store was not found."""
    fault = Fault("instance_not_found", operation=operation, organization="org-0")

    assert_a_gap(audit, world, fault)


@pytest.mark.usefixtures("impatient")
def test_an_instance_that_is_not_found(audit: Audit, world: World) -> None:
    """A permissions boundary is not reported as missing because the instance was not found."""
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
def test_an_unknown_kind_is_not_examined(audit: Audit, world: World, operation: str, what: str) -> None:
    """Entries of an unknown kind are counted in not_examined, and the call is not retried."""
    fault = Fault("unknown_member", operation=operation, organization="org-0")

    reports = audit(world, faults=[fault], settings="collect: {permission_set_details: false}\n")

    assert reports.statuses == {"org-0": "complete", "org-1": "complete"}
    (line,) = [line for line in reports.organization("org-0")["not_examined"] if what in line]
    assert line[0].isdigit()
    assert reports.organization("org-0")["calls"]["retried"] == 0
    assert {row["PrincipalState"] for row in reports.rows("org-0")} >= {"OK"}


def test_a_group_of_unknown_members_is_not_empty(audit: Audit, world: World) -> None:
    """A group with only members of an unknown kind is MEMBERS_NOT_READ."""
    fault = Fault("unknown_member", operation="ListGroupMemberships", organization="org-0")

    reports = audit(world, faults=[fault])

    states = {row["PrincipalState"] for row in reports.rows("org-0") if row["PrincipalType"] == "GROUP"}
    assert "MEMBERS_NOT_READ" in states
    assert "EMPTY_GROUP" in states  # the group without any members
