"""Everything that a default audit reads: details of permission sets, entitlements, and account paths."""

import re
from dataclasses import replace

import pytest

from sso_batch.emulator import Behaviour, Fault, World, demo_world, generate
from sso_batch.emulator.world import AccountInstance, Organization, OrganizationalUnit, identifiers
from tests.support.audits import Audit
from tests.support.expected_reports import EVERYTHING, assert_whole, whole_truth, without_privilege
from tests.support.oracle import NOT_READ
from tests.support.reports import honest
from tests.support.sample_worlds import ODDITIES, denying, small, three_access_paths, with_first

BEHAVIOURS = {
    "as documented": Behaviour(),
    "no paths": Behaviour(omitted_account_members=frozenset({"Paths"})),
    "the older status": Behaviour(omitted_account_members=frozenset({"State"})),
    "the account's id in its path": Behaviour(account_id_in_paths=True),
    "an empty filter is refused": Behaviour(empty_entitlement_filter=False),
    "small pages, and empty ones": Behaviour(page_size=2, empty_pages=True),
}
"""What AWS's documentation leaves open, either way."""


@pytest.mark.parametrize("behaviour", BEHAVIOURS.values(), ids=list(BEHAVIOURS))
def test_rows_are_exact_for_every_behaviour_of_aws(audit: Audit, behaviour: Behaviour) -> None:
    """The rows are exactly right, however AWS behaves where its documentation is silent."""
    world = three_access_paths()

    reports = audit(world, settings=EVERYTHING, behaviour=behaviour)

    assert_whole(reports, world)


@pytest.mark.parametrize(("permission_sets", "accounts"), [(3, 12), (12, 3)])
@pytest.mark.parametrize("units", [1, 2, 40])
def test_rows_are_exact_for_every_shape(
    audit: Audit, permission_sets: int, accounts: int, units: int
) -> None:
    """The rows are exactly right, with more accounts or more permission sets, and few or many units."""
    sizes = ODDITIES | {"permission_sets": permission_sets, "accounts": accounts, "units": units}
    world = generate(3, organizations=1, **sizes)

    reports = audit(world, settings=EVERYTHING)

    assert_whole(reports, world)


def test_rows_are_exact_for_all_oddities_at_once(audit: Audit) -> None:
    """Account instances listed first, two Regions and `region: auto` leave the rows exactly right."""
    world = three_access_paths()
    odd = replace(world, organizations=tuple(map(with_account_instances, world.organizations)))

    reports = audit(odd, settings=EVERYTHING, config=lambda text: re.sub("region: .*", "region: auto", text))

    assert_whole(reports, world)
    assert (
        len({reports.organization(organization.name)["region"] for organization in world.organizations}) == 2
    )


def with_account_instances(organization: Organization) -> Organization:
    """Return the organization with account instances in two of its accounts, in the same Region."""
    instances = tuple(
        AccountInstance(
            arn=identifiers.instance_arn(f"{organization.name} {account.id}", organization.partition),
            identity_store_id=identifiers.identity_store_id(account.id),
            owner_account_id=account.id,
            region=organization.region,
        )
        for account in organization.accounts[1:3]
    )
    return replace(organization, account_instances=instances)


def test_rows_of_the_demo_are_exact(audit: Audit) -> None:
    """The rows of the demo's made-up companies are exactly right."""
    world = demo_world()

    reports = audit(
        world,
        settings=EVERYTHING,
        config=lambda text: text.replace("output:", "output:\n  escape_formulas: false"),
    )

    assert reports.ended.code == 0
    for organization in world.organizations:
        expected = whole_truth(world, organization.name)
        assert without_privilege(reports.rows(organization.name)) == without_privilege(expected)


def test_what_the_configuration_leaves_out_is_not_examined(audit: Audit) -> None:
    """What the configuration turns off is not called and is listed in not_examined."""
    reports = audit(small(1))

    operations = {operation for _, operation in reports.calls}
    assert operations.isdisjoint(
        {"GetInlinePolicyForPermissionSet", "ListTagsForResource", "ListApplications", "ListRoots"}
    )
    assert {
        "policies, permissions boundaries and tags of permission sets",
        "account-access entitlements",
        "account paths",
    } <= set(reports.organization("org-0")["not_examined"])


