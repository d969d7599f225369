"""Tests of what permission sets amount to."""

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_batch.model import PermissionSet
from sso_batch.privileges.judgement import Judgement, PermissionSetPolicies
from sso_batch.privileges.paths import AccountKind, Privilege
from tests.privileges.policies import EXAMPLES, Example, allow, deny, managed_documents


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_examples(example: Example) -> None:
    """Each policy has the level that AWS's evaluation logic gives it, and says why."""
    member = example.policies.judge(AccountKind.MEMBER)
    management = example.policies.judge(AccountKind.MANAGEMENT)

    assert (member.privilege.name, member.certain, len(member.unread)) == (
        example.member.name,
        example.certain,
        example.unread,
    )
    assert management.privilege.name == (example.management or example.member).name
    assert member.reason
    if example.boundary:
        assert example.boundary in member.reason


def test_every_level_occurs() -> None:
    """The examples have every level, and there are enough of them."""
    assert len(EXAMPLES) >= 60
    assert {example.member for example in EXAMPLES} == set(Privilege)


ACTIONS = st.sampled_from(
    [
        "*",
        "iam:*",
        "IAM:CreateAccessKey",
        "i?m:PassRole",
        "iam:Create*",
        "iam:AttachRolePolicy",
        "lambda:*",
        "lambda:Invoke*",
        "ec2:RunInstances",
        "s3:Get*",
        "s3:PutObject",
        "sso:*",
        "sso:Create*",
        "sts:AssumeRole",
    ]
)
RESOURCES = st.sampled_from(
    [
        "*",
        "arn:aws:iam::*:user/*",
        "arn:aws:iam::*:role/*",
        "arn:aws:iam::*:role/team/*",
        "arn:aws:iam::111122223333:*",
        "arn:aws:lambda:*:*:function:x",
        "arn:aws:s3:::b/*",
        "arn:aws:sso:::*",
    ]
)
STATEMENTS = st.builds(
    lambda effect, actions, resources, not_action, not_resource, condition: {
        "Effect": effect,
        "NotAction" if not_action else "Action": actions,
        "NotResource" if not_resource else "Resource": resources,
        **({"Condition": {"Bool": {"aws:SecureTransport": "true"}}} if condition else {}),
    },
    st.sampled_from(["Allow", "Allow", "Deny"]),
    st.lists(ACTIONS, min_size=1, max_size=3),
    st.lists(RESOURCES, min_size=1, max_size=2),
    st.sampled_from([False, False, False, True]),
    st.sampled_from([False, False, False, True]),
    st.sampled_from([False, False, True]),
)
POLICIES = st.lists(STATEMENTS, max_size=4)


def judge(statements: list[dict[str, Any]]) -> tuple[Judgement, ...]:
    """Return what an inline policy of these statements amounts to in each kind of account."""
    permission_set = PermissionSet(
        "arn:aws:sso:::permissionSet/ssoins-1/ps-1",
        managed_policies=(),
        customer_managed_policies=(),
        inline_policy=json.dumps({"Statement": statements}),
        permissions_boundary="",
    )
    policies = PermissionSetPolicies(permission_set, {})
    return tuple(policies.judge(kind) for kind in AccountKind)


def levels(statements: list[dict[str, Any]]) -> tuple[Privilege, ...]:
    """Return the levels alone."""
    return tuple(judgement.privilege for judgement in judge(statements))


@pytest.mark.no_cover  # coverage would double the time, and other tests cover the same code
@settings(deadline=None)  # the first policy reads the reference of actions
@given(POLICIES, STATEMENTS)
def test_an_allow_never_lowers_a_level(policy: list[dict[str, Any]], added: dict[str, Any]) -> None:
    """A user who may do more has at least the same level."""
    before, after = levels(policy), levels([*policy, added | {"Effect": "Allow"}])

    assert all(new >= old for old, new in zip(before, after, strict=True))


@pytest.mark.no_cover  # coverage would double the time, and other tests cover the same code
@settings(deadline=None)  # the first policy reads the reference of actions
@given(POLICIES, STATEMENTS)
def test_an_unconditional_deny_never_raises_a_level(
    policy: list[dict[str, Any]], added: dict[str, Any]
) -> None:
    """A user who may do less has at most the same level."""
    denied = {key: value for key, value in added.items() if key != "Condition"} | {"Effect": "Deny"}

    before, after = levels(policy), levels([*policy, denied])

    assert all(new <= old for old, new in zip(before, after, strict=True))


@settings(deadline=None)  # the first policy reads the reference of actions
@given(POLICIES, STATEMENTS)
def test_a_deny_under_conditions_changes_no_level(
    policy: list[dict[str, Any]], added: dict[str, Any]
) -> None:
    """Whether conditions are met is not known: such a Deny takes nothing away."""
    conditional = added | {"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}

    assert levels([*policy, conditional]) == levels(policy)


@pytest.mark.no_cover  # coverage would double the time, and other tests cover the same code
@settings(deadline=None)  # the first policy reads the reference of actions
@given(POLICIES, st.randoms(use_true_random=False))
def test_order_case_and_splitting_do_not_matter(policy: list[dict[str, Any]], dice: random.Random) -> None:
    """The order of statements and elements, the case of actions, and how statements are split, is form."""
    changed: list[dict[str, Any]] = []
    for statement in policy:
        elements = list(statement.items())
        dice.shuffle(elements)
        other = {
            key: [dice.choice((str.upper, str.lower))(action) for action in value]
            if key in {"Action", "NotAction"}
            else value
            for key, value in elements
        }
        pieces = (
            [other | {"Action": [action]} for action in other["Action"]] if "Action" in other else [other]
        )
        changed += pieces
    dice.shuffle(changed)

    assert levels(changed) == levels(policy)


@pytest.mark.parametrize("arn", sorted(managed_documents()))
def test_another_partition(arn: str) -> None:
    """A policy amounts to the same in another partition."""
    document = managed_documents()[arn]

    def judged(partition: str) -> Judgement:
        other = arn.replace("arn:aws:", f"arn:{partition}:")
        permission_set = PermissionSet(
            f"arn:{partition}:sso:::permissionSet/ssoins-1/ps-1",
            managed_policies=(other,),
            customer_managed_policies=(),
            inline_policy="",
            permissions_boundary="",
        )
        documents = {other: document.replace("arn:aws:", f"arn:{partition}:")}
        return PermissionSetPolicies(permission_set, documents).judge(AccountKind.MEMBER)

    assert judged("aws-us-gov") == judged("aws")


def test_denied_paths_are_not_reported() -> None:
    """A path counts only if each of its actions is allowed."""
    found = judge([allow("iam:PassRole", "ec2:RunInstances"), deny("ec2:RunInstances")])[0]

    assert found.privilege is Privilege.WRITE
    assert "ec2" not in found.reason
