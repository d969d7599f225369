"""Applications of Identity Center: exact rows, the calls that they take, and what is missing of them."""

from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

from sso_batch.aws import gateway
from sso_batch.emulator import Behaviour, Emulator, Fault, World, generate
from sso_batch.emulator.faults import FaultKind
from sso_batch.emulator.world import Organization, Refusal
from sso_batch.emulator.world.builder import HUB, OrganizationBuilder, audit_role
from sso_batch.emulator.world.deletion import without
from tests.support.audits import Audit
from tests.support.expected_reports import APPLICATIONS, assert_exact
from tests.support.nightly import Nightly
from tests.support.oracle import NOT_READ, Row, expected_application_rows
from tests.support.reports import Reports
from tests.support.sample_worlds import ODDITIES, denying, with_first

SIZES: dict[str, Any] = ODDITIES | {"accounts": 12, "pairs": 16, "applications": 12}
FASTEST = APPLICATIONS + "  strategy: fastest\n"
EVERYTHING = "collect: {applications: true}\n"

ONE = "sso:ListApplications"
ASSIGNMENTS = "ListApplicationAssignments"
CONFIGURATION = "GetApplicationAssignmentConfiguration"


@pytest.fixture
def world() -> World:
    """Return two organizations with applications of every kind."""
    return generate(4, organizations=2, **SIZES)


def rows_of(reports: Reports, name: str) -> list[Row]:
    """Return the application rows of one organization."""
    return [row for row in reports.application_rows() if row["Organization"] == name]


def assert_applications(reports: Reports, world: World, *names: str) -> None:
    """Assert that the application rows of these organizations are exactly right."""
    for name in names:
        assert rows_of(reports, name) == expected_application_rows(world, name)


# What is read


BEHAVIOURS = {
    "as documented": Behaviour(),
    "small pages, and empty ones": Behaviour(page_size=2, empty_pages=True),
    "listed by principal": Behaviour(principal_assignments="everybody"),
}


@pytest.mark.parametrize("behaviour", BEHAVIOURS.values(), ids=BEHAVIOURS.keys())
@pytest.mark.parametrize("settings", [APPLICATIONS, FASTEST], ids=["complete", "fastest"])
def test_rows_are_exact(audit: Audit, world: World, behaviour: Behaviour, settings: str) -> None:
    """Each user who is assigned to an application is a row, and the rows about accounts stay the same."""
    reports = audit(world, settings=settings, behaviour=behaviour)

    assert reports.ended.code == 0
    assert_applications(reports, world, "org-0", "org-1")
    assert [row["Organization"] for row in reports.application_rows()] == sorted(
        row["Organization"] for row in reports.application_rows()
    )
    if settings == APPLICATIONS:
        assert_exact(reports, world, "org-0", "org-1")
    states = {row["PrincipalState"] for row in reports.application_rows()}
    assert states >= {"", "OK", "NOT_FOUND", "MEMBER_NOT_FOUND"}
    assert {row["AssignmentRequired"] for row in reports.application_rows()} == {"yes", "no"}
    reports.assert_sums()


def test_the_file_is_one_of_the_run(audit: Audit, world: World) -> None:
    """The run has one more merged file, with its rows in the manifest, and no organization has one."""
    reports = audit(world, settings=APPLICATIONS)

    assert reports.names == reports.file_names("org-0", "org-1", applications=True)
    entry = reports.manifest["files"][-1]
    assert (entry["kind"], entry["rows"]) == ("applications_csv", len(reports.application_rows()))


def test_calls_are_counted_apart(audit: Audit, world: World) -> None:
    """Two calls for each application and one listing, which is not mixed with account access's."""
    reports = audit(world, settings=EVERYTHING)

    counts = reports.organization("org-0")["calls"]["by_operation"]
    expected = {ONE: 1, ASSIGNMENTS: 12, CONFIGURATION: 12, "ListApplications": 1, "GetApplication": 1}
    assert {name: counts[name] for name in expected} == expected
    assert {name: reports.calls["org-0", name] for name in expected} == expected


def test_more_applications_than_one_answer_holds(audit: Audit) -> None:
    """An answer holds 50 applications; each is read once."""
    world = generate(5, organizations=1, **(SIZES | {"applications": 101}))

    reports = audit(world, settings=APPLICATIONS)

    assert_applications(reports, world, "org-0")
    counts = reports.organization("org-0")["calls"]["by_operation"]
    assert (counts[ONE], counts[ASSIGNMENTS], counts[CONFIGURATION]) == (3, 101, 101)


