"""Tests of what is said about a permission set."""

import json
from dataclasses import replace
from typing import Any

from sso_batch.model import (
    GROUP,
    USER,
    Gap,
    GapKind,
    Group,
    PermissionSet,
    PolicyDocument,
    Principal,
)
from sso_batch.privileges.paths import AccountKind, Privilege
from sso_batch.report.explanation import Explanation, PolicyFacts, PolicyKind, explain
from sso_batch.review.snapshot_index import SnapshotIndex
from tests.privileges.policies import allow, deny
from tests.support.records import entitlement, gap, grant, membership_of, snapshot, user

ARN = "arn:aws:sso:::permissionSet/ssoins-1/ps-1"
MANAGEMENT, DELEGATED, MEMBER = "000000000001", "222222222222", "111111111111"
READ_ONLY = "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"
ANN, OPS = Principal(USER, "u-1"), Principal(GROUP, "g-1")
DEPLOY = PermissionSet(
    ARN,
    name="Deploy",
    managed_policies=(),
    customer_managed_policies=(),
    inline_policy="",
    permissions_boundary="",
)


def inline(*statements: dict[str, Any]) -> PermissionSet:
    """Return a permission set with nothing but an inline policy."""
    return replace(DEPLOY, inline_policy=json.dumps({"Statement": statements}))


def explained(permission_set: PermissionSet, **fields: Any) -> Explanation:  # noqa: ANN401 - of a snapshot
    """Explain a permission set that Ann has in a member account, unless the fields say otherwise."""
    defaults: dict[str, Any] = {
        "users": (user("u-1"), user("u-2", "Bo")),
        "grants": (grant(ANN, MEMBER, ARN),),
        "delegated_administrators": (DELEGATED,),
    }
    of = snapshot(permission_sets=(permission_set,), **defaults | fields)
    return explain(SnapshotIndex(of), permission_set)


def test_policies() -> None:
    """Each policy is named, with the version of its document or that it was not read."""
    permission_set = replace(
        inline(allow("s3:*")),
        managed_policies=(READ_ONLY, "arn:aws:iam::aws:policy/PowerUserAccess"),
        customer_managed_policies=("/team/Deploy",),
        permissions_boundary="/team/Boundary",
    )

    found = explained(permission_set, policy_documents=(PolicyDocument(READ_ONLY, "v18", "{}"),))

    assert found.policies == (
        PolicyFacts(PolicyKind.AWS_MANAGED, "job-function/ViewOnlyAccess", "v18", read=True),
        PolicyFacts(PolicyKind.AWS_MANAGED, "PowerUserAccess"),
        PolicyFacts(PolicyKind.CUSTOMER_MANAGED, "/team/Deploy"),
        PolicyFacts(PolicyKind.INLINE, "inline policy", read=True),
        PolicyFacts(PolicyKind.BOUNDARY, "/team/Boundary"),
    )


def test_policies_that_were_not_read() -> None:
    """A permission set whose details were not read may have policies of each kind."""
    found = explained(PermissionSet(ARN))

    assert found.policies == tuple(PolicyFacts(kind, None) for kind in PolicyKind)
    assert [level.judgement.certain for level in found.levels] == [False]
    assert found.unread


def test_levels_by_kind_of_account() -> None:
    """Accounts and people are counted for each kind of account, and deleted users are not people."""
    found = explained(
        inline(allow("sso:CreateAccountAssignment")),
        grants=(
            grant(ANN, MEMBER, ARN),
            grant(OPS, MEMBER, ARN),
            grant(OPS, "333333333333", ARN),
            grant(ANN, MANAGEMENT, ARN),
            grant(ANN, MEMBER),
            entitlement(ANN, MEMBER),
        ),
        groups=(Group("g-1", "Ops"),),
        memberships=(membership_of("g-1", ("u-1", "u-2", "u-9")),),
        missing=(Principal(USER, "u-9"),),
    )

    assert [
        (level.kind, level.judgement.privilege, level.accounts, level.people) for level in found.levels
    ] == [
        (AccountKind.MEMBER, Privilege.WRITE, 2, 2),
        (AccountKind.MANAGEMENT, Privilege.MANAGES_ACCESS, 1, 1),
    ]
    assert found.assigned
    assert [each.path.id for each in found.certain] == ["own-sso-CreateAccountAssignment"]
    assert found.elsewhere == ()


