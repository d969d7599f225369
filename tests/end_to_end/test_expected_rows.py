"""The rows of an audit are exactly those of the oracle, for every behaviour of AWS."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.gateway import Gateway
from sso_batch.aws.instance_api import InstanceApi
from sso_batch.emulator import Behaviour, World, demo_world, generate
from tests.support.audits import Audit
from tests.support.expected_reports import assert_exact, truth
from tests.support.reports import written
from tests.support.sample_worlds import ODDITIES, three_access_paths

ORGANIZATIONS = ("org-0", "org-1", "org-2")

BEHAVIOURS = {
    "small pages": Behaviour(page_size=3),
    "pages of one": Behaviour(page_size=1),
    "empty pages with a token": Behaviour(page_size=4, empty_pages=True),
    "without State": Behaviour(omitted_account_members=frozenset({"State"})),
    "without Status and Paths": Behaviour(omitted_account_members=frozenset({"Status", "Paths"})),
    "account id in its path": Behaviour(account_id_in_paths=True, page_size=7),
    "no group rows, no calls by principal": Behaviour(
        group_rows=False, principal_assignments="nobody", empty_entitlement_filter=False
    ),
}


def test_three_access_paths_give_the_expected_rows(audit: Audit) -> None:
    """Behind a profile, a role and a role with an external id, in two Regions, each CSV is exactly right."""
    world = three_access_paths()

    reports = audit(world)

    assert reports.ended.code == 0
    assert {organization.region for organization in world.organizations} == {"eu-west-1", "us-east-1"}
    assert reports.names == reports.file_names(*ORGANIZATIONS)
    assert_exact(reports, world, *ORGANIZATIONS)
    reports.assert_sums()


def test_the_world_has_every_principal_state() -> None:
    """The expected rows have every PrincipalState, so that comparing with them is meaningful."""
    world = three_access_paths()

    for name in ORGANIZATIONS:
        states = {row["PrincipalState"] for row in truth(world, name)}
        assert states == {"OK", "EMPTY_GROUP", "NOT_FOUND", "MEMBER_NOT_FOUND"}


def test_the_merged_file_is_the_organizations_in_order(audit: Audit) -> None:
    """The merged file has every organization's rows in the order of the configuration."""
    world = three_access_paths()

    reports = audit(world)

    expected = [row for name in ORGANIZATIONS for row in truth(world, name)]
    assert reports.content() == written(expected)
    assert reports.manifest["files"][0]["rows"] == len(expected)


def test_the_manifest_describes_each_organization(audit: Audit) -> None:
    """The manifest has each organization's instance, Region, ids, caller and exact counts."""
    world = three_access_paths()

    reports = audit(world)

    for organization in world.organizations:
        entry = reports.organization(organization.name)
        management = organization.management_account_id
        assert {key: entry[key] for key in ("status", "resumed", "gaps", "region")} == {
            "status": "complete",
            "resumed": False,
            "gaps": [],
            "region": organization.region,
        }
        assert entry["instance_arn"] == organization.instance_arn
        assert entry["organization_id"] == organization.id
        assert entry["management_account_id"] == management
        assert entry["caller_arn"] == (
            f"arn:aws:iam::{management}:user/auditor"
            if organization.name == "org-0"
            else f"arn:aws:sts::{management}:assumed-role/SsoBatchAudit/sso-batch"
        )
        rows = truth(world, organization.name)
        assert entry["counts"]["rows"] == len(rows)
        assert entry["counts"]["accounts"] == len(organization.accounts)
        assert entry["counts"]["permission_sets"] == len(organization.permission_sets)
        assert entry["counts"]["assignments"] == len(organization.assignments)
        existing = {user.id for user in organization.users} | {group.id for group in organization.groups}
        assert entry["counts"]["orphaned"] == sum(
            assignment.principal_id not in existing for assignment in organization.assignments
        )


def test_two_runs_give_the_same_bytes(audit: Audit, tmp_path: Path) -> None:
    """Two audits of the same state give the same CSV bytes, even if answers arrive in another order."""
    world = three_access_paths()

    first = audit(world, folder=tmp_path / "first")
    second = audit(world, folder=tmp_path / "second", latency=0.002)

    assert [first.content(name) for name in (*ORGANIZATIONS, None)] == [
        second.content(name) for name in (*ORGANIZATIONS, None)
    ]


@pytest.mark.parametrize("behaviour", BEHAVIOURS.values(), ids=BEHAVIOURS.keys())
def test_every_behaviour_of_aws_gives_the_expected_rows(audit: Audit, behaviour: Behaviour) -> None:
    """The rows are the same, however AWS paginates and whatever optional members it omits."""
    world = three_access_paths()

    reports = audit(world, behaviour=behaviour)

    assert reports.ended.code == 0
    assert_exact(reports, world, *ORGANIZATIONS)


