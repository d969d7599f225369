"""Where users and memberships come from, and attributes of users: exact, and only if they are asked for."""

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sso_batch.aws import gateway
from sso_batch.emulator import HUB, Fault, World, audit_role, generate
from sso_batch.emulator.service import Answer, Call
from sso_batch.emulator.services.identity_store import IDENTITY_STORE
from sso_batch.emulator.world import Authored, Profile
from sso_batch.emulator.world.builder import OrganizationBuilder
from sso_batch.emulator.world.provenance import external_id, provisioned, session
from tests.support.audits import Audit
from tests.support.command import Command
from tests.support.expected_reports import whole_truth
from tests.support.oracle import ATTRIBUTES
from tests.support.reports import Reports, files_in
from tests.support.sample_worlds import ODDITIES, with_first

EVERYTHING = tuple(ATTRIBUTES)
MANAGEMENT = "000000000001"
BY_HAND = session("Administrator", "fay")
MARKER = "marker-of-"
"""What every attribute of the user `marked` contains."""


def collecting(*people: str, **others: str) -> str:
    """Return settings that read attributes."""
    keys = {"people": f"[{', '.join(people)}]", "entitlements": "true", **others}
    return f"\ncollect: {{{', '.join(f'{key}: {value}' for key, value in keys.items())}}}\n"


def company() -> World:
    """Return an organization with users from SCIM and others, in all forms that attributes can have."""
    acme = OrganizationBuilder(
        "acme", management_account_id=MANAGEMENT, region="eu-west-1", domain="acme.example"
    )
    ada = external_id(acme.store_id, acme.principal_id("USER", "ada"))[0].id
    acme.group("team")
    acme.user("ada", "Ada", groups=("team",), profile=Profile(title="Lead", extensions={"department": "IT"}))
    acme.user("ben", groups=("team",), profile=_managed({"value": ada, "displayName": "Ada"}))
    acme.user("cy", groups=("team",), profile=_managed({"Name": "Ada", "UserName": "Ada"}, key="Manager"))
    acme.user("dee", groups=("team",), profile=_managed("ADA@acme.example", key="MANAGER"))
    acme.user("eve", groups=("team",), profile=_managed("E-1234"))
    acme.user("fay", email=None, profile=Profile(created_at="2024-05-06T07:08:09Z", created_by=MANAGEMENT))
    acme.member("team", "fay", Authored(created_at="2026-03-02T09:14:05.999Z", created_by=BY_HAND))
    acme.user("gus", groups=("team",), profile=_managed({"value": acme.principal_id("USER", "fay")}))
    acme.user(
        "marked",
        profile=Profile(
            title=f"{MARKER}title",
            user_type=f"{MARKER}user_type",
            extensions={
                key: f"{MARKER}{key}"
                for key in ("department", "division", "costCenter", "employeeNumber", "manager", "other")
            },
        ),
    )
    acme.permission_set("Admin", managed=("AdministratorAccess",))
    acme.assign("Admin", "GROUP", "team", MANAGEMENT)
    acme.assign("Admin", "USER", "marked", MANAGEMENT)
    organization = provisioned(acme.build())
    old = acme.principal_id("USER", "gus")
    memberships = tuple(
        replace(entry, created_at=None, created_by=None) if entry.user_id == old else entry
        for entry in organization.memberships
    )
    organization = replace(organization, memberships=memberships)
    return World((organization,), (HUB,), (audit_role(organization),))


