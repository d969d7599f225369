"""Every row that is true, and no other: held against the known answer."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from sso_batch.aws.api import InstanceApi
from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.gateway import Gateway
from sso_batch.emulator import Behaviour, World, demo_world, generate
from tests.end_to_end.conftest import Audit
from tests.end_to_end.expected import assert_exact, truth
from tests.end_to_end.reports import written
from tests.end_to_end.worlds import ODDITIES, three_ways_in

ORGANIZATIONS = ("org-0", "org-1", "org-2")

BEHAVIOURS = {
    "small pages": Behaviour(page_size=3),
    "pages of one": Behaviour(page_size=1),
    "empty pages with a token": Behaviour(page_size=4, empty_pages=True),
    "without State": Behaviour(omitted_account_members=frozenset({"State"})),
    "without Status and Paths": Behaviour(omitted_account_members=frozenset({"Status", "Paths"})),
    "an account's own id in its path": Behaviour(account_id_in_paths=True, page_size=7),
    "no rows of groups, nobody may ask by principal": Behaviour(
        group_rows=False, principal_assignments="nobody", empty_entitlement_filter=False
    ),
}


def test_three_organizations_give_exactly_the_known_rows(audit: Audit) -> None:
    """A profile, a role and a role with an external id, in two Regions: each file is exactly the truth."""
    world = three_ways_in()

    reports = audit(world)

    assert reports.ended.code == 0
    assert {one.region for one in world.organizations} == {"eu-west-1", "us-east-1"}
    assert reports.names == reports.file_names(*ORGANIZATIONS)
    assert_exact(reports, world, *ORGANIZATIONS)
    reports.assert_sums()


def test_the_worlds_hold_every_state_that_an_audit_can_meet() -> None:
    """The known answer has rows of every state, so that agreeing with it means something."""
    world = three_ways_in()

    for name in ORGANIZATIONS:
        states = {row["PrincipalState"] for row in truth(world, name)}
        assert states == {"OK", "EMPTY_GROUP", "NOT_FOUND", "MEMBER_NOT_FOUND"}


def test_the_merged_file_is_the_organizations_in_order(audit: Audit) -> None:
    """The merged file holds every organization's rows, in the order of the configuration."""
    world = three_ways_in()

    reports = audit(world)

    expected = [row for name in ORGANIZATIONS for row in truth(world, name)]
    assert reports.content() == written(expected)
    assert reports.manifest["files"][0]["rows"] == len(expected)


def test_the_manifest_tells_who_answered(audit: Audit) -> None:
    """The manifest names each organization's instance, Region, ids and caller, and its true counts."""
    world = three_ways_in()

    reports = audit(world)

    for organization in world.organizations:
        told = reports.organization(organization.name)
        management = organization.management_account_id
        assert {key: told[key] for key in ("status", "resumed", "gaps", "region")} == {
            "status": "complete",
            "resumed": False,
            "gaps": [],
            "region": organization.region,
        }
        assert told["instance_arn"] == organization.instance_arn
        assert told["organization_id"] == organization.id
        assert told["management_account_id"] == management
        assert told["caller_arn"] == (
            f"arn:aws:iam::{management}:user/auditor"
            if organization.name == "org-0"
            else f"arn:aws:sts::{management}:assumed-role/SsoBatchAudit/sso-batch"
        )
        rows = truth(world, organization.name)
        assert told["counts"]["rows"] == len(rows)
        assert told["counts"]["accounts"] == len(organization.accounts)
        assert told["counts"]["permission_sets"] == len(organization.permission_sets)
        assert told["counts"]["assignments"] == len(organization.assignments)
        existing = {one.id for one in organization.users} | {one.id for one in organization.groups}
        assert told["counts"]["orphaned"] == sum(
            one.principal_id not in existing for one in organization.assignments
        )


def test_two_runs_give_the_same_bytes(audit: Audit, tmp_path: Path) -> None:
    """Two audits of the same state give the same CSV bytes, though answers came in another order."""
    world = three_ways_in()

    first = audit(world, folder=tmp_path / "first")
    second = audit(world, folder=tmp_path / "second", latency=0.002)

    assert [first.content(name) for name in (*ORGANIZATIONS, None)] == [
        second.content(name) for name in (*ORGANIZATIONS, None)
    ]


