"""The roster in a whole run: findings, filled columns, wrong files, resumes and merges; and dormant users."""

from pathlib import Path

import pytest

from sso_batch.emulator import HUB, Emulator, Limits, World, audit_role
from sso_batch.emulator.world import Profile
from sso_batch.emulator.world.builder import OrganizationBuilder
from sso_batch.emulator.world.events import History
from tests.support.activity import DAY, NOW, Clock, acme, world_of
from tests.support.audits import Audit
from tests.support.command import Command, set_environment
from tests.support.nightly import Nightly
from tests.support.reports import Reports

PROD = "111122220002"
HR = "\ufeffEmail;Employee_Number;Name;Status;Manager;Department\r\n{}"
LINES = (
    "ADA@acme.example;'0007;Ada;active;zoe@acme.example;Finance",
    "bob@acme.example;8;Bob;leaver;ada@acme.example;Sales",
    ";42;Eve;Leaver;;",
)
PEOPLE = "\ncollect: {people: [department, employee_number, manager]}\n"
ROSTER = "\nreview: {roster: hr.csv, checks: {manager-missing: high}}\n"
CHECKS = ("leaver-access", "not-in-roster", "manager-missing")


def company() -> World:
    """Return an organization where everybody but Zoe has access."""
    builder = OrganizationBuilder(
        "acme", management_account_id="111122220001", region="eu-west-1", domain="acme.example"
    )
    builder.account("prod", PROD)
    builder.group("ops")
    builder.permission_set("Reader", managed=("ReadOnlyAccess",))
    builder.assign("Reader", "GROUP", "ops", PROD)
    builder.user("ada", "Ada", groups=("ops",), profile=Profile(extensions={"department": "IT"}))
    builder.user("bob", "Bob", groups=("ops",))
    builder.user(
        "eve", "Eve", email=None, groups=("ops",), profile=Profile(extensions={"employeeNumber": 42})
    )
    builder.user("svc", "Service", groups=("ops",), profile=Profile(extensions={"manager": "bob"}))
    builder.user("nameless", "Nameless", email=None, groups=("ops",))
    builder.user("zoe", "Zoe")
    organization = builder.build()
    return World((organization,), (HUB,), (audit_role(organization),))


@pytest.fixture
def world() -> World:
    return company()


def write(folder: Path, *lines: str) -> Path:
    """Write the roster next to the configuration file."""
    file = folder / "hr.csv"
    file.write_text(HR.format("".join(f"{line}\r\n" for line in lines)), encoding="utf-8")
    return file


def findings(reports: Reports) -> list[tuple[str, str, str]]:
    """Return severity, check and user of the findings that depend on the roster."""
    return sorted(
        (finding["Severity"], finding["Check"], finding["UserName"])
        for finding in reports.findings()
        if finding["Check"] in CHECKS
    )


def columns(reports: Reports) -> dict[str, tuple[str, str, str]]:
    """Return department, employee number and manager of each user."""
    return {
        row["UserName"]: (row["Department"], row["EmployeeNumber"], row["Manager"])
        for row in reports.rows("acme")
    }


def test_the_roster_in_a_run(audit: Audit, tmp_path: Path, world: World) -> None:
    """Leavers, users who are not in the roster and those without manager are found; columns are filled."""
    write(tmp_path, *LINES)

    reports = audit(world, settings=PEOPLE + ROSTER)

    assert reports.ended.code == 0
    assert findings(reports) == [
        ("high", "leaver-access", "Bob"),
        ("high", "leaver-access", "Eve"),
        ("high", "manager-missing", "Eve"),
        ("high", "manager-missing", "Nameless"),
        ("medium", "not-in-roster", "Service"),
    ]
    assert columns(reports) == {
        "Ada": ("IT", "", "zoe@acme.example"),
        "Bob": ("Sales", "", "ada@acme.example"),
        "Eve": ("", "42", ""),
        "Service": ("", "", "bob@acme.example"),
        "Nameless": ("", "", ""),
    }
    not_examined = reports.organization("acme")["not_examined"]
    unknown = "users without email or employee number, who cannot be looked up in the roster: 1"
    assert {f"check leaver-access: {unknown}", f"check not-in-roster: {unknown}"} <= set(not_examined)


def test_without_a_roster(audit: Audit, world: World) -> None:
    """Without a roster nothing is found, and the checks say what they lack."""
    reports = audit(world)

    assert findings(reports) == []
    not_examined = reports.organization("acme")["not_examined"]
    assert "check leaver-access: there is no roster (review.roster)" in not_examined
    assert "check not-in-roster: there is no roster (review.roster)" in not_examined


def test_a_roster_alone_adds_no_attribute(audit: Audit, tmp_path: Path, world: World) -> None:
    """Values of the roster are only in the files if collect.people asks for them."""
    file = write(tmp_path, "ada@acme.example;;Ada;active;secret-manager;secret-department")
    file.write_text(file.read_text(encoding="utf-8-sig").replace(";Employee_Number", ";Number"))

    reports = audit(world, settings=ROSTER)

    assert reports.ended.code == 0
    written = b"".join(path.read_bytes() for path in reports.folder.rglob("*") if path.is_file())
    assert b"secret" not in written