def _managed(manager: object, *, key: str = "manager") -> Profile:
    return Profile(
        user_type="Employee", extensions={"CostCenter": "0410", "employeenumber": 17, key: manager}
    )


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the content of every file of a run; of a workbook, that of each part."""
    for name, path in files_in(folder).items():
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as workbook:
                for part in workbook.namelist():
                    yield f"{name}/{part}", workbook.read(part)
        else:
            yield name, path.read_bytes()


@pytest.fixture
def world() -> World:
    return company()


def test_every_column_is_as_expected(audit: Audit, world: World) -> None:
    """Managers of every form are shown by address, else by login, else as the directory has them."""
    reports = audit(world, settings=collecting(*EVERYTHING))

    assert reports.ended.code == 0
    found = {row["UserLogin"]: row for row in reports.rows("acme")}
    columns = ("Title", "UserType", "Department", "CostCenter", "EmployeeNumber", "Manager")
    ada = "ada@acme.example"
    assert {login: tuple(row[column] for column in columns) for login, row in found.items()} == {
        "ada": ("Lead", "", "IT", "", "", ""),
        "ben": ("", "Employee", "", "0410", "17", ada),
        "cy": ("", "Employee", "", "0410", "17", ada),
        "dee": ("", "Employee", "", "0410", "17", ada),
        "eve": ("", "Employee", "", "0410", "17", "E-1234"),
        "fay": ("", "", "", "", "", ""),
        "gus": ("", "Employee", "", "0410", "17", "fay"),
        "marked": tuple(
            f"{MARKER}{name}"
            for name in ("title", "user_type", "department", "costCenter", "employeeNumber", "manager")
        ),
    }
    members = {login: (row["MemberSince"], row["MemberAddedBy"]) for login, row in found.items()}
    assert members["fay"] == ("2026-03-02T09:14:05Z", BY_HAND)
    assert members["gus"] == members["marked"] == ("", "")
    assert {members[login][1] for login in ("ada", "ben", "cy", "dee", "eve")} == {"SCIM"}
    assert all(len(members[login][0]) == len("2026-03-02T09:14:05Z") for login in ("ada", "eve"))


def test_origins_are_in_the_snapshot(audit: Audit, world: World) -> None:
    """The snapshot holds dates, authors, external ids and membership ids."""
    reports = audit(world)

    records = reports.records("acme")
    (acme,) = world.organizations
    users = {record["id"]: record for record in records if record["record"] == "user"}
    assert {
        id_: (record["created_at"], record["created_by"], record["updated_by"], record["attributes"])
        for id_, record in users.items()
    } == {
        user.id: (f"{(user.created_at or '')[:19]}Z", user.created_by, user.updated_by or "", {})
        for user in acme.users
    }
    assert [record["external_ids"] for record in users.values()] == [
        [{"issuer": entry.issuer, "id": entry.id} for entry in user.external_ids]
        for user in sorted(acme.users, key=lambda user: user.id)
    ]
    (membership,) = [record for record in records if record["record"] == "membership"]
    assert all(len(member["membership_id"]) == 36 for member in membership["members"])
    assert {member["created_by"] for member in membership["members"]} == {"SCIM", BY_HAND, ""}


@pytest.mark.parametrize("strategy", ["complete", "fastest"])
def test_rows_of_a_generated_world_are_exact(audit: Audit, strategy: str) -> None:
    """Both strategies give the attributes and memberships of an organization with every special case."""
    all_listed = {"orphans": 0, "unlisted_users": 0, "unlisted_groups": 0}
    world = generate(9, organizations=2, **(ODDITIES | (all_listed if strategy == "fastest" else {})))

    reports = audit(world, settings=collecting(*EVERYTHING, strategy=strategy))

    assert reports.ended.code == 0
    for name in ("org-0", "org-1"):
        expected = whole_truth(world, name, EVERYTHING)
        assert reports.rows(name) == expected
        assert {row["Manager"] for row in expected} > {""}
    assert reports.rows() == reports.rows("org-0") + reports.rows("org-1")


def requested(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Record the requests for users."""
    requests: list[dict[str, Any]] = []
    for name in ("ListUsers", "DescribeUser"):
        operation = IDENTITY_STORE.operations[name]

        def answer(call: Call, served: Any = operation) -> Answer:  # noqa: ANN401 - an operation
            requests.append(call.request)
            answered: Answer = served.answer(call)
            return answered

        monkeypatch.setitem(IDENTITY_STORE.operations, name, replace(operation, answer=answer))
    return requests