def test_applications_are_not_read_by_default(audit: Audit, world: World) -> None:
    """Without `collect.applications` nothing is read or written of applications."""
    without_applications = replace(
        world, organizations=tuple(replace(each, sso_applications=()) for each in world.organizations)
    )

    reports = audit(world)
    others = audit(without_applications)

    assert "application assignments" in reports.organization("org-0")["not_examined"]
    assert reports.calls == others.calls
    assert not {operation for _, operation in reports.calls} & {ONE, ASSIGNMENTS, CONFIGURATION}
    assert reports.names == reports.file_names("org-0", "org-1")
    assert reports.records("org-0")[0]["examined"] == []


def test_an_organization_without_applications(audit: Audit) -> None:
    """The file has only its header, and the snapshot says that applications were listed."""
    reports = audit(generate(4, organizations=1, **(SIZES | {"applications": 0})), settings=APPLICATIONS)

    assert reports.ended.code == 0
    assert reports.application_rows() == []
    assert reports.records("org-0")[0]["examined"] == ["applications"]
    assert "application assignments" not in reports.organization("org-0")["not_examined"]


def test_two_audits_give_the_same_bytes(audit: Audit, world: World, tmp_path: Path) -> None:
    """The file depends only on what AWS has."""
    first, second = (
        audit(world, settings=APPLICATIONS, folder=tmp_path / name, behaviour=behaviour)
        for name, behaviour in (("a", Behaviour()), ("b", Behaviour(page_size=1)))
    )
    contents = [next(reports.folder.glob("*_applications.csv")).read_bytes() for reports in (first, second)]

    assert contents[0] == contents[1]


def company() -> World:
    """Return a company with principals that only applications refer to, and hostile names."""
    acme = OrganizationBuilder(
        "acme", management_account_id="111122220001", region="eu-west-1", domain="acme.example"
    )
    acme.group("staff")
    acme.group("AD\\Finance", listed=False)
    acme.group("nobody")
    acme.user("ann", "Ann", groups=("staff",))
    acme.user("bob", "Bob", status="DISABLED", groups=("staff", "AD\\Finance"))
    acme.user("svc", "Service", listed=False)
    acme.member("AD\\Finance", "left.in.march")
    acme.permission_set("Admin", managed=("AdministratorAccess",))
    acme.assign("Admin", "USER", "ann", acme.management_account_id)
    acme.sso_application("Wiki", provider="custom-saml", assignment_required=False)
    acme.sso_application("=Ledger", groups=("AD\\Finance", "nobody", "deleted"), users=("bob", "svc"))
    acme.sso_application("Old", status="DISABLED", assignment_required=False, groups=("staff",))
    built = acme.build()
    return World((built,), (HUB,), (audit_role(built),))


def test_principals_of_applications_alone_are_read(audit: Audit) -> None:
    """Groups and users that only applications refer to are read, listed or not, with the groups' members."""
    world = company()

    reports = audit(
        world,
        settings=APPLICATIONS,
        config=lambda text: text.replace("output:", "output:\n  escape_formulas: false"),
    )

    assert reports.ended.code == 0
    assert_applications(reports, world, "acme")
    assert_exact(reports, world, "acme")
    by_state = {
        (row["GroupName"], row["UserName"], row["PrincipalState"]) for row in rows_of(reports, "acme")
    }
    assert by_state == {
        ("AD\\Finance", "Bob", "OK"),
        ("AD\\Finance", "", "MEMBER_NOT_FOUND"),
        ("nobody", "", "EMPTY_GROUP"),
        ("", "", "NOT_FOUND"),
        ("", "Bob", "OK"),
        ("", "Service", "OK"),
        ("staff", "Ann", "OK"),
        ("staff", "Bob", "OK"),
        ("", "", ""),
    }


def test_formulas_are_escaped_and_ids_are_not(audit: Audit) -> None:
    """The name of an application cannot become a formula; its ARN and accounts stay as they are."""
    reports = audit(company(), settings=APPLICATIONS)

    rows = reports.application_rows()
    assert {row["ApplicationName"] for row in rows} == {"Wiki", "'=Ledger", "Old"}
    assert {row["ApplicationAccount"] for row in rows} == {"111122220001"}


