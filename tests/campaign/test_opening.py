"""Tests of opening campaigns: what is in the population, who reviews it, and what is written."""

import importlib.util
import io
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from sso_batch.campaign.record import CampaignError
from sso_batch.campaign.reviewers import OWN_ACCESS
from sso_batch.campaign.sheets import workbook, writing
from sso_batch.errors import UsageError
from sso_batch.model import GROUP, USER, Account, Group, PermissionSet, Principal, Snapshot
from sso_batch.review.finding import normalize_address
from sso_batch.review.roster import Person, Roster
from tests.review.reviews import ANN, EVERYTHING, OPS, allowing, organization, permission_set
from tests.support import workers
from tests.support.campaign_files import Row, read_rows
from tests.support.command import Command
from tests.support.opened_campaigns import FALLBACK, OpenedCampaign, named, open_on, write_run
from tests.support.records import FINISHED, ROLE, entitlement, grant, membership_of, snapshot, user
from tests.support.workbooks import records

MANAGEMENT, PROD = "000000000001", "111111111111"
SECOND = "arn:aws:sso:::permissionSet/ssoins-1/ps-2"
BOB = Principal(USER, "u-2")
BOSS = "boss@example.com"
EVERYTHING_BY = {"reviewer": "owner@example.com"}

Key = tuple[str, ...]


def acme(**fields: object) -> Snapshot:
    """Return an organization: Ann has an assignment and is in a group with Bob, which has one, too."""
    defaults: dict[str, object] = {
        "users": (user(), user("u-2", "Bob Ray")),
        "memberships": (membership_of("g-1", ("u-1", "u-2")),),
        "permission_sets": (
            permission_set(inline_policy=EVERYTHING),
            permission_set(arn=SECOND, name="Reader", inline_policy=allowing("s3:Get*")),
        ),
        "grants": (grant(ANN, PROD), grant(OPS, MANAGEMENT, SECOND)),
    }
    return organization(**defaults | fields)  # type: ignore[arg-type] # by name


def by_key(rows: list[Row]) -> dict[Key, Row]:
    """Return items by what they are about; fail if two are about the same."""
    found = {key_of(row): row for row in rows}
    assert len(found) == len(rows)
    return found


def key_of(row: Row) -> Key:
    """Return what an item is about."""
    if row["Kind"] == "membership":
        return row["Organization"], row["GroupId"], row["PrincipalId"]
    target = row["PermissionSetArn"] or row["RoleArn"]
    return row["Organization"], row["AccountId"], target, row["PrincipalType"], row["PrincipalId"]


def reviewers_of(opened: OpenedCampaign) -> dict[str, str]:
    """Return the reviewers of items by kind and who has the access."""
    return {f"{row['Kind']} of {row['Who']}": row["Reviewer"] for row in opened.population}


# The population.

_users = [f"u-{number}" for number in range(1, 7)]
_groups = [f"g-{number}" for number in range(1, 5)]
_principals = st.one_of(
    st.sampled_from(_users).map(lambda id_: Principal(USER, id_)),
    st.sampled_from(_groups).map(lambda id_: Principal(GROUP, id_)),
)
_grants = st.one_of(
    st.builds(grant, _principals, st.sampled_from([MANAGEMENT, PROD]), st.sampled_from(["arn:1", "arn:2"])),
    st.builds(entitlement, _principals, st.just(PROD)),
)
_rules = st.sampled_from(
    [
        {"reviewer": "manager"},
        {"kind": "membership", "reviewer": "u-1@example.com"},
        {"account": PROD, "reviewer": "U-2@Example.com"},
        {"group": "Group*", "reviewer": "u-3@example.com"},
        {"privilege": "ADMINISTRATOR", "organization": "acme", "reviewer": BOSS},
    ]
)


