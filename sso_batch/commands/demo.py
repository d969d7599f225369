"""`sso-batch demo`: an audit of made-up organizations in a local emulator of AWS."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sso_batch.commands.run import RunOptions, execute, with_options
from sso_batch.commands.storage import folder_named
from sso_batch.config import load
from sso_batch.console.terminal import Terminal, optional_output
from sso_batch.emulator import Emulator, configuration, demo_world
from sso_batch.errors import UsageError
from sso_batch.run_files.file_names import MANIFEST, FileNames
from sso_batch.run_files.results import RunOutcome, Status
from sso_batch.run_files.stored_runs import has_runs
from sso_batch.runner.signals import handlers_restored
from sso_batch.store import FileEntry, FileKind, FolderPlace, Place, to_output_error
from sso_batch.store.private_folders import make_private

_FORMATS = ("csv", "html")

_COLLECT = "collect:\n  activity: true\n  applications: true\n  people: [title, department, manager]\n"
"""What a demo reads in addition to the defaults."""

CAMPAIGN_SETTINGS = """
campaign:
  require_comment: [revoke]
  fallback: security@example.com
  reviewers:
    - {privilege: ADMINISTRATOR, reviewer: ciso@example.com}
    - {reviewer: manager}
    - {account: "*prod*", reviewer: cloud-owner@example.com}
"""
"""The reviewers of the demo."""

_MEANING = """
A row is one access path: a user (UserEmail), an account (AccountName), a permission set (PermissionSet), and
how it is assigned: to the user, or to a group of the user (PrincipalType, GroupName). PrincipalState marks
rows to review: NOT_FOUND (the user or group was deleted, the assignment was not), EMPTY_GROUP,
MEMBER_NOT_FOUND.

A finding is an assignment, user, group or permission set to review, of high, medium or low severity (h/m/l).
`sso-batch checks` lists why each check matters and what to do."""

_INCOMPLETE = """
This run is incomplete. What could not be read is listed above and in the manifest's `gaps`, and is marked as
NOT_READ in the files, whose names contain _INCOMPLETE. The run ends with exit code 4."""


def demo_command(
    terminal: Terminal, output: str | None, *, with_failure: bool, campaign: bool = False
) -> int:
    """Audit the made-up organizations, print the files and how to read them, and return the exit code."""
    if campaign and with_failure:
        raise UsageError(
            "--campaign needs a complete audit, and --with-failure makes an incomplete one",
            hint="leave one of the two out",
        )
    output = output or f"reports/demo-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    _refuse_other_runs(FolderPlace(folder_named(output)))
    world = demo_world(with_failure=with_failure, now=time.time())
    quieter = replace(terminal, level="warning") if terminal.level == "info" else terminal
    with Emulator(world) as emulator, TemporaryDirectory() as temporary:
        _use_only(emulator.environment())
        config_file = _config_folder(output, temporary, is_kept=campaign) / "orgs.yaml"
        settings = _COLLECT + (CAMPAIGN_SETTINGS if campaign else "")
        config_file.write_text(configuration(world, directory=output) + settings, encoding="utf-8")
        options = RunOptions(formats=_FORMATS)
        config = with_options(load(config_file, os.environ), options)
        with handlers_restored():
            outcome, names = execute(quieter, os.environ, config, options)
        if campaign:
            from sso_batch.commands.demo_campaign import Audits, DemoCampaign  # noqa: PLC0415 - jinja2

            terminal.say(_introduction(outcome))
            DemoCampaign(terminal, config_file, output, Audits(emulator, quieter, config, options)).show(
                names
            )
            return outcome.exit_code
    with optional_output():
        terminal.say(_introduction(outcome))
        terminal.show_summary(outcome, when_piped=True)
        terminal.say(_files(output, outcome, names), wrapped=False)
        terminal.say(_meaning(outcome))
    return outcome.exit_code


def _config_folder(output: str, temporary: str, *, is_kept: bool) -> Path:
    """Return the folder of the configuration: beside the runs if it is kept, so that it can be used again."""
    if not is_kept:
        return Path(temporary)
    folder = folder_named(output)
    try:
        make_private(folder)
    except OSError as error:
        raise to_output_error(output, error) from error
    return folder


def _refuse_other_runs(place: Place) -> None:
    try:
        refused = has_runs(place)
    except OSError as error:
        raise to_output_error(place.name, error) from error
    if refused:
        raise UsageError(
            f"the folder {place.name} contains other runs, and a demo needs a folder of its own",
            hint="choose a new folder with --output",
        )


def _use_only(variables: dict[str, str]) -> None:
    """Replace every AWS setting of this process, so that a demo cannot reach the real AWS."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "REQUESTS_"))]:
        del os.environ[name]
    os.environ.update(variables, AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)


def _introduction(outcome: RunOutcome) -> Iterator[str]:
    count = len(outcome.organizations)
    yield f"Audited {count} made-up organizations in a local emulator of AWS, each through an assumed role."
    yield ""


def _files(output: str, outcome: RunOutcome, names: FileNames) -> Iterator[str]:
    """Yield the names of all files, each on a line of its own, and what they contain."""
    yield f"Written to {output.rstrip('/')}/{names.run_id}:"
    for entry in outcome.files:
        yield f"  {entry.name}\n      {_content(entry)}"
    for organization in outcome.organizations:
        folder = f"{names.organization_folder(organization.name)}/"
        if organization.files:
            yield f"  {folder}"
        for entry in organization.files:
            is_csv = entry.kind is FileKind.ACCESS_CSV
            content = f"{entry.rows} rows" if is_csv else "everything that was read"
            yield f"      {entry.name.removeprefix(folder)}\n          {content}"
    yield f"  {MANIFEST}\n      for programs: checksums of all files, number of API calls, gaps"


def _meaning(outcome: RunOutcome) -> Iterator[str]:
    yield from _paragraphs(_MEANING)
    if outcome.status is Status.INCOMPLETE:
        yield from _paragraphs(_INCOMPLETE)


def _content(entry: FileEntry) -> str:
    """Return what a merged file contains."""
    if entry.kind is FileKind.PAGE:
        return "the HTML report: open it in a browser"
    if entry.kind is FileKind.FINDINGS_CSV:
        return f"findings to review: {entry.rows} rows"
    if entry.kind is FileKind.APPLICATIONS_CSV:
        return f"who is assigned to which application: {entry.rows} rows"
    return f"all organizations, merged: {entry.rows} rows"


def _paragraphs(text: str) -> Iterator[str]:
    """Yield each paragraph as one line after an empty one; the terminal wraps it."""
    for paragraph in text.split("\n\n"):
        yield ""
        yield " ".join(paragraph.split())
