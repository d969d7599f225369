"""`sso-batch demo --campaign`: an access review of made-up organizations, from sheets to proof."""

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sso_batch.access import NOT_FOUND
from sso_batch.campaign import file_names
from sso_batch.campaign.closed import load_closed
from sso_batch.campaign.csv_files import BOM
from sso_batch.campaign.decisions import KEEP, REVOKE
from sso_batch.campaign.item import Item
from sso_batch.campaign.record import CampaignRecord, Reviewer
from sso_batch.campaign.returned import load_campaign
from sso_batch.campaign.revocations import AWS, revocations
from sso_batch.commands.campaign_close import campaign_close_command
from sso_batch.commands.campaign_open import OpenOptions, campaign_open_command
from sso_batch.commands.campaign_prove import campaign_prove_command
from sso_batch.commands.campaign_status import campaign_status_command
from sso_batch.commands.run import RunOptions, execute, run_location
from sso_batch.commands.storage import folder_named
from sso_batch.config import Config
from sso_batch.console.terminal import Terminal
from sso_batch.emulator import Emulator
from sso_batch.emulator.world import Organization, World
from sso_batch.run_files.file_names import FileNames
from sso_batch.store import Folder

FOLDER = "campaign"
LATER = "after-revocations"
"""The id of the second run."""

_EXCEPTION = timedelta(days=365)
"""The time after the due date for which access with a high finding is kept."""


@dataclass(frozen=True, slots=True)
class Audits:
    """Further audits of the demo, in the same way as the first one."""

    emulator: Emulator
    terminal: Terminal
    config: Config
    options: RunOptions

    def location(self, run_id: str) -> str:
        """Return the folder of a run."""
        return run_location(self.config, run_id)

    def audit(self, world: World) -> str:
        """Audit a changed world and return the folder of the run."""
        self.emulator.world = world
        _, names = execute(self.terminal, os.environ, self.config, replace(self.options, run_id=LATER))
        return self.location(names.run_id)


@dataclass(frozen=True, slots=True)
class DemoCampaign:
    """A campaign on the first run of the demo, in a folder beside its runs."""

    terminal: Terminal
    config_file: Path
    output: str
    audits: Audits

    def show(self, names: FileNames) -> None:
        """Open, decide, close, remove the access, audit again and prove it, and print each step."""
        terminal, world = self.terminal, self.audits.emulator.world
        run, folder = self.audits.location(names.run_id), f"{self.output.rstrip('/')}/{FOLDER}"
        path = folder_named(folder)
        self._step("1. Open the campaign", "open", f"-c {self.config_file}", f"--run {run}", f"-o {folder}")
        campaign_open_command(terminal, os.environ, str(self.config_file), OpenOptions(run, folder))
        record = load_campaign(Folder(path))
        first, *others = record.reviewers
        self._step("2. All reviewers but one have returned their sheets", f"status {folder}")
        for reviewer in others:
            _fill_in(path, record, reviewer)
        campaign_status_command(terminal, folder, format_="table", now=datetime.now(UTC))
        self._step("3. The last reviewer has decided, too", f"close {folder}")
        _fill_in(path, record, first)
        campaign_close_command(terminal, folder, partial=False)
        closed = load_closed(Folder(path))
        to_revoke = list(revocations(closed.record, closed.decided))
        removed = [revocation.item for revocation in to_revoke if revocation.how == AWS]
        self._step("4. An administrator removes the access, and the audit runs again")
        later = self.audits.audit(_without(world, removed))
        remaining = len(to_revoke) - len(removed)
        terminal.say(
            [
                f"Removed in AWS: {len(removed)}",
                f"Not removed yet, because the identity provider manages it: {remaining}",
                f"New run: {later}",
            ]
        )
        self._step("5. Does the new run show that it is gone?", f"prove {folder}", f"--run {later}")
        code = campaign_prove_command(terminal, folder, later)
        terminal.say(
            [
                f"Exit code of this command: {int(code)}",
                "",
                f"In {folder}, open a sheet such as {record.reviewers[0].files[-1].name}, then",
                f"{file_names.SIGNOFF_PAGE} and {file_names.proof(LATER, 'html')} in a browser.",
            ]
        )

    def _step(self, title: str, *command: str) -> None:
        lines = ["", title]
        if command:
            *parts, last = f"$ sso-batch campaign {command[0]}", *(f"    {part}" for part in command[1:])
            lines += [*(f"{part} \\" for part in parts), last]
        self.terminal.say([*lines, ""])


def _fill_in(folder: Path, record: CampaignRecord, reviewer: Reviewer) -> None:
    """Write decisions into the CSV file of a reviewer, as a spreadsheet would save it."""
    path = folder / next(file.name for file in reviewer.files if file.name.endswith(".csv"))
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
    until = (record.due + _EXCEPTION).isoformat()
    for row in rows:
        decision, comment = _decide(row)
        is_exception = decision == KEEP and row["Findings"].startswith("high")
        row |= {"Decision": decision, "Comment": comment, "Until": until if is_exception else ""}
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(BOM + text.getvalue(), "utf-8", newline="")


def _decide(row: Mapping[str, str]) -> tuple[str, str]:
    """Return the decision and the comment of a reviewer of the demo."""
    if row["PrincipalState"].endswith(NOT_FOUND):
        return REVOKE, "The user or group was deleted."
    if row["UserStatus"] == "DISABLED":
        return REVOKE, "Has left the team."
    if "direct-grant" in row["Findings"] and row["Privilege"] == "CAN_ESCALATE":
        return REVOKE, "The group is enough."
    return KEEP, "Needed for operations." if row["Findings"].startswith("high") else ""


def _without(world: World, removed: Iterable[Item]) -> World:
    """Return the world without what these items stand for."""
    by_organization: dict[str, list[Item]] = {}
    for item in removed:
        by_organization.setdefault(item.organization, []).append(item)
    return replace(
        world,
        organizations=tuple(
            _organization_without(organization, by_organization.get(organization.name, ()))
            for organization in world.organizations
        ),
    )


def _organization_without(organization: Organization, removed: Iterable[Item]) -> Organization:
    gone = set(_keys(removed))
    return replace(
        organization,
        assignments=tuple(
            each
            for each in organization.assignments
            if (each.account_id, each.permission_set_arn, each.principal_id) not in gone
        ),
        memberships=tuple(
            each for each in organization.memberships if (each.group_id, each.user_id) not in gone
        ),
        applications=tuple(
            replace(
                application,
                entitlements=tuple(
                    each
                    for each in application.entitlements
                    if (each.account_id, each.role_arn, each.principal_id) not in gone
                ),
            )
            for application in organization.applications
        ),
    )


def _keys(items: Iterable[Item]) -> Iterator[tuple[str, ...]]:
    for item in items:
        if item.group_id:
            yield item.group_id, item.principal_id
        else:
            yield item.account_id, item.permission_set_arn or item.role_arn, item.principal_id