@st.composite
def organizations(draw: st.DrawFn, name: str) -> Snapshot:
    """Return an organization in which some users and groups were deleted."""
    present = draw(st.sets(st.sampled_from(_users)))
    groups = draw(st.sets(st.sampled_from(_groups)))
    managers = st.sampled_from(["", BOSS, *(f"{id_}@example.com" for id_ in _users)])
    known = [replace(user(id_), attributes=(("manager", draw(managers)),)) for id_ in sorted(present)]
    gone = [Principal(USER, id_) for id_ in _users if id_ not in present]
    return named(
        snapshot(
            people=("manager",),
            users=tuple(known),
            groups=tuple(Group(id_, f"Group {id_}") for id_ in sorted(groups)),
            memberships=tuple(
                membership_of(id_, sorted(draw(st.sets(st.sampled_from(_users))))) for id_ in sorted(groups)
            ),
            missing=(*gone, *(Principal(GROUP, id_) for id_ in _groups if id_ not in groups)),
            accounts=(Account(MANAGEMENT, "Management", "ACTIVE"), Account(PROD, "Prod", "ACTIVE")),
            permission_sets=(
                permission_set(arn="arn:1", inline_policy=EVERYTHING),
                permission_set(arn="arn:2", name="Reader"),
            ),
            grants=tuple(draw(st.lists(_grants, max_size=12))),
            delegated_administrators=(),
        ),
        name,
    )


def expected_keys(read: Snapshot) -> set[Key]:
    """Return what there must be items about."""
    name = read.organization
    assigned = {each.principal.id for each in read.grants if each.principal.type == GROUP}
    return {
        (
            name,
            each.account_id,
            each.permission_set_arn or each.role_arn,
            each.principal.type,
            each.principal.id,
        )
        for each in read.grants
    } | {
        (name, each.group_id, user_id)
        for each in read.memberships
        if each.group_id in assigned
        for user_id in each.user_ids
    }


@settings(max_examples=60, deadline=None)
@given(
    worlds=st.tuples(organizations("acme"), organizations("globex")),
    rules=st.lists(_rules, max_size=4, unique_by=str),
)
def test_every_access_has_one_item_and_one_reviewer(
    worlds: tuple[Snapshot, Snapshot], rules: list[dict[str, str]]
) -> None:
    """Each assignment, and each membership of an assigned group, is in the sheet of another person."""
    with TemporaryDirectory() as folder, patch.object(importlib.util, "find_spec", return_value=None):
        run = write_run(Path(folder) / "run", *worlds)
        opened = open_on(run, Path(folder) / "review", *rules)
        population = opened.population
        sheets = {
            reviewer.address: read_rows(opened.folder / reviewer.files[0].name)
            for reviewer in opened.record.reviewers
        }

    items = by_key(population)
    assert set(items) == set().union(*map(expected_keys, worlds))
    assert Counter((row["Item"], reviewer) for reviewer, rows in sheets.items() for row in rows) == Counter(
        (row["Item"], row["Reviewer"]) for row in population
    )
    assert len({row["Item"] for row in population}) == len(population) == opened.record.items
    for row in population:
        if row["PrincipalType"] == USER:
            assert normalize_address(row["Reviewer"]) != normalize_address(row["UserEmail"])


def test_cells_of_an_assignment_and_a_membership(tmp_path: Path) -> None:
    """An item shows who has what, where, how, and what was found, whatever else has the same access."""
    opened = open_on(write_run(tmp_path / "run", acme()), tmp_path / "review")

    shown = ("Who", "What", "Where", "Privilege", "Through", "People", "Accounts", "Findings")
    found = {key: tuple(row[column] for column in shown) for key, row in by_key(opened.population).items()}
    assert found["acme", PROD, "arn:aws:sso:::permissionSet/ssoins-1/ps-admin", USER, "u-1"][:7] == (
        *("Ann Lee", "Admin", "Prod", "ADMINISTRATOR", "assigned directly", "1", "1"),
    )
    assert found["acme", MANAGEMENT, SECOND, GROUP, "g-1"][:7] == (
        *("Ops", "Reader", "Management", "READ", "its 2 members", "2", "1"),
    )
    assert found["acme", "g-1", "u-2"][:7] == (
        *("Bob Ray", "Reader", "Management", "READ", "group Ops", "1", "1"),
    )


def test_finding_across_organizations(tmp_path: Path) -> None:
    """What is only known after all organizations were read is in the items of each of them."""
    run = write_run(tmp_path / "run", acme(), named(acme(), "globex"))

    opened = open_on(run, tmp_path / "review")

    about_ann = [row for row in opened.population if row["PrincipalId"] == "u-1"]
    assert {row["Organization"] for row in about_ann} == {"acme", "globex"}
    assert all("cross-organization-admin (about the user)" in row["Findings"] for row in about_ann)
    others = [row for row in opened.population if row["PrincipalId"] != "u-1"]
    assert not any("cross-organization-admin" in row["Findings"] for row in others)


