"""All the ways in: permission sets in detail, entitlements of IAM roles, and where accounts are."""

import re
from dataclasses import replace

import pytest

from sso_batch.emulator import Behaviour, Fault, World, demo_world, generate
from sso_batch.emulator.world import AccountInstance, Organization, OrganizationalUnit, identifiers
from tests.end_to_end.conftest import Audit
from tests.end_to_end.reports import Reports
from tests.end_to_end.worlds import ODDITIES, denying, small, three_ways_in
from tests.support.oracle import NOT_READ, Row, expected_rows

EVERYTHING = "\ncollect: {permission_set_details: true, entitlements: true, account_paths: true}\n"

READINGS = {
    "as documented": Behaviour(),
    "no paths": Behaviour(omitted_account_members=frozenset({"Paths"})),
    "the older status": Behaviour(omitted_account_members=frozenset({"State"})),
    "the account's id in its path": Behaviour(account_id_in_paths=True),
    "an empty filter refused": Behaviour(empty_entitlement_filter=False),
    "small pages, and empty ones": Behaviour(page_size=2, empty_pages=True),
}
"""What AWS's documentation leaves open, both ways."""


def whole_truth(world: World, name: str) -> list[Row]:
    """Every row with every cell."""
    return expected_rows(world, name, details=True, entitlements=True, account_paths=True)


def assert_whole(reports: Reports, world: World) -> None:
    """The run is complete, and every organization's rows are the whole truth."""
    assert reports.ended.code == 0
    for organization in world.organizations:
        assert reports.rows(organization.name) == whole_truth(world, organization.name)


@pytest.mark.parametrize("behaviour", READINGS.values(), ids=list(READINGS))
def test_everything_is_exact(audit: Audit, behaviour: Behaviour) -> None:
    """Whichever way AWS behaves where its documentation is silent, the rows are the whole truth."""
    world = three_ways_in()

    reports = audit(world, settings=EVERYTHING, behaviour=behaviour)

    assert_whole(reports, world)


@pytest.mark.parametrize(("permission_sets", "accounts"), [(3, 12), (12, 3)])
@pytest.mark.parametrize("units", [1, 2, 40])
def test_every_shape_is_exact(audit: Audit, permission_sets: int, accounts: int, units: int) -> None:
    """More accounts or more permission sets, few units or many: the rows are the whole truth."""
    sizes = ODDITIES | {"permission_sets": permission_sets, "accounts": accounts, "units": units}
    world = generate(3, organizations=1, **sizes)

    reports = audit(world, settings=EVERYTHING)

    assert_whole(reports, world)


def test_all_oddities_at_once(audit: Audit) -> None:
    """Entitlements, unlisted principals, account instances listed first, two Regions, `region: auto`."""
    world = three_ways_in()
    odd = replace(world, organizations=tuple(with_account_instances(one) for one in world.organizations))

    reports = audit(odd, settings=EVERYTHING, config=lambda text: re.sub("region: .*", "region: auto", text))

    assert_whole(reports, world)
    assert len({reports.organization(one.name)["region"] for one in world.organizations}) == 2


def with_account_instances(organization: Organization) -> Organization:
    """The organization, two of whose accounts have an instance for themselves in the same Region."""
    made = tuple(
        AccountInstance(
            arn=identifiers.instance_arn(f"{organization.name} {account.id}", organization.partition),
            identity_store_id=identifiers.identity_store_id(account.id),
            owner_account_id=account.id,
            region=organization.region,
        )
        for account in organization.accounts[1:3]
    )
    return replace(organization, account_instances=made)


def test_the_demo_is_exact(audit: Audit) -> None:
    """The made-up companies, with all that is odd about them, are told as they are."""
    world = demo_world()

    reports = audit(
        world,
        settings=EVERYTHING,
        config=lambda text: text.replace("output:", "output:\n  escape_formulas: false"),
    )

    assert_whole(reports, world)


def test_what_is_left_out_is_said_and_not_asked(audit: Audit) -> None:
    """What the configuration turns off is asked of nobody, and stands in not_examined."""
    reports = audit(small(1))

    asked = {operation for _, operation in reports.calls}
    assert asked.isdisjoint(
        {"GetInlinePolicyForPermissionSet", "ListTagsForResource", "ListApplications", "ListRoots"}
    )
    assert {
        "policies, permissions boundaries and tags of permission sets",
        "account-access entitlements",
        "account paths",
    } <= set(reports.organization("org-0")["not_examined"])


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
    """A detail that is denied is NOT_READ in its column, and every other cell is as it would have been."""
    world = denying(three_ways_in(entitlements=0), action)
    denied = next(one.name for one in world.organizations if one.management_account_id in world.roles[0].arn)

    reports = audit(world, settings=EVERYTHING)

    assert reports.ended.code == 4
    assert {gap["hint"] for gap in reports.gaps(denied)} == {f"allow the role the IAM action {action}"}
    assert reports.rows(denied) == [row | {column: NOT_READ} for row in whole_truth(world, denied)]


@pytest.mark.parametrize("operation", ["ListApplications", "GetApplication", "ListEntitlements"])
def test_denied_account_access_is_a_gap(audit: Audit, operation: str) -> None:
    """Account access that is denied costs the entitlements and nothing else."""
    world = denying(three_ways_in(), f"account-access:{operation}")
    denied = next(one.name for one in world.organizations if one.management_account_id in world.roles[0].arn)

    reports = audit(world, settings=EVERYTHING)

    truth = [row for row in whole_truth(world, denied) if row["AccessType"] == "PERMISSION_SET"]
    assert [gap["operation"] for gap in reports.gaps(denied)] == [operation]
    assert reports.rows(denied) == truth


def test_a_broken_inline_policy_is_never_none(audit: Audit) -> None:
    """An answer that is no JSON is asked for again, and not taken for `no inline policy`."""
    world = three_ways_in()
    broken = Fault("broken_json", operation="GetInlinePolicyForPermissionSet", times=5)

    reports = audit(world, settings=EVERYTHING, faults=[broken])

    assert broken.injected == 5
    assert_whole(reports, world)


@pytest.mark.parametrize("name", ["Unit 2", "Workloads"])
def test_a_cycle_of_organizational_units(audit: Audit, name: str) -> None:
    """A tree that leads back to itself ends as a gap; every row and every path that is known stays."""
    world = generate(12, organizations=2, **(ODDITIES | {"units": 3}))
    first = world.organizations[0]
    unit = next(one for one in first.organizational_units if one.name == name)
    cyclic = (
        *first.organizational_units,
        OrganizationalUnit("ou-back-00000000", "Back", unit.id),
        replace(unit, parent_id="ou-back-00000000"),
    )
    changed = replace(
        world, organizations=(replace(first, organizational_units=cyclic), *world.organizations[1:])
    )
    behaviour = Behaviour(omitted_account_members=frozenset({"Paths"}))

    reports = audit(changed, settings=EVERYTHING, behaviour=behaviour)

    gap = reports.gap("org-0")
    assert (gap["operation"], gap["resource"]) == ("ListOrganizationalUnitsForParent", unit.id)
    assert gap["code"] == "OrganizationalUnitCycle"
    assert gap["hint"]
    assert reports.rows("org-0") == whole_truth(world, "org-0")
    assert reports.rows("org-1") == whole_truth(world, "org-1")
