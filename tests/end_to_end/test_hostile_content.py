"""Names that are formulas, escape sequences, paths or megabytes are harmless in files and on a terminal."""

import os
import pty
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, cycle
from pathlib import Path

import pytest

from sso_batch.access import resolve
from sso_batch.emulator import Emulator, Limits, World, configuration, generate
from sso_batch.emulator.world import Email, ExternalId, Organization
from sso_batch.run_files import access_csv
from sso_batch.run_files.snapshot import decode
from tests.support.audits import Audit
from tests.support.command import SOURCES, Command
from tests.support.expected_reports import whole_truth
from tests.support.oracle import ATTRIBUTES, Row
from tests.support.reports import manifest_in, written
from tests.support.sample_worlds import with_first
from tests.test_sanitize import escaped_by_hand

HOSTILE = (
    "=cmd|' /C calc'!A0",
    "+1;=2;@SUM(A1)",
    "-2\t=3\r\n=4",
    '＝HYPERLINK("http://x")',  # noqa: RUF001 - full-width on purpose
    "'quoted",
    "\x1b[31mred\x1b]0;title\x07\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\",
    "\x9b2J\x85\x1f\x7f",
    "\u202egnp.exe\u2066\u200f",
    "nul\x00here",
    "half \ud83d of a pair",
    "\U0001f600 pair",
    "../../../etc/passwd",
    "C:\\temp\\..\\x;/y/",
    'a","b\n"c',
    '"}],"grants":[{"record":"grant"',
    '{"record":"end","records":1}\n{"record":"end"}',
    "<script>alert(1)</script>&amp;",
    "[red]markup[/red] [link=http://x]y[/link]",
    "\ufeffmark, \u2028 and \u2029",
    " ",
    "NOT_READ",
    "x" * 3000,
    "::error::a command",
    "Ann\n::warning file=x::a command\r##[error]another",
)
IDS = {"AccountId", "PrincipalId", "UserId", "PermissionSetArn", "RoleArn"}
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u200f\u202a-\u202e\u2066-\u2069]")
RICH_OUTPUT = re.compile(r"\r\n|\r(?=\x1b\[)|\x1b\[[0-9;]*[mKA]|\x1b\[\?25[lh]")
"""What may reach a terminal: ends of lines, colours, and the cursor movements of progress bars."""

LINE_BREAKING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
COMMANDS = re.compile(r"^\s*::|##\[")
"""Workflow commands of GitHub Actions, at the start of a line or in it."""

ENTERPRISE = ("department", "division", "costCenter", "employeeNumber", "manager")

DETAILS = f"collect: {{permission_set_details: true, people: [{', '.join(ATTRIBUTES)}]}}\n"


@pytest.fixture(scope="module")
def world() -> World:
    """Return an organization in which every name is hostile."""
    plain = generate(
        23, users=22, groups=9, permission_sets=7, accounts=12, pairs=30, entitlements=3, units=6
    )
    (organization,) = plain.organizations
    return with_first(plain, with_hostile_names(organization))


def with_hostile_names(organization: Organization) -> Organization:
    """Return the organization with other names."""
    names = cycle(HOSTILE)
    numbers = count()

    def unique() -> str:
        return f"{next(names)}{next(numbers)}"

    users = tuple(
        replace(
            user,
            user_name=unique(),
            display_name=next(names),
            emails=(Email(next(names)),),
            status=next(names),
            title=next(names),
            user_type=next(names),
            extensions={key: next(names) for key in ENTERPRISE},
            external_ids=(ExternalId(next(names), next(names)),),
            created_by=next(names),
        )
        for user in organization.users
    )
    return replace(
        organization,
        users=(replace(users[0], display_name="x" * 2_000_000), *users[1:]),
        groups=tuple(
            replace(group, display_name=unique(), description=next(names)) for group in organization.groups
        ),
        memberships=tuple(
            replace(membership, created_by=next(names)) for membership in organization.memberships
        ),
        accounts=tuple(replace(account, name=next(names)) for account in organization.accounts),
        organizational_units=tuple(
            replace(unit, name=next(names)) for unit in organization.organizational_units
        ),
        permission_sets=tuple(
            replace(
                permission_set,
                name=unique(),
                description=next(names),
                inline_policy=next(names),
                session_duration=next(names),
                tags=((next(names), next(names)),),
            )
            for permission_set in organization.permission_sets
        ),
    )


