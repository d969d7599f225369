"""What AWS managed policies allow: read once for a run, with failures apart."""

from collections import Counter
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from sso_batch.aws import gateway
from sso_batch.emulator import Fault, World, generate
from sso_batch.emulator.faults import FaultKind
from sso_batch.emulator.world import ManagedPolicy
from sso_batch.emulator.world.builder import HUB, OrganizationBuilder, audit_role
from tests.support.audits import Audit
from tests.support.reports import Reports
from tests.support.sample_worlds import ODDITIES, denying

DETAILS = "\ncollect: {permission_set_details: true, entitlements: false, account_paths: false}\n"
IN_ORDER = "run: {max_parallel_organizations: 1}\n"
"""One organization after the other, the first one first."""

GET_POLICY, GET_VERSION = "GetPolicy", "GetPolicyVersion"
DELEGATED = "ListDelegatedAdministrators"
ACTIONS = {
    GET_POLICY: "iam:GetPolicy",
    GET_VERSION: "iam:GetPolicyVersion",
    DELEGATED: "organizations:ListDelegatedAdministrators",
}


@pytest.fixture
def world() -> World:
    """Return three organizations of one partition; their permission sets have two policies."""
    return generate(4, organizations=3, **ODDITIES)


def policies_of(world: World, *names: str) -> set[str]:
    """Return the ARNs of the AWS managed policies that permission sets have, of some organizations or all."""
    return {
        arn
        for organization in world.organizations
        if organization.name in names or not names
        for permission_set in organization.permission_sets
        for arn in permission_set.managed_policies
    }


def documents_of(reports: Reports, name: str) -> set[str]:
    """Return the ARNs of the policies whose documents an organization's snapshot has."""
    return {record["arn"] for record in reports.records(name) if record["record"] == "policy"}


def assert_complete(reports: Reports, world: World, *names: str) -> None:
    """Assert that organizations are complete and have the documents of all their policies."""
    for name in names:
        assert (reports.statuses[name], reports.gaps(name)) == ("complete", [])
        assert documents_of(reports, name) == policies_of(world, name)


def calls(reports: Reports) -> Counter[str]:
    """Return how often the run made each of the calls that this module is about."""
    made: Counter[str] = Counter()
    for (_, operation), count in reports.calls.items():
        if operation in ACTIONS:
            made[operation] += count
    return made


def test_each_policy_is_read_once(audit: Audit, world: World) -> None:
    """A run makes two calls for each policy, however many organizations and permission sets have it."""
    reports = audit(world, settings=DETAILS)

    policies = policies_of(world)
    assert len(policies) == 2
    assert_complete(reports, world, "org-0", "org-1", "org-2")
    assert calls(reports) == {GET_POLICY: 2, GET_VERSION: 2, DELEGATED: 3}


def test_each_partition_is_read(audit: Audit) -> None:
    """A policy of another partition is another policy: two calls for each of them."""
    organizations, hubs = [], []
    for number, (partition, region) in enumerate(
        [
            ("aws", "eu-west-1"),
            ("aws", "us-east-1"),
            ("aws-cn", "cn-north-1"),
            ("aws-us-gov", "us-gov-west-1"),
        ]
    ):
        plans = OrganizationBuilder(
            f"org-{number}",
            management_account_id=f"11112222000{number}",
            region=region,
            domain="far.example",
            partition=partition,
        )
        plans.user("ann", "Ann Lee")
        plans.permission_set("View", managed=("ReadOnlyAccess",))
        plans.assign("View", "USER", "ann", f"11112222000{number}")
        organizations.append(plans.build())
        hubs.append(HUB.user_arn.replace("arn:aws:", f"arn:{partition}:"))
    hub = replace(HUB, user_arn=hubs[0])
    roles = tuple(audit_role(organization, trusted=tuple(hubs)) for organization in organizations)
    world = World(tuple(organizations), (hub,), roles)

    reports = audit(world, settings=DETAILS)

    assert_complete(reports, world, "org-0", "org-1", "org-2", "org-3")
    assert calls(reports) == {GET_POLICY: 3, GET_VERSION: 3, DELEGATED: 4}


@pytest.mark.parametrize("left_out", ["policy_documents: false", "permission_set_details: false"])
def test_documents_that_are_left_out(audit: Audit, world: World, left_out: str) -> None:
    """Without the documents a run makes none of these calls, needs none of their permissions, and says so."""
    settings = f"\ncollect: {{{left_out}, entitlements: false, account_paths: false}}\n"

    reports = audit(denying(world, *ACTIONS.values()), settings=settings)

    assert reports.ended.code == 0
    assert calls(reports) == {}
    assert documents_of(reports, "org-0") == set()
    assert "what AWS managed policies allow" in reports.organization("org-0")["not_examined"]


@pytest.mark.parametrize(("operation", "action"), ACTIONS.items(), ids=ACTIONS.keys())
def test_a_denied_call_is_one_gap(audit: Audit, world: World, operation: str, action: str) -> None:
    """A missing permission is one gap with the IAM action; the rest and all other organizations are read."""
    reports = audit(denying(world, action), settings=DETAILS + IN_ORDER)

    assert reports.ended.code == 4
    gap = reports.gap("org-0")
    assert (gap["operation"], gap["code"].startswith("AccessDenied")) == (operation, True)
    assert action in gap["hint"]
    assert documents_of(reports, "org-0") == (
        policies_of(world, "org-0") if operation == DELEGATED else set()
    )
    head = reports.records("org-0")[0]
    assert (head["delegated_administrators"] is None) == (operation == DELEGATED)
    described = [record for record in reports.records("org-0") if record["record"] == "permission_set"]
    assert all(record["managed_policies"] is not None for record in described)
    assert_complete(reports, world, "org-1", "org-2")


