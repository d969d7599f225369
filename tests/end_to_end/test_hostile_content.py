"""Names that are formulas, escape sequences, paths, megabytes: inert in every file and on the terminal."""

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
from sso_batch.emulator.world import Email, Organization
from sso_batch.run_files import access_csv
from sso_batch.run_files.snapshot import decode
from tests.end_to_end.command import SOURCES, Command
from tests.end_to_end.conftest import Audit
from tests.end_to_end.reports import written
from tests.sanitize.test_csv import escaped_by_hand
from tests.support.oracle import Row, expected_rows

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
OF_RICH = re.compile(r"\r\n|\r(?=\x1b\[)|\x1b\[[0-9;]*[mKA]|\x1b\[\?25[lh]")
"""Ends of lines, colours, and what moves and hides the cursor for bars: all that may reach a terminal."""

BREAKING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
COMMANDS = re.compile(r"^\s*::|##\[")
"""What the log of a GitHub workflow obeys, at the start of a line or in it."""

DETAILS = "collect: {permission_set_details: true}\n"


@pytest.fixture(scope="module")
def world() -> World:
    """One organization in which everything that has a name has a hostile one."""
    made = generate(23, users=22, groups=9, permission_sets=7, accounts=12, pairs=30, entitlements=3, units=6)
    (organization,) = made.organizations
    return replace(made, organizations=(spoilt(organization),))


def spoilt(organization: Organization) -> Organization:
    """The organization with other names."""
    names = cycle(HOSTILE)
    numbers = count()

    def unique() -> str:
        return f"{next(names)}{next(numbers)}"

    users = tuple(
        replace(
            one,
            user_name=unique(),
            display_name=next(names),
            emails=(Email(next(names)),),
            status=next(names),
        )
        for one in organization.users
    )
    return replace(
        organization,
        users=(replace(users[0], display_name="x" * 2_000_000), *users[1:]),
        groups=tuple(
            replace(one, display_name=unique(), description=next(names)) for one in organization.groups
        ),
        accounts=tuple(replace(one, name=next(names)) for one in organization.accounts),
        organizational_units=tuple(
            replace(one, name=next(names)) for one in organization.organizational_units
        ),
        permission_sets=tuple(
            replace(
                one,
                name=unique(),
                description=next(names),
                inline_policy=next(names),
                session_duration=next(names),
                tags=((next(names), next(names)),),
            )
            for one in organization.permission_sets
        ),
    )


def truth(world: World) -> list[Row]:
    """The known rows; half of a surrogate pair, which no file can hold, is U+FFFD in them."""
    rows = expected_rows(world, "org-0", details=True, entitlements=True, account_paths=True)
    return [{column: cell.replace("\ud83d", "\ufffd") for column, cell in row.items()} for row in rows]


def in_lines(rows: list[Row]) -> list[Row]:
    """The rows with whatever breaks a line written visibly, as the contract says."""
    return [
        {column: BREAKING.sub(lambda found: f"[U+{ord(found[0]):04X}]", cell) for column, cell in row.items()}
        for row in rows
    ]


def inert(rows: list[Row]) -> list[Row]:
    """The rows with formulas escaped as well, in all but ids."""
    return [
        {column: cell if column in IDS else escaped_by_hand(cell) for column, cell in row.items()}
        for row in in_lines(rows)
    ]


@pytest.mark.parametrize("escape", [True, False])
def test_rows_are_exact(audit: Audit, world: World, *, escape: bool) -> None:
    """Whatever a name holds, a reader of CSV finds it, escaped as the contract says or not at all."""
    reports = audit(world, settings=DETAILS, config=str if escape else without_escapes)

    expected = inert(truth(world)) if escape else in_lines(truth(world))
    assert reports.ended.code == 0
    assert reports.rows("org-0") == expected
    lines = reports.content("org-0").decode().split("\r\n")
    assert len(lines) == len(expected) + 2  # the header, and the end
    assert not any(BREAKING.search(line) for line in lines)
    assert not any(line.startswith("::") for line in lines)
    assert reports.content("org-0") == re.sub(rb"(\n|,)(::[^,\r]*)", rb'\1"\2"', written(expected))
    assert reports.content() == reports.content("org-0")


def without_escapes(text: str) -> str:
    return text.replace("output:\n", "output:\n  escape_formulas: false\n")


def test_the_snapshot_gives_the_same_rows(audit: Audit, world: World) -> None:
    """From the snapshot alone the CSV is made again, byte for byte; names break no record of it."""
    reports = audit(world, settings=DETAILS)

    path = reports.folder / reports.organization("org-0")["files"][-1]["name"]
    content = path.read_bytes()
    assert content.isascii()
    snapshot = decode(content.decode().splitlines(keepends=True))
    rows = "".join(text for text, _ in access_csv.lines(resolve(snapshot), escape=True))
    assert (access_csv.HEADER + rows).encode() == reports.content("org-0")


