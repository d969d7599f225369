"""The end of a run that has one large organization: it hears when it is told to end."""

import importlib
import threading
from datetime import date
from pathlib import Path
from typing import Literal

import pytest
import structlog

from sso_batch.config import Config, Output, Review, Waiver
from sso_batch.model import PERMISSION_SET, USER, Grant, Principal, Snapshot
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.manifest import encode_manifest
from sso_batch.run_files.results import OrganizationOutcome
from sso_batch.run_files.run import RunFacts
from sso_batch.run_files.writer import write_document, write_organization
from sso_batch.runner.closing import Closing
from sso_batch.store import Folder
from tests.support.effort import Calls
from tests.support.overviews import ADMINISTRATOR_ACCESS
from tests.support.records import STARTED, outcome, permission_set, run_outcome, snapshot, user

Format = Literal["csv", "html", "xlsx"]

GRANTS = 1_000
NOW, BEFORE = FileNames("now", "20260304_050607"), FileNames("before", "20260303_050607")


class Looks(threading.Event):
    """Notes each look, and is set from one of them on."""

    def __init__(self, calls: Calls, last: int | None = None) -> None:
        super().__init__()
        self.number = 0
        self._calls = calls
        self._last = last

    def is_set(self) -> bool:
        """Note the look."""
        self._calls.look()
        self.number += 1
        return self._last is not None and self.number > self._last


def large(*, grants: int = GRANTS) -> Snapshot:
    """Give an organization in which everybody has a grant of their own and half are administrators."""
    people = tuple(user(f"u-{number:05}") for number in range(grants))
    return snapshot(
        users=people,
        permission_sets=(
            permission_set("arn:admin", "Admin", "PT12H", (ADMINISTRATOR_ACCESS,), (), "", ""),
            permission_set("arn:view", "View", "PT1H", (), ("/own",), "", ""),
        ),
        grants=tuple(
            Grant(
                "111111111111",
                PERMISSION_SET,
                ("arn:admin", "arn:view")[number % 2],
                "",
                Principal(USER, one.id),
            )
            for number, one in enumerate(people)
        ),
    )


def close(
    folder: Folder, read: OrganizationOutcome, format_: Format, calls: Calls, last: int | None = None
) -> Looks:
    """End a run that has read the organization, and compare it with an earlier one."""
    looks = Looks(calls, last)
    closing = Closing(
        Config.model_construct(
            organizations=(),
            output=Output(formats=(format_,)),
            review=Review(
                compare="previous",
                waivers=(Waiver(check="*", reason="accepted", until=date(2027, 1, 1), principal="u-0*9"),),
            ),
        ),
        folder,
        RunFacts(NOW, "0" * 64, "complete", ()),
        STARTED,
        structlog.get_logger(),
    )
    closing.stop = looks
    with calls:
        closing.close((read,))
    return looks


def organization(folder: Folder, names: FileNames, one: Snapshot) -> OrganizationOutcome:
    """Write an organization's files."""
    never = threading.Event()
    return outcome(files=write_organization(folder, names, one, csv=True, escape=True, stop=never).files)


def place(path: Path, *, grants: int) -> tuple[Folder, OrganizationOutcome]:
    """Make a place with an earlier run, and what a run has read that found twice as many grants."""
    folder = Folder(path)
    run = run_outcome(organization(folder, BEFORE, large(grants=grants // 2)))
    facts = RunFacts(BEFORE, "0" * 64, "complete", ())
    write_document(folder, BEFORE.manifest, encode_manifest(facts, run))
    return folder, organization(folder, NOW, large(grants=grants))


@pytest.mark.parametrize("format_", ["csv", "html", "xlsx"])
def test_looks_often(tmp_path: Path, format_: Format) -> None:
    """Between two looks at the signal there is little work, in every part of the end."""
    for module in ("page", "workbook"):
        importlib.import_module(f"sso_batch.report.{module}")
    calls = Calls()

    looks = close(*place(tmp_path, grants=GRANTS), format_, calls)

    assert looks.number > 4 * GRANTS
    assert calls.longest < 50 * GRANTS


@pytest.mark.parametrize("format_", ["csv", "html", "xlsx"])
def test_stops_anywhere(tmp_path: Path, format_: Format) -> None:
    """Wherever the signal comes, the end stops there, and leaves whole files and no others."""
    folder, read = place(tmp_path, grants=20)
    before = set(tmp_path.iterdir())
    looks = close(folder, read, format_, Calls()).number
    whole = {file.name: file.read_bytes() for file in set(tmp_path.iterdir()) - before}

    for last in range(0, looks, looks // 12):
        for file in set(tmp_path.iterdir()) - before:
            file.unlink()
        stopped = close(folder, read, format_, Calls(), last)

        left = {file.name: file.read_bytes() for file in set(tmp_path.iterdir()) - before}
        assert left.items() < whole.items()
        assert stopped.number <= last + 2