def test_what_another_organization_has_read_needs_no_permission(audit: Audit, world: World) -> None:
    """A document that an earlier organization of the run has read is not asked for again."""
    others, first = world.roles[1:], world.roles[0]
    last = replace(others[-1], denied=tuple(ACTIONS.values())[:2])

    reports = audit(replace(world, roles=(first, *others[:-1], last)), settings=DETAILS + IN_ORDER)

    assert reports.ended.code == 0
    assert_complete(reports, world, "org-0", "org-1", "org-2")


def test_a_policy_that_aws_does_not_find(audit: Audit, world: World) -> None:
    """A policy that AWS does not find is a gap of each organization that has it; the others are read."""
    gone = "arn:aws:iam::aws:policy/ReadOnlyAccess"

    reports = audit(replace(world, managed_policies={"ReadOnlyAccess": None}), settings=DETAILS)

    assert reports.ended.code == 4
    for organization in world.organizations:
        gap = reports.gap(organization.name)
        assert (gap["operation"], gap["resource"], gap["code"]) == (GET_POLICY, gone, "NoSuchEntity")
        assert "AWS does not offer this AWS managed policy" in gap["hint"]
        expected = policies_of(world, organization.name) - {gone}
        assert documents_of(reports, organization.name) == expected


TEMPORARY: tuple[FaultKind, ...] = (
    "throttle",
    "internal_error",
    "unavailable",
    "reset",
    "truncated",
    "broken_json",
)


@pytest.mark.parametrize("operation", [GET_POLICY, GET_VERSION])
@pytest.mark.parametrize("kind", TEMPORARY)
def test_temporary_errors_lose_nothing(audit: Audit, world: World, operation: str, kind: FaultKind) -> None:
    """IAM's throttles, its errors, lost connections and malformed answers are retried."""
    fault = Fault(kind, operation=operation, times=3)

    reports = audit(world, settings=DETAILS, faults=[fault])

    assert (reports.ended.code, fault.injected) == (0, 3)
    assert_complete(reports, world, "org-0", "org-1", "org-2")


LASTING = [
    *product(ACTIONS, ("throttle", "unavailable", "broken_json")),
    (GET_POLICY, "other_question"),
    (GET_VERSION, "other_question"),
]


@pytest.mark.parametrize(("operation", "kind"), LASTING)
def test_lasting_errors_are_gaps(
    audit: Audit, world: World, monkeypatch: pytest.MonkeyPatch, operation: str, kind: FaultKind
) -> None:
    """An organization that IAM does not answer has gaps, and does not keep others from reading."""
    monkeypatch.setattr(gateway, "GIVE_UP", 0.02)
    fault = Fault(kind, operation=operation, organization="org-0")

    reports = audit(world, settings=DETAILS + IN_ORDER, faults=[fault])

    assert fault.injected > 0
    assert reports.ended.code == 4
    resources = {gap["resource"] for gap in reports.gaps("org-0") if gap["operation"] == operation}
    assert len(resources) == (1 if operation == DELEGATED else 2)
    assert_complete(reports, world, "org-1", "org-2")


def test_an_organization_that_gets_no_answer(
    audit: Audit, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one organization waits for an answer that never comes, the others read the documents."""
    monkeypatch.setattr("sso_batch.collect.policy_documents.PATIENCE", 0.2)
    hang = Fault("hang", operation=GET_VERSION, organization="org-0")
    later = [
        Fault("unavailable", operation="GetCallerIdentity", organization=name, times=11)
        for name in ("org-1", "org-2")
    ]

    reports = audit(world, settings=DETAILS + "run: {deadline: 6s}\n", faults=[hang, *later])

    assert hang.injected == 2
    assert {(gap["operation"], gap["code"]) for gap in reports.gaps("org-0")} == {
        (GET_VERSION, "DeadlineExceeded")
    }
    assert_complete(reports, world, "org-1", "org-2")


@pytest.mark.parametrize(
    "document", ["", "[]", "{", '"text"', '{"a":' * 2_000, "%7B%7D%", "\ufeff{}"], ids=range(7)
)
def test_a_malformed_document_is_a_gap(
    audit: Audit, world: World, monkeypatch: pytest.MonkeyPatch, document: str
) -> None:
    """A document that is no JSON object is asked for again, and then a gap; it is never an empty policy."""
    monkeypatch.setattr(gateway, "GIVE_UP", 1.0)
    policies: dict[str, Any] = {"ReadOnlyAccess": ManagedPolicy(document)}

    reports = audit(replace(world, managed_policies=policies), settings=DETAILS)

    assert reports.ended.code == 4
    for organization in world.organizations:
        gap = reports.gap(organization.name)
        assert (gap["operation"], gap["code"] in ("MalformedAnswer", "RecursionError")) == (GET_VERSION, True)
        assert reports.organization(organization.name)["calls"]["retried"] > 0
        assert not any("ReadOnlyAccess" in arn for arn in documents_of(reports, organization.name))
