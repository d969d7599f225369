"""Errors about the instance: wrong organization, wrong Region, no usable instance, one instance twice."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from sso_batch.collect import audit as audit_module
from sso_batch.collect import instance
from sso_batch.emulator import Fault, World, generate
from sso_batch.emulator.faults import FaultKind
from sso_batch.emulator.service import Answer, Call
from sso_batch.emulator.services.sso_admin import SSO_ADMIN
from sso_batch.emulator.world import AccountInstance, InstanceStatus, identifiers
from sso_batch.runner.instance_claims import InstanceClaims
from tests.support.audits import Audit
from tests.support.expected_reports import assert_exact, assert_first_failed
from tests.support.oracle import NOT_READ
from tests.support.reports import Reports
from tests.support.sample_worlds import ODDITIES, denying, small, with_first


def changed(world: World, **changes: object) -> World:
    """Return the world with other properties of the first organization."""
    return with_first(world, replace(world.organizations[0], **changes))  # type: ignore[arg-type] # by name


def with_account_instance(world: World) -> World:
    """Return the world in which an account of the first organization has an account instance."""
    first = world.organizations[0]
    owner = first.accounts[1].id
    instance = AccountInstance(
        identifiers.instance_arn("an account's own"),
        identifiers.identity_store_id("an account's own"),
        owner,
        first.region,
    )
    return changed(world, account_instances=(instance,))


def test_another_region(audit: Audit) -> None:
    """If the configured Region has no instance, the hint names the Region that has."""
    world = small()

    reports = audit(world, config=lambda text: text.replace("region: eu-west-1", "region: eu-north-1"))

    gap = assert_first_failed(reports, world, "WrongRegion")
    assert "eu-west-1" in gap["message"]
    assert "region: eu-west-1" in gap["hint"]


def test_a_replica_region(audit: Audit) -> None:
    """If the configured Region has only a replica, the hint names the primary Region."""
    world = changed(small(), replica_regions=("eu-north-1",))

    reports = audit(world, config=lambda text: text.replace("region: eu-west-1", "region: eu-north-1"))

    gap = assert_first_failed(reports, world, "WrongRegion")
    assert "region: eu-west-1" in gap["hint"]


@pytest.fixture
def without_own_instance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the first organization's own instance from ListInstances."""
    operation = SSO_ADMIN.operations["ListInstances"]

    def answer_without_own(call: Call) -> Answer:
        answer = operation.answer(call)
        assert call.index is not None
        organization = call.index.organization
        own = organization.instance_arn if organization.name == "org-0" else None
        return answer | {"Instances": [found for found in answer["Instances"] if found["InstanceArn"] != own]}

    monkeypatch.setitem(SSO_ADMIN.operations, "ListInstances", replace(operation, answer=answer_without_own))


@pytest.mark.usefixtures("without_own_instance")
@pytest.mark.parametrize("region", ["eu-west-1", "auto"])
def test_no_instance_anywhere(audit: Audit, region: str) -> None:
    """Without any instance the hint names the Region and the management account."""
    world = small()

    reports = audit(world, config=lambda text: text.replace("region: eu-west-1", f"region: {region}"))

    gap = assert_first_failed(reports, world, "NoInstance")
    assert "management account" in gap["hint"]
    assert "Region" in gap["hint"]


@pytest.mark.usefixtures("without_own_instance")
@pytest.mark.parametrize("region", ["eu-west-1", "auto"])
def test_only_an_account_instance(audit: Audit, region: str) -> None:
    """With only account instances the hint names the management account and the Region."""
    world = with_account_instance(small())

    reports = audit(world, config=lambda text: text.replace("region: eu-west-1", f"region: {region}"))

    gap = assert_first_failed(reports, world, "OnlyAccountInstances")
    assert world.organizations[0].accounts[1].id in gap["message"]
    assert "management account" in gap["hint"]
    assert "Region" in gap["hint"]


def test_an_account_instance_in_addition_to_the_organizations_own(audit: Audit) -> None:
    """An account instance is not mistaken for the organization's own instance."""
    world = with_account_instance(small())

    reports = audit(world)

    assert reports.ended.code == 0
    assert_exact(reports, world, "org-0", "org-1")