def expected(world: World) -> list[Row]:
    """Return the expected rows; half of a surrogate pair, which no file can hold, is U+FFFD in them."""
    rows = whole_truth(world, "org-0", tuple(ATTRIBUTES))
    return [{column: cell.replace("\ud83d", "\ufffd") for column, cell in row.items()} for row in rows]


def without_line_breaks(rows: list[Row]) -> list[Row]:
    """Return the rows with everything that breaks a line written visibly, as the contract says."""
    return [
        {
            column: LINE_BREAKING.sub(lambda found: f"[U+{ord(found[0]):04X}]", cell)
            for column, cell in row.items()
        }
        for row in rows
    ]


def without_formulas(rows: list[Row]) -> list[Row]:
    """Return the rows with line breaks and, in all cells except ids, formulas escaped."""
    return [
        {column: cell if column in IDS else escaped_by_hand(cell) for column, cell in row.items()}
        for row in without_line_breaks(rows)
    ]


@pytest.mark.parametrize("escape", [True, False])
def test_rows_are_exact(audit: Audit, world: World, *, escape: bool) -> None:
    """A CSV reader gets every name back exactly, with the escapes that the contract describes."""
    reports = audit(world, settings=DETAILS, config=str if escape else without_escapes)

    rows = without_formulas(expected(world)) if escape else without_line_breaks(expected(world))
    assert reports.ended.code == 0
    assert reports.rows("org-0") == rows
    lines = reports.content("org-0").decode().split("\r\n")
    assert len(lines) == len(rows) + 2  # the header, and the end
    assert not any(LINE_BREAKING.search(line) for line in lines)
    assert not any(line.startswith("::") for line in lines)
    assert reports.content("org-0") == re.sub(rb"(\n|,)(::[^,\r]*)", rb'\1"\2"', written(rows))
    assert reports.content() == reports.content("org-0")


def without_escapes(text: str) -> str:
    return text.replace("output:\n", "output:\n  escape_formulas: false\n")


def test_the_snapshot_gives_the_same_rows(audit: Audit, world: World) -> None:
    """The CSV can be written again from the snapshot alone, byte for byte."""
    reports = audit(world, settings=DETAILS)

    path = reports.folder / reports.organization("org-0")["files"][-1]["name"]
    content = path.read_bytes()
    assert content.isascii()
    snapshot = decode(content.decode().splitlines(keepends=True))
    rows = "".join(
        text for text, _ in access_csv.lines(resolve(snapshot), escape=True, people=snapshot.people)
    )
    assert (access_csv.header(snapshot.people) + rows).encode() == reports.raw_content("org-0")


def test_files_stay_in_their_folder(audit: Audit, world: World, tmp_path: Path) -> None:
    """Names that are paths create no file outside of the output folder."""
    before = set(tmp_path.rglob("*"))

    reports = audit(world, settings=DETAILS)

    created = set(tmp_path.rglob("*")) - before
    assert {path.parent for path in created if path.is_file() and path.parent != tmp_path} == {
        reports.folder,
        reports.folder / "organizations" / "org-0",
        tmp_path / "home",
    }
    assert reports.names == reports.file_names("org-0")


def test_manifest_and_logs_contain_no_names(audit: Audit, world: World) -> None:
    """No name reaches the manifest or the logs; both are ASCII without control characters."""
    reports = audit(world, settings=DETAILS, before=("--log-level", "debug"))

    output = manifest_in(reports.folder).read_text() + reports.ended.stderr
    assert output.isascii()
    assert not CONTROLS.search(output)
    assert "passwd" not in output
    assert "script" not in output


# Changes and findings


@pytest.fixture
def runs(audit: Audit, world: World, tmp_path: Path) -> tuple[Path, Path]:
    """Run twice over the hostile world; in the second run every assignment is removed."""
    (organization,) = world.organizations
    audit(world, "--run-id", "old", settings=DETAILS)
    bare = with_first(world, replace(organization, assignments=()))
    audit(bare, "--run-id", "new", settings=DETAILS)
    return tmp_path / "reports" / "old", tmp_path / "reports" / "new"