def test_files_stay_in_their_folder(audit: Audit, world: World, tmp_path: Path) -> None:
    """Names that are paths make no file anywhere else."""
    before = set(tmp_path.rglob("*"))

    reports = audit(world, settings=DETAILS)

    made = set(tmp_path.rglob("*")) - before
    assert {path.parent for path in made if path.is_file() and path.parent != tmp_path} == {
        reports.folder,
        tmp_path / "home",
    }
    assert reports.names == reports.file_names("org-0")


def test_manifest_and_logs_hold_no_names(audit: Audit, world: World) -> None:
    """No name reaches the manifest or the logs; both are ASCII without controls."""
    reports = audit(world, settings=DETAILS, before=("--log-level", "debug"))

    (manifest,) = reports.folder.glob("*_manifest.json")
    said = manifest.read_text() + reports.ended.stderr
    assert said.isascii()
    assert not CONTROLS.search(said)
    assert "passwd" not in said
    assert "script" not in said


# Differences and findings


@pytest.fixture
def changed_run(audit: Audit, world: World, tmp_path: Path) -> tuple[Path, Path]:
    """Two runs of the hostile world; in the second one every assignment is gone."""
    (organization,) = world.organizations
    old, new = tmp_path / "old", tmp_path / "new"
    audit(world, settings=DETAILS, folder=old)
    bare = replace(world, organizations=(replace(organization, assignments=()),))
    audit(bare, settings=DETAILS, folder=new)
    return old, new


@pytest.mark.parametrize("format_", ["table", "csv", "json"])
def test_differences_hold_nothing_that_is_obeyed(
    sso_batch: Command, changed_run: tuple[Path, Path], format_: str
) -> None:
    """No escape sequence of a name reaches what `diff` prints, and no line of it is a command."""
    ended = sso_batch("diff", *changed_run, "--format", format_)

    assert ended.code == 0
    assert "removed" in ended.stdout
    lines = re.split("\r\n|\n", ended.stdout)
    assert [line for line in lines if BREAKING.search(line)] == []
    assert [line for line in lines if re.match(r"\s*::", line)] == []
    if format_ == "table":
        assert [line for line in lines if COMMANDS.search(line)] == []


def test_findings_are_one_line_each(audit: Audit, world: World) -> None:
    """A finding's names break no line of the findings CSV."""
    reports = audit(world, settings=DETAILS)

    (entry,) = [one for one in reports.manifest["files"] if "_findings" in one["name"]]
    lines = (reports.folder / entry["name"]).read_bytes().decode().split("\r\n")
    assert len(lines) == entry["rows"] + 2
    assert not any(BREAKING.search(line) for line in lines)


# The terminal


def on_a_terminal(world: World, folder: Path, *arguments: str) -> str:
    """All that a command writes to a terminal."""
    file = folder / "orgs.yaml"
    file.write_text(configuration(world, directory=str(folder / "reports")))
    master, slave = pty.openpty()
    heard: list[bytes] = []

    def listen() -> None:
        try:
            while part := os.read(master, 1 << 16):
                heard.append(part)
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
        listener = threading.Thread(target=listen)
        listener.start()
        process.wait(120)
        listener.join(10)
    os.close(master)
    return b"".join(heard).decode()


def hostile_ids(world: World) -> World:
    """The world with ids that hold what a terminal obeys: gaps repeat them, and so does AWS."""
    (organization,) = world.organizations
    swapped = {one.id: f"{one.id}\x1b[31m\u202e[red]\x9b2J" for one in organization.groups}
    assignments = tuple(
        replace(one, principal_id=swapped.get(one.principal_id, one.principal_id))
        for one in organization.assignments
    )
    groups = tuple(replace(one, id=swapped[one.id]) for one in organization.groups)
    odd = replace(organization, assignments=assignments, groups=groups, memberships=())
    return replace(world, organizations=(odd,))


def seen(text: str) -> Iterator[str]:
    """Whatever a terminal would obey in a text, but for what makes bars and colours."""
    plain = OF_RICH.sub("", text)
    yield from CONTROLS.findall(plain)
    yield from re.findall("\x1b.{0,9}", plain)


@pytest.mark.parametrize("arguments", [("run",), ("--log-level", "debug", "run"), ("check",)])
def test_no_sequence_reaches_a_terminal(world: World, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Bars, table, hints and logs hold escapes of what AWS says, and nothing that a terminal obeys."""
    said = on_a_terminal(hostile_ids(world), tmp_path, *arguments)

    assert "org-0" in said
    assert list(seen(said)) == []
    if arguments != ("check",):
        assert "ListGroupMemberships" in said
        assert "[red]" in said


def test_the_search_would_find_a_sequence() -> None:
    """The search itself works."""
    found = list(seen("\x1b[31mred\x1b[0m \x1b]0;t\x07 \u202e \x9b"))

    assert found == ["\x07", "\u202e", "\x9b", "\x1b]0;t\x07 \u202e \x9b"]