def with_another_instance(world: World, status: InstanceStatus, *, region: str = "") -> World:
    """Return the world in which the first organization has a second instance, listed before the other."""
    first = world.organizations[0]
    another = AccountInstance(
        identifiers.instance_arn("another"),
        identifiers.identity_store_id("another"),
        first.management_account_id,
        region or first.region,
        status,
    )
    return changed(world, account_instances=(another,))


NOT_ACTIVE: tuple[InstanceStatus, ...] = ("DELETE_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_FAILED")


@pytest.mark.parametrize("denied", [(), ("organizations:DescribeOrganization",)])
@pytest.mark.parametrize("region", ["eu-west-1", "auto"])
@pytest.mark.parametrize("status", NOT_ACTIVE)
def test_an_inactive_instance_is_listed_before_the_active_one(
    audit: Audit, status: InstanceStatus, region: str, denied: tuple[str, ...]
) -> None:
    """The active instance is audited, whatever its position in the listing."""
    world = denying(with_another_instance(small(), status), *denied)

    reports = audit(world, config=lambda text: text.replace("region: eu-west-1", f"region: {region}"))

    assert reports.statuses == {"org-0": "incomplete" if denied else "complete", "org-1": "complete"}
    assert_exact(reports, world, "org-0", "org-1")


@pytest.mark.parametrize("region", ["eu-west-1", "auto"])
@pytest.mark.parametrize("status", NOT_ACTIVE)
def test_no_instance_is_active(audit: Audit, status: InstanceStatus, region: str) -> None:
    """If no instance is active, the organization fails and each instance is named with its status."""
    world = with_another_instance(changed(small(), instance_status=status), "CREATE_FAILED")
    arns = {world.organizations[0].instance_arn, world.organizations[0].account_instances[0].arn}

    reports = audit(world, config=lambda text: text.replace("region: eu-west-1", f"region: {region}"))

    gap = assert_first_failed(reports, world, "InstanceNotActive")
    assert all(arn in gap["message"] for arn in arns)
    assert status in gap["message"]
    assert ("enable IAM Identity Center again" in gap["hint"]) is (status == "CREATE_FAILED")


def test_an_instance_that_moved_to_another_region(audit: Audit) -> None:
    """If only an instance in another Region is active, the hint names that Region."""
    world = with_another_instance(
        changed(small(), instance_status="DELETE_IN_PROGRESS"), "ACTIVE", region="eu-north-1"
    )

    reports = audit(world)

    gap = assert_first_failed(reports, world, "WrongRegion")
    assert "region: eu-north-1" in gap["hint"]


@pytest.mark.parametrize("region", ["eu-west-1", "auto"])
def test_several_active_instances(audit: Audit, region: str) -> None:
    """An organization with several active instances fails, rather than one of them being ignored."""
    world = with_another_instance(small(), "ACTIVE")

    reports = audit(world, config=lambda text: text.replace("region: eu-west-1", f"region: {region}"))

    assert_first_failed(reports, world, "SeveralInstances")


def test_two_instances_and_no_describe_organization(audit: Audit) -> None:
    """Without DescribeOrganization it is unknown which of two instances to audit: the organization fails."""
    world = denying(with_account_instance(small()), "organizations:DescribeOrganization")

    reports = audit(world)

    assert reports.statuses == {"org-0": "failed", "org-1": "complete"}
    codes = {gap["code"] for gap in reports.gaps("org-0")}
    assert "InstanceUnknown" in codes
    assert "organizations:DescribeOrganization" in str(reports.gaps("org-0"))


def test_another_organization_answers(audit: Audit) -> None:
    """If another organization than `organization_id` answers, both are named and nothing is read."""
    world = small()
    answering = world.organizations[0].id

    reports = audit(world, config=lambda text: text.replace(answering, "o-0123456789"))

    gap = assert_first_failed(reports, world, "WrongOrganization")
    assert answering in gap["message"]
    assert "o-0123456789" in gap["message"]
    assert reports.calls["org-0", "ListUsers"] == 0