def test_findings(audit: Audit) -> None:
    """An application that is open to all and a disabled user who is assigned are findings, others are not."""
    reports = audit(company(), settings=APPLICATIONS)

    found = {
        finding["Check"]: (finding["Severity"], finding["Message"], finding["UserEmail"])
        for finding in reports.findings()
        if finding["Check"].startswith("application-")
    }
    assert found == {
        "application-open-to-all": (
            "medium",
            "application Wiki is open to every user of the directory: it does not require an assignment",
            "",
        ),
        "application-disabled-user": (
            "medium",
            "Bob is disabled but still assigned to applications: =Ledger, Old",
            "bob@acme.example",
        ),
    }
    assert not [item for item in reports.organization("acme")["not_examined"] if "check application" in item]


def test_checks_without_applications(audit: Audit) -> None:
    """If applications are not read, both checks say so."""
    reports = audit(company())

    items = reports.organization("acme")["not_examined"]
    missing = "applications are not collected (collect.applications: false)"
    assert f"check application-open-to-all: {missing}" in items
    assert f"check application-disabled-user: {missing}" in items
    assert not [each for each in reports.findings() if each["Check"].startswith("application-")]


def test_a_waiver_names_an_application(audit: Audit) -> None:
    """The pattern for a principal matches the name of an application."""
    waiver = "{check: application-*, principal: Wi*, reason: public, until: 2999-01-01}"

    reports = audit(company(), settings=f"{APPLICATIONS}review: {{waivers: [{waiver}]}}\n")

    waived = {
        finding["Check"]: finding["Waived"]
        for finding in reports.findings()
        if finding["Check"].startswith("application-")
    }
    assert waived == {"application-open-to-all": "yes", "application-disabled-user": "no"}


# What is missing


def assert_rest_complete(reports: Reports, world: World) -> None:
    """Assert that the first organization lacks nothing but what its applications lack; the other is exact."""
    assert reports.ended.code == 4
    assert reports.statuses == {"org-0": "incomplete", "org-1": "complete"}
    assert reports.names == reports.file_names("org-1", incomplete=["org-0"], applications=True)
    assert_exact(reports, world, "org-0", "org-1")
    assert_applications(reports, world, "org-1")
    reports.assert_sums()


def unread(rows: list[Row]) -> list[Row]:
    """Return the one row of each application whose assignments were not read."""
    cells = {"PrincipalType": NOT_READ, "PrincipalId": NOT_READ, "PrincipalState": NOT_READ}
    about = ("UserEmail", "UserName", "UserId", "UserLogin", "UserStatus", "GroupName")
    each = [row | dict.fromkeys(about, "") | cells for row in rows]
    return list({row["ApplicationArn"]: row for row in each}.values())


@pytest.mark.parametrize("operation", [ONE, ASSIGNMENTS, CONFIGURATION])
def test_a_denied_action_is_one_gap(audit: Audit, world: World, operation: str) -> None:
    """A denied action is one gap that names it, not one for each application; all else is read."""
    action = operation if ":" in operation else f"sso:{operation}"

    reports = audit(denying(world, action), settings=APPLICATIONS)

    gap = reports.gap("org-0")
    assert (gap["kind"], gap["operation"], gap["code"]) == (
        "applications",
        operation,
        "AccessDeniedException",
    )
    assert gap["resource"] == world.organizations[0].instance_arn
    assert f"the IAM action {action}" in gap["hint"]
    assert action in gap["message"]
    assert_rest_complete(reports, world)
    right = expected_application_rows(world, "org-0")
    assert (
        rows_of(reports, "org-0")
        == {
            ONE: [],
            ASSIGNMENTS: unread(right),
            CONFIGURATION: [row | {"AssignmentRequired": NOT_READ} for row in right],
        }[operation]
    )


@pytest.mark.parametrize("code", get_args(Refusal))
def test_a_refused_configuration_is_a_gap_of_its_application(
    audit: Audit, world: World, code: Refusal
) -> None:
    """Where AWS refuses the configuration of an application that it manages, only that is NOT_READ."""
    first = world.organizations[0]
    managed, *others = first.sso_applications
    changed = with_first(world, replace(first, sso_applications=(replace(managed, refusal=code), *others)))

    reports = audit(changed, settings=APPLICATIONS)

    gap = reports.gap("org-0")
    assert (gap["operation"], gap["resource"], gap["code"]) == (CONFIGURATION, managed.arn, code)
    assert "an application that it manages itself" in gap["hint"]
    assert_rest_complete(reports, changed)
    assert_applications(reports, changed, "org-0")
    assert {
        row["ApplicationArn"] for row in rows_of(reports, "org-0") if row["AssignmentRequired"] == NOT_READ
    } == {managed.arn}


