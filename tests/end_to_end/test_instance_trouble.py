"""The wrong organization, the wrong Region, the wrong instance, and the same one twice."""

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
from tests.end_to_end.conftest import Audit
from tests.end_to_end.expected import assert_exact
from tests.end_to_end.reports import Reports
from tests.end_to_end.worlds import ODDITIES, denying, small


def changed(world: World, **changes: object) -> World:
    """The world, whose first organization has other properties."""
    first, *others = world.organizations
    return replace(world, organizations=(replace(first, **changes), *others))  # type: ignore[arg-type] # by name


def with_account_instance(world: World) -> World:
    """The world, where an account of the first organization has an instance for itself."""
    first = world.organizations[0]
    owner = first.accounts[1].id
    instance = AccountInstance(
        identifiers.instance_arn("an account's own"),
        identifiers.identity_store_id("an account's own"),
        owner,
        first.region,
    )
    return changed(world, account_instances=(instance,))


def assert_first_failed(reports: Reports, world: World, code: str) -> dict[str, str]:
    """The first organization failed for that reason, the other one is exactly right."""
    assert reports.ended.code == 4
    assert reports.statuses == {"org-0": "failed", "org-1": "complete"}
    assert reports.names == reports.file_names("org-1")
    assert_exact(reports, world, "org-1")
    gap = reports.gap("org-0")
    assert gap["code"] == code
    return gap


def test_no_instance_in_the_region(audit: Audit) -> None:
    """Another Region than the instance's: the hint names the Region to write."""
    world = small()

    reports = audit(world, config=lambda text: text.replace("region: eu-west-1", "region: eu-north-1"))

    gap = assert_first_failed(reports, world, "WrongRegion")
    assert "eu-west-1" in gap["message"]
    assert "region: eu-west-1" in gap["hint"]


def test_a_replica_region(audit: Audit) -> None:
    """A Region to which the instance is only replicated: the hint names the primary one."""
    world = changed(small(), replica_regions=("eu-north-1",))

    reports = audit(world, config=lambda text: text.replace("region: eu-west-1", "region: eu-north-1"))

    gap = assert_first_failed(reports, world, "WrongRegion")
    assert "region: eu-west-1" in gap["hint"]


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first organization never enabled IAM Identity Center: no instance of its own is listed."""
    operation = SSO_ADMIN.operations["ListInstances"]

    def without_its_own(call: Call) -> Answer:
        answer = operation.answer(call)
        assert call.directory is not None
        organization = call.directory.organization
        own = organization.instance_arn if organization.name == "org-0" else None
        return answer | {"Instances": [one for one in answer["Instances"] if one["InstanceArn"] != own]}

    monkeypatch.setitem(SSO_ADMIN.operations, "ListInstances", replace(operation, answer=without_its_own))


@pytest.mark.usefixtures("hidden")
@pytest.mark.parametrize("region", ["eu-west-1", "auto"])
def test_no_instance_anywhere(audit: Audit, region: str) -> None:
    """Without any instance: failed, with a hint on the Region and the management account."""
    world = small()

    reports = audit(world, config=lambda text: text.replace("region: eu-west-1", f"region: {region}"))

    gap = assert_first_failed(reports, world, "NoInstance")
    assert "management account" in gap["hint"]
    assert "Region" in gap["hint"]


@pytest.mark.usefixtures("hidden")
@pytest.mark.parametrize("region", ["eu-west-1", "auto"])
def test_only_an_account_instance(audit: Audit, region: str) -> None:
    """Where only account instances answer: failed, with a hint on the management account and the Region."""
    world = with_account_instance(small())

    reports = audit(world, config=lambda text: text.replace("region: eu-west-1", f"region: {region}"))

    gap = assert_first_failed(reports, world, "OnlyAccountInstances")
    assert world.organizations[0].accounts[1].id in gap["message"]
    assert "management account" in gap["hint"]
    assert "Region" in gap["hint"]


def test_an_account_instance_beside_the_organizations_own(audit: Audit) -> None:
    """An account instance that is listed, too, is not mistaken for the organization's own."""
    world = with_account_instance(small())

    reports = audit(world)

    assert reports.ended.code == 0
    assert_exact(reports, world, "org-0", "org-1")


def with_another_instance(world: World, status: InstanceStatus, *, region: str = "") -> World:
    """The world, whose first organization has another instance of its own, which is listed first."""
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
def test_an_instance_that_is_not_active_before_the_active_one(
    audit: Audit, status: InstanceStatus, region: str, denied: tuple[str, ...]
) -> None:
    """The active instance is audited, wherever in the listing it is."""
    world = denying(with_another_instance(small(), status), *denied)

    reports = audit(world, config=lambda text: text.replace("region: eu-west-1", f"region: {region}"))

    assert reports.statuses == {"org-0": "incomplete" if denied else "complete", "org-1": "complete"}
    assert_exact(reports, world, "org-0", "org-1")


@pytest.mark.parametrize("region", ["eu-west-1", "auto"])
@pytest.mark.parametrize("status", NOT_ACTIVE)
def test_no_instance_is_active(audit: Audit, status: InstanceStatus, region: str) -> None:
    """Where no instance is active the organization fails, and each is named with its status."""
    world = with_another_instance(changed(small(), instance_status=status), "CREATE_FAILED")
    arns = {world.organizations[0].instance_arn, world.organizations[0].account_instances[0].arn}

    reports = audit(world, config=lambda text: text.replace("region: eu-west-1", f"region: {region}"))

    gap = assert_first_failed(reports, world, "InstanceNotActive")
    assert all(arn in gap["message"] for arn in arns)
    assert status in gap["message"]
    assert gap["hint"].startswith("enable" if status == "CREATE_FAILED" else "wait")