def organization_of_first_role(world: World) -> str:
    """Return the name of the organization whose management account has the world's first role."""
    return next(
        organization.name
        for organization in world.organizations
        if organization.management_account_id in world.roles[0].arn
    )


@pytest.mark.parametrize(
    ("action", "column"),
    [
        ("sso:ListManagedPoliciesInPermissionSet", "ManagedPolicies"),
        ("sso:ListCustomerManagedPolicyReferencesInPermissionSet", "CustomerManagedPolicies"),
        ("sso:GetInlinePolicyForPermissionSet", "InlinePolicy"),
        ("sso:GetPermissionsBoundaryForPermissionSet", "PermissionsBoundary"),
        ("organizations:ListRoots", "AccountPath"),
    ],
)
def test_a_denied_detail_is_a_gap(audit: Audit, action: str, column: str) -> None:
    """A denied detail is NOT_READ in its column, as a level that depends on it; other cells are right."""
    world = denying(three_access_paths(entitlements=0), action)
    denied = organization_of_first_role(world)

    reports = audit(world, settings=EVERYTHING)

    assert reports.ended.code == 4
    assert all(action in gap["hint"] for gap in reports.gaps(denied))
    rows, right = reports.rows(denied), whole_truth(world, denied)
    assert without_privilege(rows) == without_privilege([row | {column: NOT_READ} for row in right])
    assert all(honest(row, right) for row in rows)
    decides = column in {"ManagedPolicies", "CustomerManagedPolicies", "InlinePolicy"}
    assert [row["Privilege"] for row in rows] == [NOT_READ if decides else row["Privilege"] for row in right]


@pytest.mark.parametrize("operation", ["ListApplications", "GetApplication", "ListEntitlements"])
def test_denied_account_access_is_a_gap(audit: Audit, operation: str) -> None:
    """Without a call of account access only the entitlements are missing."""
    world = denying(three_access_paths(), f"account-access:{operation}")
    denied = organization_of_first_role(world)

    reports = audit(world, settings=EVERYTHING)

    without_entitlements = [
        row for row in whole_truth(world, denied) if row["AccessType"] == "PERMISSION_SET"
    ]
    assert [gap["operation"] for gap in reports.gaps(denied)] == [operation]
    assert reports.rows(denied) == without_entitlements


def test_a_malformed_inline_policy_is_retried(audit: Audit) -> None:
    """An answer that is not JSON is retried, not taken for "no inline policy"."""
    world = three_access_paths()
    broken = Fault("broken_json", operation="GetInlinePolicyForPermissionSet", times=5)

    reports = audit(world, settings=EVERYTHING, faults=[broken])

    assert broken.injected == 5
    assert_whole(reports, world)


@pytest.mark.parametrize("name", ["Unit 2", "Workloads"])
def test_a_cycle_of_organizational_units(audit: Audit, name: str) -> None:
    """A cycle of units is a gap, and every row and every known path is exactly right."""
    world = generate(12, organizations=2, **(ODDITIES | {"units": 3}))
    first = world.organizations[0]
    unit = next(unit for unit in first.organizational_units if unit.name == name)
    cyclic = (
        *first.organizational_units,
        OrganizationalUnit("ou-back-00000000", "Back", unit.id),
        replace(unit, parent_id="ou-back-00000000"),
    )
    with_cycle = with_first(world, replace(first, organizational_units=cyclic))
    behaviour = Behaviour(omitted_account_members=frozenset({"Paths"}))

    reports = audit(with_cycle, settings=EVERYTHING, behaviour=behaviour)

    gap = reports.gap("org-0")
    assert (gap["operation"], gap["resource"]) == ("ListOrganizationalUnitsForParent", unit.id)
    assert gap["code"] == "OrganizationalUnitCycle"
    assert gap["hint"]
    assert reports.rows("org-0") == whole_truth(world, "org-0")
    assert reports.rows("org-1") == whole_truth(world, "org-1")