def test_blind_spots_of_the_checks(audit: Audit, world: World) -> None:
    """What was not read of applications is what the checks could not examine."""
    reports = audit(denying(world, f"sso:{ASSIGNMENTS}", f"sso:{CONFIGURATION}"), settings=APPLICATIONS)

    items = [item for item in reports.organization("org-0")["not_examined"] if "check application" in item]
    assert items == [
        (
            "check application-open-to-all: applications that were not all read (gaps: 2); applications of "
            "which it is unknown whether they require an assignment: 12"
        ),
        (
            "check application-disabled-user: applications that were not all read (gaps: 2); applications "
            "whose assignments were not all read: 12"
        ),
    ]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop retrying a call almost at once."""
    monkeypatch.setattr(gateway, "GIVE_UP", 0.02)


LISTINGS = {ONE: "ListApplications", ASSIGNMENTS: ASSIGNMENTS}
SHAPES: tuple[FaultKind, ...] = (
    "no_list",
    "null_list",
    "list_twice",
    "error_document",
    "byte_order_mark",
    "utf_16",
    "empty_ids",
    "other_shape",
    "throttle",
)


@pytest.mark.no_cover  # coverage would double the time, and other tests cover the same code
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("operation", LISTINGS)
@pytest.mark.parametrize("kind", SHAPES)
def test_a_malformed_listing_is_a_gap(audit: Audit, world: World, operation: str, kind: FaultKind) -> None:
    """A listing that cannot be read is never an empty one."""
    fault = Fault(kind, operation=LISTINGS[operation], service="sso-admin", organization="org-0")

    reports = audit(world, settings=APPLICATIONS, faults=[fault])

    assert fault.injected > 0
    assert {(gap["kind"], gap["operation"]) for gap in reports.gaps("org-0")} == {("applications", operation)}
    assert all(gap["hint"] for gap in reports.gaps("org-0"))
    assert_rest_complete(reports, world)
    if operation == ONE:
        assert rows_of(reports, "org-0") == []
    else:
        right = expected_application_rows(world, "org-0")
        with_assignments = {row["ApplicationArn"] for row in right if row["PrincipalId"]}
        found = rows_of(reports, "org-0")
        assert {row["ApplicationArn"] for row in found if row["PrincipalState"] == NOT_READ} >= (
            with_assignments if kind in ("empty_ids", "other_shape") else set()
        )
        assert all(row in unread(right) or row in right for row in found)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "kind", ["other_shape", "error_document", "foreign_json", "no_object", "utf_16", "throttle"]
)
def test_a_malformed_configuration_is_a_gap(audit: Audit, world: World, kind: FaultKind) -> None:
    """An answer without a clear yes or no is a gap for each application that it was for."""
    arn = world.organizations[0].sso_applications[3].arn
    fault = Fault(kind, operation=CONFIGURATION, organization="org-0", resource=arn)

    reports = audit(world, settings=APPLICATIONS, faults=[fault])

    gap = reports.gap("org-0")
    assert (gap["operation"], gap["resource"]) == (CONFIGURATION, arn)
    assert_rest_complete(reports, world)
    assert rows_of(reports, "org-0") == [
        row | ({"AssignmentRequired": NOT_READ} if row["ApplicationArn"] == arn else {})
        for row in expected_application_rows(world, "org-0")
    ]


@pytest.mark.usefixtures("impatient")
def test_an_answer_about_another_application_is_a_gap(audit: Audit, world: World) -> None:
    """Assignments of another application than the requested one are not taken."""
    fault = Fault("other_question", operation=ASSIGNMENTS, organization="org-0")

    reports = audit(world, settings=APPLICATIONS, faults=[fault])

    assert {gap["code"] for gap in reports.gaps("org-0")} == {"MalformedAnswer"}
    right = expected_application_rows(world, "org-0")
    assert all(row in unread(right) or row in right for row in rows_of(reports, "org-0"))


@pytest.mark.parametrize(
    "kind", ["throttle", "internal_error", "unavailable", "reset", "truncated", "broken_json", "no_object"]
)
def test_temporary_errors_lose_nothing(audit: Audit, world: World, kind: FaultKind) -> None:
    """Calls about applications are retried like all others."""
    faults = [
        Fault(kind, operation=operation, service="sso-admin", organization="org-0", times=2)
        for operation in ("ListApplications", ASSIGNMENTS, CONFIGURATION)
    ]

    reports = audit(world, settings=APPLICATIONS, faults=faults)

    assert [fault.injected for fault in faults] == [2, 2, 2]
    assert reports.ended.code == 0
    assert_applications(reports, world, "org-0", "org-1")


def test_the_first_page_twice(audit: Audit, world: World) -> None:
    """A token that leads to the first page again changes nothing."""
    faults = [
        Fault("repeated_token", operation=operation, service="sso-admin", organization="org-0", times=3)
        for operation in LISTINGS.values()
    ]

    reports = audit(world, settings=APPLICATIONS, faults=faults, behaviour=Behaviour(page_size=1))

    assert all(fault.injected for fault in faults)
    assert reports.ended.code == 0
    assert_applications(reports, world, "org-0", "org-1")


# Deletions during the run


def some_application(organization: Organization) -> str:
    """Return an application with assignments."""
    return next(each.arn for each in organization.sso_applications if each.assignments)


@pytest.mark.parametrize("operation", [ASSIGNMENTS, CONFIGURATION])
def test_an_application_that_is_deleted_is_no_gap(audit: Audit, world: World, operation: str) -> None:
    """If the repeated listing no longer has an application, the run is complete without its rows."""
    first = world.organizations[0]
    arn = some_application(first)
    fault = Fault("deleted", operation=operation, organization="org-0", resource=arn, times=1)

    reports = audit(world, settings=APPLICATIONS, faults=[fault])

    assert fault.injected == 1
    assert reports.ended.code == 0
    assert reports.calls["org-0", ONE] == 2
    assert_applications(reports, with_first(world, without(first, {arn})), "org-0")
    assert arn not in str(reports.records("org-0"))


@pytest.mark.parametrize("operation", [ASSIGNMENTS, CONFIGURATION])
def test_an_application_that_is_still_listed_is_a_gap(audit: Audit, world: World, operation: str) -> None:
    """If the repeated listing still has an application that is not found, that is a contradiction."""
    arn = some_application(world.organizations[0])
    fault = Fault("not_found", operation=operation, organization="org-0", resource=arn)

    reports = audit(world, settings=APPLICATIONS, faults=[fault])

    gap = reports.gap("org-0")
    assert (gap["operation"], gap["resource"], gap["code"]) == (operation, arn, "ContradictoryAnswers")
    assert "sso:ListApplications lists it" in gap["message"]
    assert_rest_complete(reports, world)


# Resume, shards and verification


NIGHTLY = "  applications: true\n"


def test_a_resume_restores_the_file(nightly: Nightly, world: World, emulator: Emulator) -> None:
    """A finished run is not read again; if its applications file is gone, only that is written again."""
    nightly.configure(emulator, settings=NIGHTLY)
    first = nightly.run("--run-id", "nightly")
    (file,) = first.folder.glob("*_applications.csv")
    content = file.read_bytes()

    kept = nightly.run("--run-id", "nightly", "--resume")
    file.unlink()
    resumed = nightly.run("--run-id", "nightly", "--resume")

    assert [each.ended.named("run.completed")[0]["resumed"] for each in (kept, resumed)] == [True, False]
    assert (kept.ended.code, resumed.ended.code) == (0, 0)
    assert not {operation for name, operation in resumed.calls if name}
    assert file.read_bytes() == content
    assert_applications(resumed, world, "org-0", "org-1")


def test_a_resume_with_applications_reads_again(nightly: Nightly, world: World, emulator: Emulator) -> None:
    """An organization that was read without its applications is read again."""
    nightly.run("--run-id", "nightly")
    nightly.configure(emulator, settings=NIGHTLY)

    resumed = nightly.run("--run-id", "nightly", "--resume")

    assert resumed.ended.code == 0
    assert_applications(resumed, world, "org-0", "org-1")


def test_shards_are_merged(nightly: Nightly, world: World, emulator: Emulator) -> None:
    """A shard writes no file of applications; the merge writes it from the snapshots."""
    nightly.configure(emulator, settings=NIGHTLY)
    shards = [nightly.run("--run-id", "nightly", "--shard", f"{index}/2") for index in (0, 1)]
    names = shards[1].names

    merged = nightly.merge("--run-id", "nightly")

    assert not [name for name in names if "_applications" in name]
    assert merged.ended.code == 0
    assert_applications(merged, world, "org-0", "org-1")
    merged.assert_sums()