def test_ids_are_the_same_in_the_next_campaign(tmp_path: Path) -> None:
    """An item's id depends neither on the run nor on the configuration nor on names."""
    later = replace(
        acme(users=(user("u-1", "Ann Li"), user("u-2"), user("u-3"))),
        started_at=FINISHED + timedelta(days=90),
        finished_at=FINISHED + timedelta(days=90),
    )
    later = replace(later, grants=(*later.grants, grant(Principal(USER, "u-3"), PROD)))

    first = by_key(open_on(write_run(tmp_path / "run", acme()), tmp_path / "review").population)
    second = by_key(
        open_on(write_run(tmp_path / "later", later), tmp_path / "later-review", EVERYTHING_BY).population
    )

    assert {key: row["Item"] for key, row in first.items()} == {key: second[key]["Item"] for key in first}
    assert len(second) == len(first) + 1


# Who reviews.


def test_nobody_reviews_their_own_access(tmp_path: Path) -> None:
    """Items that concern only their reviewer go to the fallback, however the address is written."""
    ops, crew = Group("g-1", "Ops"), Group("g-2", "Crew")
    read = acme(
        groups=(ops, crew),
        memberships=(membership_of("g-1", ("u-1", "u-2")), membership_of("g-2", ("u-1",))),
        grants=(grant(ANN, PROD), grant(OPS, PROD), grant(Principal(GROUP, "g-2"), PROD)),
    )

    opened = open_on(write_run(tmp_path / "run", read), tmp_path / "review", {"reviewer": "U-1@EXAMPLE.com"})

    shown = [(row["Kind"], row["Who"], row["Reviewer"], row["ReviewerRule"]) for row in opened.population]
    rule = "campaign.reviewers[0]"
    assert sorted(shown) == [
        ("assignment", "Ann Lee", FALLBACK, OWN_ACCESS),
        ("assignment", "Crew", FALLBACK, OWN_ACCESS),
        ("assignment", "Ops", "U-1@EXAMPLE.com", rule),
        ("membership", "Ann Lee", FALLBACK, OWN_ACCESS),
        ("membership", "Ann Lee", FALLBACK, OWN_ACCESS),
        ("membership", "Bob Ray", "U-1@EXAMPLE.com", rule),
    ]


def test_fallback_that_is_concerned(tmp_path: Path) -> None:
    """Of several fallbacks, the first one that is not concerned reviews an item."""
    run = write_run(tmp_path / "run", acme(grants=(grant(ANN, PROD), grant(BOB, PROD))))

    opened = open_on(run, tmp_path / "review", fallback=("u-1@example.com", FALLBACK))

    assert reviewers_of(opened) == {
        "assignment of Ann Lee": FALLBACK,
        "assignment of Bob Ray": "u-1@example.com",
    }
    with pytest.raises(UsageError, match=r"u-1@example\.com would review their own access"):
        open_on(run, tmp_path / "refused", fallback=("u-1@example.com",))
    assert list((tmp_path / "refused").iterdir()) == []


@pytest.mark.parametrize(
    ("rule", "matched"),
    [
        ({"organization": "acme"}, "Ann Ops Role Member"),
        ({"organization": "globex"}, ""),
        ({"account": PROD}, "Ann"),
        ({"account": "Manage*"}, "Ops Role Member"),
        ({"account_path": "Root/Prod"}, "Ann"),
        ({"account_path": "Root"}, "Ops Role Member"),
        ({"permission_set": "Admin"}, "Ann"),
        ({"permission_set": "Read?r"}, "Ops Member"),
        ({"permission_set": "Audit"}, "Role"),
        ({"group": "Ops"}, "Ops Member"),
        ({"group": "ops"}, ""),
        ({"privilege": "ADMINISTRATOR"}, "Ann"),
        ({"privilege": "READ"}, "Ops Member"),
        ({"kind": "assignment"}, "Ann Ops Role"),
        ({"kind": "membership"}, "Member"),
        ({"kind": "assignment", "group": "Ops", "account": "Management"}, "Ops"),
        ({"kind": "assignment", "group": "Ops", "account": PROD}, ""),
    ],
    ids=lambda value: " ".join(sorted(value)),
)
def test_keys_of_rules(tmp_path: Path, rule: dict[str, str], matched: str) -> None:
    """A rule matches the items that all of its keys match; a membership has what its group gives."""
    read = acme(
        accounts=(
            Account(MANAGEMENT, "Management", "ACTIVE", "Root"),
            Account(PROD, "Prod", "ACTIVE", "Root/Prod"),
        ),
        memberships=(membership_of("g-1", ("u-2",)),),
        grants=(grant(ANN, PROD), grant(OPS, MANAGEMENT, SECOND), entitlement(BOB, MANAGEMENT)),
    )
    names = {
        ("acme", PROD, "arn:aws:sso:::permissionSet/ssoins-1/ps-admin", USER, "u-1"): "Ann",
        ("acme", MANAGEMENT, SECOND, GROUP, "g-1"): "Ops",
        ("acme", MANAGEMENT, ROLE, USER, "u-2"): "Role",
        ("acme", "g-1", "u-2"): "Member",
    }

    opened = open_on(write_run(tmp_path / "run", read), tmp_path / "review", rule | EVERYTHING_BY)

    items = {names[key]: row for key, row in by_key(opened.population).items()}
    assert set(items) == set(names.values())
    assert {name for name, row in items.items() if row["Reviewer"] == "owner@example.com"} == set(
        matched.split()
    )
    assert {row["ReviewerRule"] for name, row in items.items() if name not in matched.split()} <= {"fallback"}


