"""China, GovCloud, and an account to which IAM Identity Center is delegated."""

from dataclasses import replace

import pytest

from sso_batch.demo import World
from sso_batch.demo.companies import lumen_games
from sso_batch.demo.world import Organization
from sso_batch.demo.world.blueprint import Blueprint
from sso_batch.demo.world.hub import HUB, audit_role
from tests.end_to_end.conftest import Audit
from tests.oracle import expected_rows

EVERYTHING = "\ncollect: {strategy: STRATEGY}\n"


def founded(partition: str, region: str) -> Organization:
    """Found a small organization in a partition."""
    plans = Blueprint(
        "far-away",
        management_account_id="111122220009",
        region=region,
        domain="far.example",
        partition=partition,
    )
    plans.account("work", "111122220010", "Unit")
    plans.group("people")
    plans.user("ann", "Ann Lee", groups=("people",))
    plans.permission_set("View", managed=("job-function/ViewOnlyAccess",))
    plans.assign("View", "GROUP", "people", "111122220010", "111122220009")
    plans.assign("View", "USER", "ann", "111122220010")
    return plans.found()


@pytest.mark.parametrize("auto", [False, True])
@pytest.mark.parametrize(
    ("partition", "region"), [("aws-us-gov", "us-gov-east-1"), ("aws-cn", "cn-northwest-1")]
)
def test_other_partitions(audit: Audit, partition: str, region: str, *, auto: bool) -> None:
    """Other partitions than `aws` are audited whole, and account access is told as not examined there."""
    organization = founded(partition, region)
    hub = replace(HUB, user_arn=HUB.user_arn.replace("arn:aws:", f"arn:{partition}:"))
    world = World((organization,), (hub,), (audit_role(organization, trusted=(hub.user_arn,)),))
    written = f"region: {region}"

    reports = audit(
        world,
        settings=EVERYTHING.replace("STRATEGY", "complete"),
        config=lambda text: text.replace(written, "region: auto") if auto else text,
    )

    assert reports.ended.code == 0, reports.gaps("far-away")
    told = reports.organization("far-away")
    assert (told["region"], told["instance_arn"]) == (region, organization.instance_arn)
    assert "account-access entitlements" in told["not_examined"]
    assert not [operation for _, operation in reports.calls if operation == "ListApplications"]
    assert reports.rows("far-away") == expected_rows(
        world, "far-away", details=True, entitlements=True, account_paths=True
    )


@pytest.mark.parametrize("strategy", ["complete", "fastest"])
def test_a_delegated_administrator(audit: Audit, strategy: str) -> None:
    """From the delegated account all grants are read, though the call by principal is refused there."""
    studio = lumen_games.found()
    management = audit_role(studio)
    delegated = replace(management, arn=management.arn.replace(lumen_games.MANAGEMENT, lumen_games.STAGING))
    world = World((studio,), (HUB,), (delegated,))

    reports = audit(
        world,
        settings=EVERYTHING.replace("STRATEGY", strategy),
        config=lambda text: text.replace(
            "  - name: lumen-games\n", f"  - name: lumen-games\n    role_arn: {delegated.arn}\n"
        ).replace("output:", "output:\n  escape_formulas: false"),
    )

    assert reports.ended.code == 0, reports.gaps("lumen-games")
    told = reports.organization("lumen-games")
    assert told["management_account_id"] == lumen_games.MANAGEMENT
    assert f"::{lumen_games.STAGING}:" in told["caller_arn"]
    assert reports.rows("lumen-games") == expected_rows(
        world, "lumen-games", details=True, entitlements=False, account_paths=True
    )
    assert "account-access applications in other accounts" in told["not_examined"]