def test_an_instance_that_moved_to_another_region(audit: Audit) -> None:
    """Where only the instance of another Region is active, the hint names that Region."""
    world = with_another_instance(
        changed(small(), instance_status="DELETE_IN_PROGRESS"), "ACTIVE", region="eu-north-1"
    )

    reports = audit(world)

    gap = assert_first_failed(reports, world, "WrongRegion")
    assert "region: eu-north-1" in gap["hint"]


@pytest.mark.parametrize("region", ["eu-west-1", "auto"])
def test_several_active_instances(audit: Audit, region: str) -> None:
    """No instance is left out without a word where an organization has several."""
    world = with_another_instance(small(), "ACTIVE")

    reports = audit(world, config=lambda text: text.replace("region: eu-west-1", f"region: {region}"))

    assert_first_failed(reports, world, "SeveralInstances")


def test_two_instances_of_unknown_owners(audit: Audit) -> None:
    """Without DescribeOrganization nobody can tell which of two instances is the one: failed, with why."""
    world = denying(with_account_instance(small()), "organizations:DescribeOrganization")

    reports = audit(world)

    assert reports.statuses == {"org-0": "failed", "org-1": "complete"}
    codes = {gap["code"] for gap in reports.gaps("org-0")}
    assert "InstanceUnknown" in codes
    assert "organizations:DescribeOrganization" in str(reports.gaps("org-0"))


def test_another_organization_answers(audit: Audit) -> None:
    """Another organization than `organization_id` says: failed, both named, nothing of it read."""
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
        ("kms_denied", "KMS_AccessDeniedException", "allow the role kms:Decrypt on the key"),
        ("kms_key_gone", "KMS_NotFoundException", "check the key that encrypts the instance in AWS KMS"),
    ],
)
def test_an_instance_whose_key_cannot_be_used(
    audit: Audit, action: str, kind: FaultKind, code: str, hint: str
) -> None:
    """A key that is denied or gone is a gap with a hint on the key: what it hides is never called missing."""
    world = generate(4, organizations=2, **ODDITIES)

    reports = audit(
        world,
        settings="\ncollect: {entitlements: false, account_paths: false}\n",
        faults=[Fault(kind, operation=action, organization="org-0")],
    )

    assert reports.statuses == {"org-0": "incomplete", "org-1": "complete"}
    gaps = reports.gaps("org-0")
    assert {(gap["operation"], gap["code"]) for gap in gaps} == {(action, code)}
    assert all(gap["hint"].startswith(hint) for gap in gaps)
    unread = [row for row in reports.rows("org-0") if "NOT_READ" in "".join(row.values())]
    assert unread


def test_an_instance_without_permission_sets(audit: Audit) -> None:
    """Where permission sets are turned off nothing about them is read, and the hint says where to look."""
    reports = audit(
        small(), faults=[Fault("no_permission_sets", service="sso-admin", organization="org-0", after=1)]
    )

    assert reports.ended.code == 4
    assert reports.statuses == {"org-0": "incomplete", "org-1": "complete"}
    hints = {gap["hint"] for gap in reports.gaps("org-0")}
    assert all(hint.startswith("check whether this instance has permission sets") for hint in hints)


SECOND_ENTRY = """\
  - name: again
    role_arn: {arn}
    region: eu-west-1
"""


def assert_again_failed(reports: Reports, world: World) -> None:
    """The later of two entries failed and names the earlier one; the earlier one is exactly right."""
    assert reports.ended.code == 4
    assert reports.statuses == {"org-0": "complete", "org-1": "complete", "again": "failed"}
    gap = reports.gap("again")
    assert gap["code"] == "SameInstance"
    assert "org-0" in gap["message"]
    assert world.organizations[0].instance_arn in gap["message"]
    assert gap["resource"] == "again"
    assert_exact(reports, world, "org-0", "org-1")
    assert {row["Organization"] for row in reports.rows()} == {"org-0", "org-1"}


def test_two_entries_that_reach_one_instance(audit: Audit) -> None:
    """The later of two entries that reach the same instance fails, and names the other."""
    world = small()

    reports = audit(world, config=lambda text: text + SECOND_ENTRY.format(arn=world.roles[0].arn))

    assert_again_failed(reports, world)


def test_the_later_entry_fails_though_it_came_first(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order of the file decides which of two entries fails, not which of them was faster."""
    world = small()
    claimed: dict[str, asyncio.Event] = {}
    claim, find = InstanceClaims.claim, instance.find_instance

    def claim_and_tell(claims: InstanceClaims, organization: str, instance: Any) -> None:  # noqa: ANN401
        claim(claims, organization, instance)
        claimed.setdefault(organization, asyncio.Event()).set()

    async def find_and_wait(*arguments: Any, expected_organization: str | None, **more: Any) -> Any:  # noqa: ANN401
        found = await find(*arguments, expected_organization=expected_organization, **more)
        if expected_organization == world.organizations[0].id:  # the later entry does not say whom it expects
            await claimed.setdefault("again", asyncio.Event()).wait()
        return found

    monkeypatch.setattr(InstanceClaims, "claim", claim_and_tell)
    monkeypatch.setattr(audit_module, "find_instance", find_and_wait)

    reports = audit(world, config=lambda text: text + SECOND_ENTRY.format(arn=world.roles[0].arn))

    assert_again_failed(reports, world)