@pytest.mark.parametrize(
    ("people", "extensions"),
    [((), set()), (("title", "user_type"), set()), (("division",), {"aws:identitystore:enterprise"})],
)
def test_the_extension_is_requested_only_for_its_attributes(
    audit: Audit, monkeypatch: pytest.MonkeyPatch, people: tuple[str, ...], extensions: set[str]
) -> None:
    """Without one of them, the requests have the members that they had before there were attributes."""
    world = generate(9, **ODDITIES)
    requests = requested(monkeypatch)

    reports = audit(world, settings=collecting(*people))

    assert reports.ended.code == 0
    assert {name for request in requests for name in request.get("Extensions", ())} == extensions
    members = {frozenset(request) - {"NextToken"} for request in requests}
    asked = {"Extensions"} if extensions else set()
    assert members == {
        frozenset({"IdentityStoreId", "MaxResults", *asked}),
        frozenset({"IdentityStoreId", "UserId", *asked}),
    }


def everywhere(audit: Audit, world: World, folder: Path, *people: str) -> Reports:
    """Audit twice, with all formats and a comparison, after the user `marked` lost access."""
    settings = collecting(*people) + "review: {compare: previous}\n"
    formats = ("--format", "csv,html,xlsx")
    (acme,) = world.organizations
    marked = next(user.id for user in acme.users if user.user_name == "marked")
    audit(world, *formats, "--run-id", "first", settings=settings, folder=folder)
    left = tuple(entry for entry in acme.assignments if entry.principal_id != marked)
    reports = audit(
        with_first(world, replace(acme, assignments=left)),
        *formats,
        *("--run-id", "second"),
        settings=settings,
        folder=folder,
    )
    assert reports.ended.code == 0
    return reports


def test_without_a_request_no_file_has_an_attribute(audit: Audit, world: World, tmp_path: Path) -> None:
    """With `people: []`, no attribute is in any byte of a run, and no column either."""
    everywhere(audit, world, tmp_path / "reports")

    for name, content in contents(tmp_path / "reports"):
        assert MARKER.encode() not in content, name
        assert b"0410" not in content, name
        assert b"CostCenter" not in content, name


def test_attributes_that_are_not_asked_for_are_not_kept(audit: Audit, world: World, tmp_path: Path) -> None:
    """The extension contains more attributes than were asked for; only those are kept."""
    everywhere(audit, world, tmp_path / "reports", "division")

    markers = (f"{MARKER}{name}".encode() for name in ("title", "department", "manager", "other"))
    unwanted = tuple(markers)
    files = dict(contents(tmp_path / "reports"))
    assert not [name for name, content in files.items() if any(marker in content for marker in unwanted)]
    assert {
        Path(name).suffix for name, content in files.items() if f"{MARKER}division".encode() in content
    } >= {
        ".csv",
        ".jsonl",
        ".xml",
    }


def test_changes_have_the_columns(audit: Audit, sso_batch: Command, world: World, tmp_path: Path) -> None:
    """changes.csv and both formats of `diff` have a column for each attribute, also for removed access."""
    folder = tmp_path / "reports"
    everywhere(audit, world, folder, "department", "manager")
    runs = (folder / "first", folder / "second")

    (file,) = (folder / "second").glob("*_changes.csv")
    rows = list(csv.DictReader(io.StringIO(file.read_bytes().decode(), newline=""), strict=True))
    as_csv = sso_batch("diff", *runs, "--format", "csv")
    as_json = json.loads(sso_batch("diff", *runs, "--format", "json").stdout)["changes"]

    assert [(row["Change"], row["Department"], row["Manager"]) for row in rows] == [
        ("removed", f"{MARKER}department", f"{MARKER}manager")
    ]
    assert list(csv.DictReader(io.StringIO(as_csv.stdout, newline=""), strict=True)) == rows
    assert as_json == [{**row, "Author": ""} for row in rows]
    assert list(as_json[0])[-3:] == ["Department", "Manager", "Author"]


