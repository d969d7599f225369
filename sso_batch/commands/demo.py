"""`sso-batch demo`: a whole audit of made-up organizations, over HTTP, on this machine alone."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sso_batch.commands.run import RunOptions, execute, with_options
from sso_batch.commands.storage import folder_named
from sso_batch.config import load
from sso_batch.console.terminal import Terminal, unread
from sso_batch.emulator import Emulator, configuration, demo_world
from sso_batch.errors import UsageError
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.results import RunOutcome, Status
from sso_batch.store import PREFIX, FileEntry, FileKind

_FORMATS = ("csv", "html")

_MEANING = """
A row is one user's way to one grant: who (UserEmail), where (AccountName), with what (PermissionSet), and
how they come by it (PrincipalType, GroupName). PrincipalState tells the rows that need a look: NOT_FOUND
(the user or group is gone, the grant is not), EMPTY_GROUP, MEMBER_NOT_FOUND.

A finding is a grant, a user, a group or a permission set that somebody should look at, of high, medium or low
severity (h/m/l). `sso-batch checks` tells why each matters and what to do about it."""

_INCOMPLETE = """
This run is incomplete: what could not be read is named above and in the manifest's `gaps`, stands as NOT_READ
in the files that say _INCOMPLETE, and makes the exit code 4. It never looks like an answer."""


def demo_command(terminal: Terminal, output: str | None, *, with_failure: bool) -> int:
    """Audit the made-up organizations and say what was written and what it means."""
    output = output or f"reports/demo-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    _refuse_other_runs(folder_named(output))
    world = demo_world(with_failure=with_failure)
    quieter = replace(terminal, level="warning") if terminal.level == "info" else terminal
    with Emulator(world) as emulator, TemporaryDirectory() as temporary:
        _only(emulator.environment())
        config_file = Path(temporary) / "orgs.yaml"
        config_file.write_text(configuration(world, directory=output), encoding="utf-8")
        options = RunOptions(formats=_FORMATS)
        config = with_options(load(config_file, os.environ), options)
        outcome, names = execute(quieter, os.environ, config, options)
    with unread():
        terminal.say(_beginning(outcome))
        terminal.show_summary(outcome, when_piped=True)
        terminal.say(_explanation(output, outcome, names))
    return outcome.exit_code


def _refuse_other_runs(folder: Path) -> None:
    if folder.is_dir() and any(path.name.startswith(PREFIX) for path in folder.iterdir()):
        raise UsageError(
            f"the folder {folder} holds other runs, and a demo never mixes with them",
            hint="name a new folder with --output",
        )


def _only(variables: dict[str, str]) -> None:
    """Forget whatever this process knows of the real AWS: a demo must not reach it by accident."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "REQUESTS_"))]:
        del os.environ[name]
    os.environ.update(variables, AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)


def _beginning(outcome: RunOutcome) -> Iterator[str]:
    count = len(outcome.organizations)
    yield f"{count} made-up organizations were audited, each through a role, over HTTP, in an emulated AWS."
    yield ""


def _explanation(output: str, outcome: RunOutcome, names: FileNames) -> Iterator[str]:
    yield f"Written to {output}:"
    for entry in outcome.files:
        yield f"  {entry.name}\n      {_what(entry)}"
    for one in outcome.organizations:
        for entry in one.files:
            what = (
                f"{one.name} alone: {entry.rows} rows"
                if entry.kind is FileKind.ACCESS_CSV
                else f"all that was read of {one.name}"
            )
            yield f"  {entry.name}\n      {what}"
    yield f"  {names.manifest}\n      for programs: every file with its checksum, every call, every gap"
    yield from _paragraphs(_MEANING)
    if outcome.status is Status.INCOMPLETE:
        yield from _paragraphs(_INCOMPLETE)


def _what(entry: FileEntry) -> str:
    """Return what a merged file holds."""
    if entry.kind is FileKind.PAGE:
        return "a page to look at: open it in a browser"
    if entry.kind is FileKind.FINDINGS_CSV:
        return f"{entry.rows} findings: what somebody should look at"
    return f"all organizations, merged: {entry.rows} rows"


def _paragraphs(text: str) -> Iterator[str]:
    """Give the lines of each paragraph as one, after an empty line; the terminal breaks it anew."""
    for paragraph in text.split("\n\n"):
        yield ""
        yield " ".join(paragraph.split())
