"""The audited role's policy is sufficient on the emulator, and none of its actions is superfluous."""

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from sso_batch.config import Config
from sso_batch.emulator import Behaviour, World, generate
from sso_batch.iam.policies import build_policies
from tests.support.audits import Audit
from tests.support.expected_reports import whole_truth
from tests.support.sample_worlds import ODDITIES, denying

STRATEGIES = ("complete", "fastest")
FEW_PRINCIPALS = {"users": 6, "groups": 2, "permission_sets": 3, "accounts": 12, "pairs": 36}
FEW_ACCOUNTS = {"permission_sets": 12, "accounts": 3}
NO_PATHS = Behaviour(omitted_account_members=frozenset({"Paths"}))


def policy_actions(strategy: str) -> tuple[str, ...]:
    """Return the actions of the policy for a strategy that reads everything."""
    settings = {
        "organizations": ({"name": "acme"},),
        "collect": {"strategy": strategy, "activity": True},
    }
    statements = build_policies(Config.model_validate(settings))["audited"]["Statement"]
    return tuple(action for statement in statements for action in statement["Action"])


def case_that_needs(action: str) -> tuple[dict[str, Any], Behaviour]:
    """Return the sizes of a world, and a behaviour of AWS, for which an audit needs the action."""
    if action == "sso:ListPermissionSetsProvisionedToAccount":
        return ODDITIES | FEW_ACCOUNTS, Behaviour()
    if action == "sso:ListAccountAssignmentsForPrincipal":
        return FEW_PRINCIPALS, Behaviour()
    if action == "organizations:ListOrganizationalUnitsForParent":
        return ODDITIES | {"units": 40, "accounts": 40}, NO_PATHS
    if action == "organizations:ListAccountsForParent":
        return ODDITIES, NO_PATHS
    return ODDITIES | {"units": 1}, Behaviour()


@cache
def world_of(**sizes: Any) -> World:  # noqa: ANN401 - a world's
    return generate(3, organizations=1, **sizes)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("sizes", [ODDITIES, ODDITIES | FEW_ACCOUNTS, FEW_PRINCIPALS], ids=str)
@pytest.mark.parametrize("behaviour", [Behaviour(), NO_PATHS], ids=["paths", "no paths"])
def test_the_policy_is_sufficient(
    audit: Audit, strategy: str, sizes: dict[str, Any], behaviour: Behaviour
) -> None:
    """With the policy's actions and no others an audit is complete."""
    world = world_of(**sizes)
    (role,) = world.roles
    allowed = replace(world, roles=(replace(role, allowed=policy_actions(strategy)),))

    reports = audit(
        allowed, settings=f"\ncollect: {{strategy: {strategy}, activity: true}}\n", behaviour=behaviour
    )

    assert (reports.ended.code, reports.gaps("org-0")) == (0, [])
    if strategy == "complete":
        never_signed_in = [row | {"LastSignIn": ""} for row in whole_truth(world, "org-0")]
        assert reports.rows("org-0") == never_signed_in


@pytest.mark.parametrize("action", policy_actions("fastest"))
def test_each_action_is_needed(audit: Audit, action: str) -> None:
    """Without one action of the policy the gaps name exactly this action."""
    strategy = "fastest" if action.endswith("ForPrincipal") else "complete"
    sizes, behaviour = case_that_needs(action)

    reports = audit(
        denying(world_of(**sizes), action),
        settings=f"\ncollect: {{strategy: {strategy}, activity: true}}\n",
        behaviour=behaviour,
    )

    if strategy == "fastest":  # which then lists by pair
        assert (reports.ended.code, reports.gaps("org-0")) == (0, [])
        assert reports.calls["org-0", action.split(":")[1]] > 0
        return
    assert reports.ended.code in (4, 5)
    denied = [gap for gap in reports.gaps("org-0") if "AccessDenied" in gap["code"]]
    assert {gap["operation"] for gap in denied} == {action.split(":")[1]}
    assert all(action in gap["hint"] for gap in denied)