@pytest.mark.parametrize("command", ["run", "validate", "check", "merge"])
def test_a_wrong_roster(
    sso_batch: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: World, command: str
) -> None:
    """All errors of the roster end every command that uses it with 2 and their lines, before any call."""
    write(tmp_path, *LINES, "cy@acme.example;;Cy;retired;;", "bob@ACME.example;;Bob;active;;")
    file = tmp_path / "orgs.yaml"
    file.write_text(
        f"output: {{directory: {tmp_path / 'reports'}}}\norganizations: [{{name: acme}}]\n{ROSTER}"
    )
    with Emulator(world, limits=Limits.off()) as emulator:
        set_environment(monkeypatch, emulator.environment())
        ended = sso_batch(command, "--config", file, *(("--run-id", "r") if command == "merge" else ()))
        assert not emulator.calls

    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.splitlines() == [
        (
            f"{tmp_path}/hr.csv:4: email: there is no email address, and employee numbers are not read: "
            "write the address, or add employee_number to collect.people"
        ),
        f"{tmp_path}/hr.csv:5: status: unknown status: write active or leaver",
        f"{tmp_path}/hr.csv:6: email: this person is in line 3, too: keep one of the two lines",
    ]
    assert not (tmp_path / "reports").exists()


def test_a_missing_roster(sso_batch: Command, tmp_path: Path) -> None:
    """A file that does not exist is an error that names its path."""
    file = tmp_path / "orgs.yaml"
    file.write_text(f"organizations: [{{name: acme}}]\n{ROSTER}")

    ended = sso_batch("validate", "--config", file)

    assert ended.code == 2
    assert ended.stderr.startswith(f"{tmp_path}/hr.csv: no such file: correct review.roster")


# Resumes and merges


def test_a_changed_roster_is_reviewed_again(nightly: Nightly, tmp_path: Path, emulator: Emulator) -> None:
    """A finished run with another roster since then is reviewed again, and read again only for columns."""
    lines = [line.replace(";42;", "eve@acme.example;42;") for line in LINES]
    nightly.configure(emulator, settings=ROSTER)

    def leavers(*options: str) -> list[str]:
        reports = nightly.run(*options)
        assert bool(reports.calls) == (not options)
        return [name for _, check, name in findings(reports) if check == "leaver-access"]

    write(tmp_path, *lines)
    assert leavers() == ["Bob"]
    assert leavers("--resume") == ["Bob"]
    write(tmp_path, *(line.replace("leaver", "active") for line in lines))
    assert leavers("--resume") == []


def test_filled_columns_are_read_again(audit: Audit, tmp_path: Path, world: World) -> None:
    """If the roster fills columns, its change makes the organization be audited again."""
    options = ("--run-id", "nightly", "--resume")
    write(tmp_path, *LINES)
    audit(world, *options, settings=PEOPLE + ROSTER)
    again = audit(world, *options, settings=PEOPLE + ROSTER)
    write(tmp_path, *(line.replace("Sales", "Legal") for line in LINES))
    changed = audit(world, *options, settings=PEOPLE + ROSTER)

    assert not again.calls
    assert changed.calls["acme", "ListUsers"] == 1
    assert columns(changed)["Bob"] == ("Legal", "", "ada@acme.example")


def test_a_merge_uses_the_roster(nightly: Nightly, tmp_path: Path, emulator: Emulator) -> None:
    """A merge reviews with the roster, too."""
    nightly.configure(emulator, settings=ROSTER)
    write(tmp_path, *LINES[:2])
    nightly.run("--shard", "0/1")

    merged = nightly.merge()

    assert merged.ended.code == 0
    assert ("high", "leaver-access", "Bob") in findings(merged)


# Dormant users


def test_dormant_users(audit: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first run knows who has not signed in for 90 days, and a later limit is a blind spot."""
    clock = Clock()
    monkeypatch.setattr("sso_batch.commands.run.now", clock.time)

    def fill(history: History, _: OrganizationBuilder) -> None:
        history.signed_in(NOW - 89 * DAY, "ada")
        history.signed_in(NOW - 91 * DAY, "bob")

    settings = (
        "\ncollect: {activity: true, entitlements: false}\nreview: {checks: {dormant-user: {days: %s}}}\n"
    )
    known = audit(world_of(acme(fill)), settings=settings % 90, clock=clock)
    longer = audit(world_of(acme(fill)), settings=settings % 91, clock=clock, folder=tmp_path / "longer")

    assert [finding["Message"] for finding in known.findings() if finding["Check"] == "dormant-user"] == [
        "Bob has not signed in for more than 90 days but has access (assignments: 1)"
    ]
    assert "dormant-user" not in {finding["Check"] for finding in longer.findings()}
    (reason,) = [
        item for item in longer.organization("acme")["not_examined"] if item.startswith("check dormant-user")
    ]
    assert reason.startswith(
        "check dormant-user: sign-ins of the last 91 days, which are known only since 20"
    )