@pytest.mark.parametrize("seed", range(6))
def test_random_organizations_give_the_expected_rows(audit: Audit, seed: int) -> None:
    """Organizations of many shapes, also with more permission sets than accounts, are read exactly."""
    sizes = ODDITIES | {
        "permission_sets": (3, 30)[seed % 2],
        "accounts": (24, 5)[seed % 2],
        "direct": (0.1, 0.5, 0.9)[seed % 3],
        "principals": 1 + seed,
    }
    world = generate(seed, organizations=2, **sizes)

    reports = audit(world, behaviour=Behaviour(page_size=2 + seed, empty_pages=seed % 2 == 1))

    assert reports.ended.code == 0
    assert_exact(reports, world, "org-0", "org-1")


def test_an_organization_without_assignments(audit: Audit) -> None:
    """Without assignments the CSV has only a header, and the run is complete."""
    world = generate(1, users=0, groups=0, permission_sets=1, accounts=1, pairs=0)

    reports = audit(world)

    assert reports.ended.code == 0
    assert reports.content("org-0") == written([])
    assert reports.content() == written([])


def test_the_demo_is_read_exactly(audit: Audit) -> None:
    """The demo's made-up companies are read exactly."""
    world = demo_world()

    reports = audit(world, config=lambda text: text.replace("output:", "output:\n  escape_formulas: false"))

    assert reports.ended.code == 0
    for organization in world.organizations:
        assert reports.rows(organization.name) == truth(world, organization.name)


def test_a_formula_is_escaped_in_the_csv_only(audit: Audit) -> None:
    """A user name that is a formula gets an apostrophe in the CSV and none in the snapshot."""
    name = '=HYPERLINK("https://phish.example/","Rechnung öffnen")'
    world = demo_world()

    reports = audit(world)

    cells = {row["UserName"] for row in reports.rows("ostsee-logistik")}
    assert {cell for cell in cells if "HYPERLINK" in cell} == {f"'{name}"}
    assert name in {record.get("name") for record in reports.records("ostsee-logistik")}


def test_region_auto_finds_the_primary_region(audit: Audit) -> None:
    """`region: auto` finds the primary Region, and the rows are the same."""
    world = three_access_paths()

    reports = audit(
        world,
        config=lambda text: text.replace("region: eu-west-1", "region: auto").replace(
            "region: us-east-1", "region: auto"
        ),
    )

    assert [reports.organization(name)["region"] for name in ORGANIZATIONS] == [
        organization.region for organization in world.organizations
    ]
    assert_exact(reports, world, *ORGANIZATIONS)


# The comparison must be able to fail


def _without_group_expansion(monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_members(_api: InstanceApi, _group_id: str) -> AsyncIterator[list[str]]:
        yield []

    monkeypatch.setattr(InstanceApi, "members", no_members)


def _without_paging(monkeypatch: pytest.MonkeyPatch) -> None:
    all_pages = Gateway.pages

    async def first_page(*arguments: Any, **parameters: Any) -> AsyncIterator[list[Any]]:  # noqa: ANN401
        async for page in all_pages(*arguments, **parameters):
            yield page
            return

    monkeypatch.setattr(Gateway, "pages", first_page)


def _without_describe_user(monkeypatch: pytest.MonkeyPatch) -> None:
    async def not_found(_api: InstanceApi, _user_id: str) -> None:
        raise AwsFailure("DescribeUser", "ResourceNotFoundException", "not called")

    monkeypatch.setattr(InstanceApi, "user", not_found)


def _without_describe_group(monkeypatch: pytest.MonkeyPatch) -> None:
    async def not_found(_api: InstanceApi, _group_id: str) -> None:
        raise AwsFailure("DescribeGroup", "ResourceNotFoundException", "not called")

    monkeypatch.setattr(InstanceApi, "group", not_found)


@pytest.mark.parametrize(
    "remove_step",
    [_without_group_expansion, _without_paging, _without_describe_user, _without_describe_group],
)
def test_without_a_step_the_comparison_fails(
    audit: Audit, monkeypatch: pytest.MonkeyPatch, remove_step: Callable[[pytest.MonkeyPatch], None]
) -> None:
    """The comparison fails without group expansion, pagination, DescribeUser or DescribeGroup."""
    world: World = three_access_paths()
    remove_step(monkeypatch)

    reports = audit(world, behaviour=Behaviour(page_size=4))

    for name in ORGANIZATIONS:
        with pytest.raises(AssertionError):
            assert_exact(reports, world, name)