def test_first_rule_that_matches(tmp_path: Path) -> None:
    """The first rule that matches decides, and an address has one spelling in a campaign."""
    rules = (
        {"account": "Prod", "reviewer": "First@example.com"},
        {"account": "*", "reviewer": "first@example.com"},
        {"account": "*", "reviewer": "never@example.com"},
    )

    opened = open_on(write_run(tmp_path / "run", acme()), tmp_path / "review", *rules)

    found = {(row["Where"], row["Reviewer"], row["ReviewerRule"]) for row in opened.population}
    assert len({reviewer for _, reviewer, _ in found}) == 1
    assert {(where, rule) for where, _, rule in found} == {
        ("Prod", "campaign.reviewers[0]"),
        ("Management", "campaign.reviewers[1]"),
    }


def test_managers(tmp_path: Path) -> None:
    """A manager is in the directory or the roster; where none is known, the next rule decides."""
    people = [user(), user("u-2", "Bob Ray"), user("u-3", "Eve Fox"), user("u-4", "Kim Poe")]
    managers = ["u-2", "", "not an address", ""]
    read = acme(
        people=("employee_number", "manager"),
        users=tuple(
            replace(each, attributes=(("employee_number", f"E{number}"), ("manager", manager)))
            for number, (each, manager) in enumerate(zip(people, managers, strict=True), 1)
        ),
        memberships=(),
        grants=(*(grant(Principal(USER, each.id), PROD) for each in people), grant(OPS, PROD)),
    )
    roster = Roster(
        (
            Person(email="u-1@example.com", manager="never@example.com"),
            Person(employee_number="E2", manager=BOSS),
        ),
        frozenset({"email", "employee_number", "manager"}),
    )
    run = write_run(tmp_path / "run", read)

    opened = open_on(run, tmp_path / "review", {"reviewer": "manager"}, EVERYTHING_BY, roster=roster)

    assert reviewers_of(opened) == {
        "assignment of Ann Lee": "u-2@example.com",
        "assignment of Bob Ray": BOSS,
        "assignment of Eve Fox": "owner@example.com",
        "assignment of Kim Poe": "owner@example.com",
        "assignment of Ops": "owner@example.com",
    }


# What is reviewed.


def test_incomplete_organization(tmp_path: Path) -> None:
    """A population with an incomplete organization is refused; the others can be reviewed without it."""
    run = write_run(
        tmp_path / "run",
        *(acme(), named(acme(), "globex"), named(acme(), "initech")),
        partial=["globex"],
        failed=["umbra"],
    )

    with pytest.raises(CampaignError) as caught:
        open_on(run, tmp_path / "refused")
    with pytest.raises(CampaignError, match="globex"):
        open_on(run, tmp_path / "refused", organizations=["acme", "globex"])
    with pytest.raises(UsageError, match="unknown organization acne"):
        open_on(run, tmp_path / "refused", organizations=["acne"])
    opened = open_on(run, tmp_path / "review", organizations=["initech"])

    assert str(caught.value.message).endswith("umbra (failed), globex (incomplete)")
    assert caught.value.hint.endswith("--organization acme,initech")
    assert list((tmp_path / "refused").iterdir()) == []
    assert {row["Organization"] for row in opened.population} == {"initech"}
    assert [(each.name, each.reason) for each in opened.record.left_out] == [
        ("umbra", "left out with --organization; failed in the run"),
        ("acme", "left out with --organization; complete in the run"),
        ("globex", "left out with --organization; incomplete in the run"),
        ("elsewhere", "not selected in the run"),
    ]