@pytest.mark.parametrize("format_", ["table", "csv", "json"])
def test_diff_prints_no_escape_sequences_and_commands(
    sso_batch: Command, runs: tuple[Path, Path], format_: str
) -> None:
    """What `diff` prints has no escape sequence of a name, and no line of it is a workflow command."""
    ended = sso_batch("diff", *runs, "--format", format_)

    assert ended.code == 0
    assert "removed" in ended.stdout
    lines = re.split("\r\n|\n", ended.stdout)
    assert [line for line in lines if LINE_BREAKING.search(line)] == []
    assert [line for line in lines if re.match(r"\s*::", line)] == []
    if format_ == "table":
        assert [line for line in lines if COMMANDS.search(line)] == []


def test_findings_are_one_line_each(audit: Audit, world: World) -> None:
    """A finding is one line of the findings CSV, whatever its names contain."""
    reports = audit(world, settings=DETAILS)

    (entry,) = [entry for entry in reports.manifest["files"] if "_findings" in entry["name"]]
    lines = (reports.folder / entry["name"]).read_bytes().decode().split("\r\n")
    assert len(lines) == entry["rows"] + 2
    assert not any(LINE_BREAKING.search(line) for line in lines)


# The terminal


def on_a_terminal(world: World, folder: Path, *arguments: str) -> str:
    """Return everything that a command writes to a terminal."""
    file = folder / "orgs.yaml"
    file.write_text(configuration(world, directory=str(folder / "reports")))
    master, slave = pty.openpty()
    written_parts: list[bytes] = []

    def read() -> None:
        try:
            while part := os.read(master, 1 << 16):
                written_parts.append(part)
        except OSError:  # the other side is closed
            return

    with Emulator(world, limits=Limits.off()) as emulator:
        environ = emulator.environment() | {
            "HOME": str(folder),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(SOURCES),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "COLUMNS": "200",
        }
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "sso_batch", *arguments, "-c", str(file)],
            env=environ,
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        reader = threading.Thread(target=read)
        reader.start()
        process.wait(120)
        reader.join(10)
    os.close(master)
    return b"".join(written_parts).decode()


def hostile_ids(world: World) -> World:
    """Return the world with escape sequences in the ids of groups, which gaps and AWS's messages repeat."""
    (organization,) = world.organizations
    hostile = {group.id: f"{group.id}\x1b[31m\u202e[red]\x9b2J" for group in organization.groups}
    assignments = tuple(
        replace(assignment, principal_id=hostile.get(assignment.principal_id, assignment.principal_id))
        for assignment in organization.assignments
    )
    groups = tuple(replace(group, id=hostile[group.id]) for group in organization.groups)
    return with_first(world, replace(organization, assignments=assignments, groups=groups, memberships=()))


def sequences(text: str) -> Iterator[str]:
    """Yield the control sequences in a text, except for those of progress bars and colours."""
    plain = RICH_OUTPUT.sub("", text)
    yield from CONTROLS.findall(plain)
    yield from re.findall("\x1b.{0,9}", plain)


@pytest.mark.parametrize("arguments", [("run",), ("--log-level", "debug", "run"), ("check",)])
def test_no_sequence_reaches_a_terminal(world: World, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """No control sequence from AWS reaches a terminal in bars, table, hints or logs.

    The summary counts many gaps of one kind and does not name their groups, which the log at debug does.
    """
    output = on_a_terminal(hostile_ids(world), tmp_path, *arguments)

    assert "org-0" in output
    assert list(sequences(output)) == []
    if arguments != ("check",):
        assert "ListGroupMemberships" in output
    if "debug" in arguments:
        assert "[red]" in output


def test_the_search_would_find_a_sequence() -> None:
    """The search finds the control sequences of a text."""
    found = list(sequences("\x1b[31mred\x1b[0m \x1b]0;t\x07 \u202e \x9b"))

    assert found == ["\x07", "\u202e", "\x9b", "\x1b]0;t\x07 \u202e \x9b"]