def test_groups_whose_members_were_not_read() -> None:
    """They are counted, because their people are not; a deleted group has none."""
    gone = Principal(GROUP, "g-2")

    found = explained(DEPLOY, grants=(grant(OPS, MEMBER, ARN), grant(gone, MEMBER, ARN)), missing=(gone,))

    assert [(level.people, level.groups_unread) for level in found.levels] == [(0, 1)]


def test_a_permission_set_without_assignments() -> None:
    """It says what it would be in each kind of account."""
    found = explained(inline(allow("sso:CreateAccountAssignment")), grants=())

    assert not found.assigned
    assert [(level.kind, level.judgement.privilege) for level in found.levels] == [
        (AccountKind.MEMBER, Privilege.WRITE),
        (AccountKind.MANAGEMENT, Privilege.MANAGES_ACCESS),
        (AccountKind.DELEGATED_ADMINISTRATOR, Privilege.MANAGES_ACCESS),
    ]


def test_an_unknown_kind_of_account() -> None:
    """Where it was not read which accounts manage Identity Center, every path may count."""
    found = explained(inline(allow("sso:CreateAccountAssignment")), delegated_administrators=None)

    assert [(level.kind, level.judgement.privilege, level.judgement.certain) for level in found.levels] == [
        (None, Privilege.WRITE, False)
    ]
    assert [each.path.id for each in found.paths] == ["own-sso-CreateAccountAssignment"]


def test_paths_name_the_statements_that_allow_them() -> None:
    """Each action of a path has the statement that allows it, by number and Sid."""
    found = explained(
        inline(
            allow("s3:GetObject"),
            allow("iam:PassRole") | {"Sid": "Pass"},
            allow("lambda:*"),
        )
    )

    run = next(each for each in found.certain if each.path.id == "lambda-001")
    assert [
        (source.action, source.policy, source.statement.written.number, source.statement.written.sid)
        for source in run.allowance.sources
    ] == [
        ("iam:PassRole", "the inline policy", 2, "Pass"),
        ("lambda:CreateFunction", "the inline policy", 3, ""),
        ("lambda:InvokeFunction", "the inline policy", 3, ""),
    ]
    assert {each.path.id for each in found.possible} == {"lambda-002", "lambda-003", "own-lambda-layer"}


def test_the_statement_that_decides_a_level() -> None:
    """Without paths, the statement is named that allows changes, else the one that allows reading."""
    writes = explained(inline(allow("s3:Get*"), allow("s3:PutObject"))).level_source
    reads = explained(inline(allow("s3:Get*"))).level_source

    assert writes is not None
    assert reads is not None
    assert (writes.action, writes.statement.written.number) == ("s3:PutObject", 2)
    assert reads.statement.written.number == 1
    assert explained(DEPLOY).level_source is None


def test_an_administrator() -> None:
    """The statement that allows everything is enough: the paths follow from it."""
    found = explained(inline(allow("*")))

    assert found.everything is not None
    assert [source.statement.written.number for source in found.everything.sources] == [1]
    assert (found.paths, found.elsewhere, found.level_source) == ((), (), None)


def test_restrictions() -> None:
    """Every Deny and every Allow under conditions is listed."""
    condition = {"Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}}

    found = explained(inline(allow("s3:*"), deny("s3:Delete*"), allow("ec2:*") | condition))

    assert [
        (each.statement.allows, each.statement.written.number, each.statement.written.condition_keys)
        for each in found.restrictions
    ] == [(False, 2, ()), (True, 3, ("aws:RequestedRegion",))]


def test_assignments_that_were_not_read() -> None:
    """A gap that hides assignments can add accounts and people."""
    missing: Gap = gap()
    unrelated = gap(kind=GapKind.USERS)

    assert explained(DEPLOY, gaps=(missing,)).assignments_unread == ("grants that were not read (gaps: 1)",)
    assert explained(DEPLOY, gaps=(unrelated,)).assignments_unread == ()