@pytest.mark.parametrize("behaviour", BEHAVIOURS.values(), ids=BEHAVIOURS.keys())
def test_every_reading_of_aws_gives_the_known_rows(audit: Audit, behaviour: Behaviour) -> None:
    """However AWS cuts its pages, and whatever it leaves out: the rows are the same."""
    world = three_ways_in()

    reports = audit(world, behaviour=behaviour)

    assert reports.ended.code == 0
    assert_exact(reports, world, *ORGANIZATIONS)


@pytest.mark.parametrize("seed", range(6))
def test_random_organizations_give_the_known_rows(audit: Audit, seed: int) -> None:
    """Organizations of many shapes, more permission sets than accounts among them, are read exactly."""
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


def test_an_empty_organization_has_a_header_and_no_rows(audit: Audit) -> None:
    """Where nobody has anything, the file says so: a header alone, and the run is complete."""
    world = generate(1, users=0, groups=0, permission_sets=1, accounts=1, pairs=0)

    reports = audit(world)

    assert reports.ended.code == 0
    assert reports.content("org-0") == written([])
    assert reports.content() == written([])


def test_the_made_up_companies_are_read_exactly(audit: Audit) -> None:
    """The demo's companies, with what a few years leave behind, are read exactly."""
    world = demo_world()

    reports = audit(world, config=lambda text: text.replace("output:", "output:\n  escape_formulas: false"))

    assert reports.ended.code == 0
    for organization in world.organizations:
        assert reports.rows(organization.name) == truth(world, organization.name)


def test_a_formula_is_inert_in_the_csv_and_itself_in_the_snapshot(audit: Audit) -> None:
    """A user's name that a spreadsheet would run gets an apostrophe in the CSV, and none in the snapshot."""
    name = '=HYPERLINK("https://phish.example/","Rechnung öffnen")'
    world = demo_world()

    reports = audit(world)

    cells = {row["UserName"] for row in reports.rows("ostsee-logistik")}
    assert {cell for cell in cells if "HYPERLINK" in cell} == {f"'{name}"}
    assert name in {record.get("name") for record in reports.records("ostsee-logistik")}


def test_region_auto_finds_the_primary_region(audit: Audit) -> None:
    """With `region: auto` the primary Region is found, and the rows are the same."""
    world = three_ways_in()

    reports = audit(
        world,
        config=lambda text: text.replace("region: eu-west-1", "region: auto").replace(
            "region: us-east-1", "region: auto"
        ),
    )

    assert [reports.organization(name)["region"] for name in ORGANIZATIONS] == [
        one.region for one in world.organizations
    ]
    assert_exact(reports, world, *ORGANIZATIONS)


# The known answer is worth something only if it can disagree.


def _without_group_expansion(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nobody(_api: InstanceApi, _group_id: str) -> AsyncIterator[list[str]]:
        yield []

    monkeypatch.setattr(InstanceApi, "member_ids", nobody)


def _without_paging(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Gateway.pages

    async def first_page(*arguments: Any, **parameters: Any) -> AsyncIterator[list[Any]]:  # noqa: ANN401
        async for page in whole(*arguments, **parameters):
            yield page
            return

    monkeypatch.setattr(Gateway, "pages", first_page)


def _without_describe_user(monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone(_api: InstanceApi, _user_id: str) -> None:
        raise AwsFailure("DescribeUser", "ResourceNotFoundException", "nobody was asked")

    monkeypatch.setattr(InstanceApi, "user", gone)


def _without_describe_group(monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone(_api: InstanceApi, _group_id: str) -> None:
        raise AwsFailure("DescribeGroup", "ResourceNotFoundException", "nobody was asked")

    monkeypatch.setattr(InstanceApi, "group", gone)


@pytest.mark.parametrize(
    "take_out",
    [_without_group_expansion, _without_paging, _without_describe_user, _without_describe_group],
)
def test_taking_a_step_out_turns_the_comparison_red(
    audit: Audit, monkeypatch: pytest.MonkeyPatch, take_out: Callable[[pytest.MonkeyPatch], None]
) -> None:
    """Without group expansion, paging, DescribeUser or DescribeGroup the rows are others than known."""
    world: World = three_ways_in()
    take_out(monkeypatch)

    reports = audit(world, behaviour=Behaviour(page_size=4))

    for name in ORGANIZATIONS:
        with pytest.raises(AssertionError):
            assert_exact(reports, world, name)