def test_a_run_without_attributes_is_compared_with_one_that_has_them(
    audit: Audit, sso_batch: Command, world: World, tmp_path: Path
) -> None:
    """Attributes are no changes of access; what one of the runs did not read is NOT_READ."""
    folder = tmp_path / "reports"
    audit(world, "--run-id", "first", settings=collecting(), folder=folder)
    (acme,) = world.organizations
    marked = next(user for user in acme.users if user.user_name == "marked")
    gone = replace(
        acme,
        users=tuple(user if user != marked else replace(user, title="Other") for user in acme.users),
        assignments=tuple(entry for entry in acme.assignments if entry.principal_id != marked.id),
    )
    audit(
        with_first(world, gone), "--run-id", "second", settings=collecting("title", "manager"), folder=folder
    )

    text = sso_batch("diff", folder / "first", folder / "second", "--format", "csv").stdout
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))

    assert [(row["Change"], row["UserLogin"], row["Title"], row["Manager"]) for row in rows] == [
        ("removed", "marked", "NOT_READ", "NOT_READ")
    ]


def test_a_user_who_is_not_read_has_no_empty_attributes(audit: Audit) -> None:
    """Attributes of users that cannot be read are NOT_READ."""
    world = generate(9, **ODDITIES)
    fault = Fault("access_denied", operation="DescribeUser")

    reports = audit(world, settings=collecting("title", "manager"), faults=[fault])

    assert reports.ended.code == 4
    rows = [row for row in reports.rows("org-0") if row["PrincipalState"] == "NOT_READ"]
    assert rows
    assert {(row["UserEmail"], row["Title"], row["Manager"]) for row in rows} == {("NOT_READ",) * 3}


def test_an_unknown_form_is_not_read(audit: Audit, world: World) -> None:
    """An attribute that this version cannot read is NOT_READ and in `not_examined`; the rest is complete."""
    (acme,) = world.organizations
    users = tuple(
        replace(user, extensions={"department": ["IT"], "manager": "ada"})
        if user.user_name == "ben"
        else user
        for user in acme.users
    )

    reports = audit(
        with_first(world, replace(acme, users=users)), settings=collecting("department", "manager")
    )

    assert reports.ended.code == 0
    found = {row["UserLogin"]: (row["Department"], row["Manager"]) for row in reports.rows("acme")}
    assert (found["ben"], found["ada"]) == (("NOT_READ", "ada@acme.example"), ("IT", ""))
    line = "attributes of users in a form that this version of sso-batch does not know"
    assert line in reports.organization("acme")["not_examined"]


@pytest.mark.parametrize(
    "change",
    [
        {"CreatedAt": "yesterday"},
        {"CreatedAt": ["2026-11-26T15:31:45Z"]},
        {"CreatedBy": 7},
        {"Title": {"value": "Lead"}},
        {"ExternalIds": [{"Issuer": "https://scim"}]},
        {"Extensions": ["aws:identitystore:enterprise"]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_malformed_user_is_a_gap(
    audit: Audit, world: World, monkeypatch: pytest.MonkeyPatch, change: dict[str, object]
) -> None:
    """A value that AWS's model rules out is a malformed answer, and never an empty cell."""
    monkeypatch.setattr(gateway, "GIVE_UP", 0.02)
    operation = IDENTITY_STORE.operations["ListUsers"]

    def answer(call: Call) -> Answer:
        answered = operation.answer(call)
        return answered | {"Users": [user | change for user in answered["Users"]]}

    monkeypatch.setitem(IDENTITY_STORE.operations, "ListUsers", replace(operation, answer=answer))

    reports = audit(world, settings=collecting(*EVERYTHING))

    assert reports.ended.code == 4
    assert {gap["operation"] for gap in reports.gaps("acme")} == {"ListUsers"}


def test_the_merged_file_has_the_columns(audit: Audit, world: World) -> None:
    """The header of the merged file is that of each organization's."""
    reports = audit(world, settings=collecting("title"))

    merged, own = (reports.raw_content(name).split(b"\r\n")[0] for name in (None, "acme"))
    assert merged == own
    assert own.endswith(b",LastSignIn,Title")