def test_privileged_access(tmp_path: Path) -> None:
    """The scope `privileged` includes access whose level was not read, because it may be privileged."""
    unread = "arn:aws:sso:::permissionSet/ssoins-1/ps-3"
    customer = "arn:aws:sso:::permissionSet/ssoins-1/ps-4"
    read = acme(
        permission_sets=(
            permission_set(inline_policy=EVERYTHING),
            permission_set(arn=SECOND, name="Reader", inline_policy=allowing("s3:Get*")),
            PermissionSet(unread, "Unread"),
            permission_set(arn=customer, name="Customer", customer_managed_policies=("/Own",)),
        ),
        memberships=(),
        grants=(
            grant(ANN, PROD),
            grant(ANN, PROD, SECOND),
            grant(ANN, PROD, unread),
            grant(ANN, PROD, customer),
            entitlement(ANN, PROD),
        ),
    )

    opened = open_on(write_run(tmp_path / "run", read), tmp_path / "review", scope="privileged")

    assert {row["What"] for row in opened.population} == {"Admin", "Unread", "Customer", "Audit"}
    assert (opened.record.scope, opened.record.items, opened.record.out_of_scope) == ("privileged", 4, 1)


# What is written.


def test_folder_that_has_a_campaign(
    sso_batch: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A campaign is never overwritten: the command exits with code 2 and changes nothing."""
    write_run(tmp_path / "run", acme())
    config = tmp_path / "orgs.yaml"
    config.write_text(f"organizations: [{{name: acme}}]\ncampaign: {{fallback: {FALLBACK}}}\n")
    monkeypatch.chdir(tmp_path)
    arguments = ("campaign", "open", "-c", config, "--run", tmp_path / "run", "-o", tmp_path / "review")
    first = sso_batch(*arguments)
    before = {path: path.read_bytes() for path in (tmp_path / "review").iterdir()}

    second = sso_batch(*arguments)

    assert (first.code, second.code) == (0, 2)
    assert "already contains a campaign" in second.stderr
    assert {path: path.read_bytes() for path in (tmp_path / "review").iterdir()} == before


def test_addresses_that_give_the_same_name(tmp_path: Path) -> None:
    """Reviewers whose addresses differ only in special characters have different files."""
    rules = (
        {"kind": "membership", "reviewer": "ann+aws@example.com"},
        {"account": "Prod", "reviewer": "ann_aws@example.com"},
        {"reviewer": "ANN-AWS@example.com"},
    )

    opened = open_on(write_run(tmp_path / "run", acme()), tmp_path / "review", *rules)

    names = {each.address: each.files[0].name for each in opened.record.reviewers}
    assert names == {
        "ANN-AWS@example.com": "review_ANN-AWS_example.com.csv",
        "ann+aws@example.com": "review_ann_aws_example.com.csv",
        "ann_aws@example.com": "review_ann_aws_example.com-2.csv",
    }
    for address, name in names.items():
        assert {row["Reviewer"] for row in read_rows(opened.folder / name)} == {address}


def test_without_xlsxwriter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without xlsxwriter, sheets are only CSV files."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)

    opened = open_on(write_run(tmp_path / "run", acme()), tmp_path / "review")

    assert set(opened.files) == {"campaign.json", "population.csv", "review_security_example.com.csv"}
    (reviewer,) = opened.record.reviewers
    assert [file.name for file in reviewer.files] == ["review_security_example.com.csv"]


def test_processes_change_no_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workbooks that other processes render have the same bytes as those of this process."""
    hostile = (user("u-1", "=cmd()'\r\n"), user("u-2", "'quoted' <r>rich</r>"))
    run = write_run(tmp_path / "run", acme(users=hostile))
    rule = {"kind": "membership", "reviewer": BOSS}
    written = []
    for processes in (0, 2):
        monkeypatch.setattr(writing, "_processes", lambda _, number=processes: number)
        written.append(open_on(run, tmp_path / f"review-{processes}", rule).files)

    assert written[0] == written[1]
    assert len(written[0]) == 6
    book = load_workbook(io.BytesIO(written[0]["review_boss_example.com.xlsx"]))
    assert [each["Who"] for each in records(book["Review"])] == [
        "'quoted' <r>rich</r>",
        "=cmd()'[U+000D][U+000A]",
    ]


@pytest.mark.parametrize("processes", [0, 2])
def test_workbook_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    """If a workbook cannot be written, nothing is: no file, no draft."""
    monkeypatch.setattr(writing, "_processes", lambda _: processes)
    monkeypatch.setattr(workbook, "write_workbook", workers.refuse)
    run = write_run(tmp_path / "run", acme())

    with pytest.raises(OSError, match="No space left"):
        open_on(run, tmp_path / "review")

    assert list((tmp_path / "review").iterdir()) == []


@pytest.mark.parametrize(
    ("cpus", "items", "processes"),
    [(1, 200_000, 1), (2, 200_000, 2), (64, 200_000, 3), (64, 7_000, 2), (64, 5_000, 1), (64, 10, 0)],
)
def test_number_of_processes(monkeypatch: pytest.MonkeyPatch, cpus: int, items: int, processes: int) -> None:
    """A small campaign, or one CPU, needs no other process; many CPUs do not need more memory."""
    monkeypatch.setattr(writing, "usable_cpus", lambda: cpus)

    assert writing._processes(items) == processes


# What a narrower scope leaves out.


def test_items_out_of_scope(tmp_path: Path) -> None:
    """They are in a file of their own, because a proof needs to know what groups gave."""
    opened = open_on(write_run(tmp_path / "run", acme()), tmp_path / "review", scope="privileged")

    rows = read_rows(opened.folder / "out_of_scope.csv")
    assert {row["What"] for row in opened.population} == {"Admin"}
    assert {row["What"] for row in rows} == {"Reader"}
    assert len(rows) == opened.record.out_of_scope == 3
    assert {row["Decision"] for row in rows} == {""}


def test_people_with_several_users(tmp_path: Path) -> None:
    """Own access goes to the fallback also in a group with the same person's other user, or a deleted one."""
    other = replace(user("u-2", "Ann's admin user"), email="U-1@example.com")
    deleted = Principal(USER, "u-9")
    read = acme(
        users=(user(), other), memberships=(membership_of("g-1", ("u-1", "u-2", "u-9")),), missing=(deleted,)
    )
    opened = open_on(write_run(tmp_path / "run", read), tmp_path / "review", {"reviewer": "u-1@example.com"})

    reviewers = reviewers_of(opened)
    assert reviewers["assignment of Ops"] == FALLBACK
    assert reviewers["membership of deleted user u-9"] == "u-1@example.com"


def test_login_that_is_an_address(tmp_path: Path) -> None:
    """A user without an email address is recognized by the login."""
    ann = replace(user(), email="", login="ann@example.com")
    read = acme(users=(ann, user("u-2", "Bob Ray")))
    opened = open_on(write_run(tmp_path / "run", read), tmp_path / "review", {"reviewer": "ann@example.com"})

    assert reviewers_of(opened)["assignment of Ann Lee"] == FALLBACK


@pytest.mark.parametrize(
    "manager", ["boss@example.com\n", "boss@exam\u2028ple.com", "a,b@example.com", "boss"]
)
def test_manager_that_is_not_an_address(tmp_path: Path, manager: str) -> None:
    """Such a manager is not known, so that the sheets stay readable."""
    ann = replace(user(), attributes=(("manager", manager),))
    read = acme(users=(ann, replace(user("u-2"), attributes=(("manager", ""),))), people=("manager",))
    opened = open_on(write_run(tmp_path / "run", read), tmp_path / "review", {"reviewer": "manager"})

    expected = {FALLBACK, BOSS} if manager.strip() == BOSS else {FALLBACK}
    assert {row["Reviewer"] for row in opened.population} == expected


def test_members_that_were_not_read(tmp_path: Path) -> None:
    """Members of a kind that this version does not know leave no gap: the record counts their groups."""
    opened = open_on(write_run(tmp_path / "run", acme(memberships=())), tmp_path / "review")

    assert opened.record.unread_groups == 1


def test_run_that_changes_meanwhile(tmp_path: Path) -> None:
    """A campaign records the manifest of the population, and refuses a run whose manifest is another one."""
    run = write_run(tmp_path / "run", acme())
    manifest = tmp_path / "run" / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"nightly-7"', b'"nightly-8"'))

    with pytest.raises(CampaignError, match=r"the manifest in .* has changed since it was read"):
        open_on(run, tmp_path / "review")
    assert list((tmp_path / "review").iterdir()) == []