@pytest.mark.parametrize(
    "action", ["ListGroupMemberships", "GetPermissionsBoundaryForPermissionSet", "DescribeUser"]
)
@pytest.mark.parametrize(
    ("kind", "code", "hint"),
    [
        ("kms_denied", "KMS_AccessDeniedException", "kms:Decrypt"),
        ("kms_key_gone", "KMS_NotFoundException", "AWS KMS"),
    ],
)
def test_a_kms_key_that_cannot_be_used(
    audit: Audit, action: str, kind: FaultKind, code: str, hint: str
) -> None:
    """A KMS key that is denied or deleted is a gap with a hint on the key; encrypted data is NOT_READ."""
    world = generate(4, organizations=2, **ODDITIES)

    reports = audit(
        world,
        settings="\ncollect: {entitlements: false, account_paths: false}\n",
        faults=[Fault(kind, operation=action, organization="org-0")],
    )

    assert reports.statuses == {"org-0": "incomplete", "org-1": "complete"}
    gaps = reports.gaps("org-0")
    assert {(gap["operation"], gap["code"]) for gap in gaps} == {(action, code)}
    assert all(hint in gap["hint"] for gap in gaps)
    assert any(NOT_READ in cell for row in reports.rows("org-0") for cell in row.values())


def test_an_instance_with_permission_sets_turned_off(audit: Audit) -> None:
    """If permission sets are turned off, nothing about them is read and the hint says so."""
    reports = audit(
        small(), faults=[Fault("no_permission_sets", service="sso-admin", organization="org-0", after=1)]
    )

    assert reports.ended.code == 4
    assert reports.statuses == {"org-0": "incomplete", "org-1": "complete"}
    assert reports.gaps("org-0")
    assert all("permission sets" in gap["hint"] for gap in reports.gaps("org-0"))


SECOND_ENTRY = """\
  - name: again
    role_arn: {arn}
    region: eu-west-1
"""


def assert_later_entry_failed(reports: Reports, world: World) -> None:
    """Assert that the later of two entries failed and names the earlier one, which is exactly right."""
    assert reports.ended.code == 4
    assert reports.statuses == {"org-0": "complete", "org-1": "complete", "again": "failed"}
    gap = reports.gap("again")
    assert gap["code"] == "SameInstance"
    assert "org-0" in gap["message"]
    assert world.organizations[0].instance_arn in gap["message"]
    assert gap["resource"] == "again"
    assert_exact(reports, world, "org-0", "org-1")
    assert {row["Organization"] for row in reports.rows()} == {"org-0", "org-1"}


@pytest.mark.parametrize(
    ("options", "latency"),
    [((), 0), (("--processes", "3"), 0.2)],  # an entry that has finished keeps its instance, so none may yet
    ids=["one process", "three processes"],
)
def test_two_entries_that_reach_one_instance(audit: Audit, options: tuple[str, ...], latency: float) -> None:
    """The later of two entries that reach the same instance fails and names the other."""
    world = small()

    reports = audit(
        world,
        *options,
        config=lambda text: text + SECOND_ENTRY.format(arn=world.roles[0].arn),
        latency=latency,
    )

    assert_later_entry_failed(reports, world)


def test_the_later_entry_fails_even_if_it_was_faster(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order in the configuration decides which of two entries fails, not which of them was faster."""
    world = small()
    claimed: dict[str, asyncio.Event] = {}
    claim, find = InstanceClaims.claim, instance.find_instance

    async def claim_and_signal(claims: InstanceClaims, organization: str, instance: Any) -> None:  # noqa: ANN401
        await claim(claims, organization, instance)
        claimed.setdefault(organization, asyncio.Event()).set()

    async def find_and_wait(*arguments: Any, expected_organization: str | None, **more: Any) -> Any:  # noqa: ANN401
        found = await find(*arguments, expected_organization=expected_organization, **more)
        if expected_organization == world.organizations[0].id:  # the later entry expects no organization
            await claimed.setdefault("again", asyncio.Event()).wait()
        return found

    monkeypatch.setattr(InstanceClaims, "claim", claim_and_signal)
    monkeypatch.setattr(audit_module, "find_instance", find_and_wait)

    reports = audit(world, config=lambda text: text + SECOND_ENTRY.format(arn=world.roles[0].arn))

    assert_later_entry_failed(reports, world)
