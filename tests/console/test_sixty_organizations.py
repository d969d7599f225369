"""Tests of what a person sees on a terminal of 80 columns and 24 lines, with sixty organizations."""

import fcntl
import json
import os
import pty
import re
import struct
import termios
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sso_batch.emulator import Emulator, Limits, configuration
from tests.console.test_terminal import plain, read_all
from tests.support.command import execute, start
from tests.support.sample_worlds import locked, small

COLUMNS, LINES = 80, 24
DENIED = ("org-1", "org-7", "org-20", "org-33", "org-59")
FAILED = "org-30"
ACTION = "sso:ListAccountAssignments"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield the folder of a configuration with a failed and five incomplete organizations."""
    folder = tmp_path_factory.mktemp("sixty")
    world = locked(small(60), FAILED)
    roles = [
        replace(role, denied=(ACTION,)) if f"org-{number}" in DENIED else role
        for number, role in enumerate(world.roles)
    ]
    world = replace(world, roles=tuple(roles))
    (folder / "orgs.yaml").write_text(configuration(world, directory=str(folder / "reports")))
    with Emulator(world, limits=Limits.off()) as emulator:
        (folder / "environment.json").write_text(json.dumps(emulator.environment()))
        yield folder


def shown(folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: object) -> tuple[int, str]:
    """Run on a terminal; return the exit code and everything that was shown, without line breaks of it."""
    for name, value in json.loads((folder / "environment.json").read_text()).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("LINES", raising=False)
    mine, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    process = start(*arguments, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    try:
        text = read_all(mine)
        return process.wait(timeout=60), text.replace("\r", "")
    finally:
        os.close(mine)


def rows(text: str) -> dict[str, list[str]]:
    """Return the cells of each organization's row in the last table."""
    table = text[text.rindex("Organization") :]
    found = (line.split() for line in table.splitlines() if re.match(r"org-\d+ +\w+ ", line))
    return {name: cells for name, *cells in found}


def too_wide(text: str) -> list[str]:
    unbroken = ("Files: ", "Open first: ", "Resume: ")
    return [line for line in text.splitlines() if len(line) > COLUMNS and not line.startswith(unbroken)]


def test_run_and_verify(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each value is whole, each organization ends with a line, and a denied action is one entry."""
    assert home.is_dir()
    arguments = ("run", "-c", folder / "orgs.yaml", "--run-id", "r")
    code, text = shown(folder, monkeypatch, *arguments)

    summary = plain(text[text.rindex("Organization") :])
    manifest = json.loads((folder / "reports" / "r" / "manifest.json").read_text())
    assert code == 4
    assert "…" not in plain(text)
    assert too_wide(summary) == []
    assert not re.search(r"[a-z]-\n", summary)
    table = rows(plain(text))
    for organization in manifest["organizations"]:
        counts = organization["counts"]
        cells = table[organization["name"]]
        assert cells[0] == organization["status"]
        assert cells[-1] == str(len(organization["gaps"]))
        if organization["status"] != "failed":
            assert cells[1:4] == [f"{counts[name]:,}" for name in ("rows", "accounts", "users")]
            assert cells[-2] == "/".join(str(counts["findings"][name]) for name in ("high", "medium", "low"))
    words = " ".join(summary.split())
    assert words.count(ACTION) == 1
    gaps = sum(len(each["gaps"]) for each in manifest["organizations"] if each["name"] in DENIED)
    assert f"{', '.join(DENIED)}: ListAccountAssignments: AccessDeniedException ({gaps} gaps in 5" in words
    assert "sts:AssumeRole on resource:" in words
    assert f"Resume: sso-batch run --config {folder / 'orgs.yaml'} --run-id r --resume" in summary

    progress = plain(text[: text.rindex("Organization")])
    ended = re.findall(r"(org-\d+)  (complete|incomplete|failed)\b", progress)
    assert dict(ended) == {each["name"]: each["status"] for each in manifest["organizations"]}
    assert len(ended) == 60
    shares = [int(share) for share in re.findall(r"(\d+) %, \d+ of 60", progress)]
    assert shares == sorted(shares)
    assert shares[-1] == 100
    assert "collect.gap" not in progress

    red = re.findall(r"\x1b\[(?:\d+;)*31m([^\x1b]*)", text)
    assert {word.strip() for word in red if "AssumeRole" not in word} <= {"failed", *_wrapped(red)}
    assert {"incomplete"} <= {word.strip() for word in re.findall(r"\x1b\[(?:\d+;)*33m([^\x1b]*)", text)}

    code, verified = shown(folder, monkeypatch, "verify", folder / "reports" / "r")
    assert code == 0
    assert [line for line in plain(verified).splitlines() if len(line) > COLUMNS] == []
    text = re.sub(r"/\n {12}", "/", plain(verified))
    files = [file for each in (manifest, *manifest["organizations"]) for file in each["files"]]
    assert [file["name"] for file in files if f"  {file['name']}\n" not in text] == []


def _wrapped(red: list[str]) -> set[str]:
    """Return the further lines of the message about the failed organization."""
    start = next(number for number, word in enumerate(red) if "AssumeRole" in word)
    return {word.strip() for word in red[start:]}


def test_check(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of a preflight has a whole row for each organization, and a denied action is one entry."""
    assert home.is_dir()
    code, text = shown(folder, monkeypatch, "check", "-c", folder / "orgs.yaml")
    text = plain(text)

    assert code == 4
    progress = text[: text.rindex("Organization")]
    shares = [int(share) for share in re.findall(r"Total\s+━+\s+(\d+) %, \d+ of 60", progress)]
    assert shares == sorted(shares)
    assert shares[-1] == 100
    assert "reports" not in progress
    assert "…" not in text
    assert too_wide(text[text.rindex("Organization") :]) == []
    table = rows(text)
    expected = {f"org-{number}": "ready" for number in range(60)} | dict.fromkeys(DENIED, "incomplete")
    assert {name: cells[0] for name, cells in table.items()} == expected | {FAILED: "failed"}
    assert all(re.fullmatch(r"\d{12}", cells[1]) for name, cells in table.items() if name != FAILED)
    assert text.count(ACTION) == 1


def test_check_in_a_pipe(
    home: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a pipe a preflight shows no progress."""
    assert home.is_dir()
    for name, value in json.loads((folder / "environment.json").read_text()).items():
        monkeypatch.setenv(name, value)

    ended = execute("check", "-c", folder / "orgs.yaml", "--only", "org-2,org-3")

    assert (ended.code, ended.stderr) == (0, "")
    assert "Total" not in ended.stdout


def test_checks(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list of checks fits."""
    assert home.is_dir()
    code, text = shown(folder, monkeypatch, "checks")

    assert code == 0
    assert too_wide(plain(text)) == []
    assert "…" not in text


def test_quiet(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --quiet the reason of a failure and what to do about it are still there."""
    assert home.is_dir()
    arguments = ("--quiet", "run", "-c", folder / "orgs.yaml", "--run-id", "q", "--only", f"{FAILED},org-1")
    code, text = shown(folder, monkeypatch, *arguments)

    words = " ".join(plain(text).split())
    assert code == 4
    assert "check the role's name and account in `role_arn` first" in words
    assert f"allow the role the IAM action {ACTION}" in words
