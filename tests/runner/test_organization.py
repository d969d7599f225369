"""One organization's end: told to stop while its files are being written."""

import asyncio
import errno
import hashlib
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sso_batch.aws.gateway import Tally
from sso_batch.daemon_threads import Workers
from sso_batch.errors import OrganizationError
from sso_batch.logs import make_logger
from sso_batch.model import Snapshot
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.results import OrganizationOutcome, Status
from sso_batch.run_files.run import RunFacts
from sso_batch.run_files.snapshot import decode
from sso_batch.run_files.writer import WrittenOrganization, write_organization
from sso_batch.runner.existing_results import Archive
from sso_batch.runner.organization import Desk, OrganizationRun
from sso_batch.store import Folder
from tests.support.records import small_organization

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
NAMES = FileNames("r", "20260304_050607")


class Read:
    """An audit that has read everything."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.region = "eu-west-1"
        self.instance = None
        self.endpoint_overrides: tuple[str, ...] = ()

    async def run(self) -> Snapshot:
        """Give what was read."""
        return small_organization()


def desk(folder: Path) -> Desk:
    archive = Archive(
        Folder(folder),
        RunFacts(NAMES, config_sha256="c0ffee", strategy="complete", not_selected=()),
        {"acme": "5ha"},
        csv=True,
        escape_formulas=True,
        max_age=None,
        clock=lambda: NOW,
    )
    writers = Workers(1, "desk")
    return Desk(Folder(folder), NAMES, csv=True, escape_formulas=True, writers=writers, archive=archive)


Ended = Callable[[OrganizationError | None], OrganizationOutcome]


@pytest.fixture
def told_while_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Ended:  # noqa: ANN401
    """Ends an organization whose files have just been published, for a lost claim or by a signal."""
    del capsys
    published, go_on = threading.Event(), threading.Event()

    def write(*arguments: Any, **settings: Any) -> WrittenOrganization:  # noqa: ANN401 - as they come
        written = write_organization(*arguments, **settings)
        published.set()
        go_on.wait()
        return written

    monkeypatch.setattr("sso_batch.runner.organization.write_organization", write)

    def end(loss: OrganizationError | None) -> OrganizationOutcome:
        async def run() -> OrganizationOutcome:
            audit: Any = Read()
            log = make_logger(Nowhere(), level="error", log_format="json")
            entry = OrganizationRun("acme", audit, desk(tmp_path), log, lambda: NOW, lambda _: loss)
            task = asyncio.create_task(entry.run())
            while not published.is_set():  # noqa: ASYNC110 - a thread cannot set an asyncio.Event
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.sleep(0)
            go_on.set()
            return await task

        return asyncio.run(run())

    return end


class Nowhere:
    """A stream that keeps nothing."""

    def write(self, text: str) -> int:
        """Take the text."""
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back."""

    def isatty(self) -> bool:
        """Nobody is looking."""
        return False


def test_a_claim_that_is_lost_at_the_last_moment(told_while_writing: Ended, tmp_path: Path) -> None:
    """Files of an entry that another one has taken the instance from are taken back: it failed."""
    loss = OrganizationError("taken", code="SameInstance", operation="ListInstances")

    outcome = told_while_writing(loss)

    assert (outcome.status, outcome.files) == (Status.FAILED, ())
    assert [gap.code for gap in outcome.gaps] == ["SameInstance"]
    assert list(tmp_path.iterdir()) == []


def test_a_signal_at_the_last_moment(told_while_writing: Ended, tmp_path: Path) -> None:
    """An organization whose files are there when the run is told to end has finished."""
    outcome = told_while_writing(None)

    assert outcome.status is Status.COMPLETE
    assert sorted(one.name for one in outcome.files) == sorted(path.name for path in tmp_path.iterdir())


# Another process of the same run

Finished = Callable[[Snapshot], OrganizationOutcome]


@pytest.fixture
def beside(tmp_path: Path) -> Finished:
    """Ends an organization whose files another process publishes while it is audited."""

    def end(theirs: Snapshot) -> OrganizationOutcome:
        class ReadBeside(Read):
            async def run(self) -> Snapshot:
                write_organization(
                    Folder(tmp_path), NAMES, theirs, csv=True, escape=True, stop=threading.Event()
                )
                return await super().run()

        audit: Any = ReadBeside()
        log = make_logger(Nowhere(), level="error", log_format="json")
        entry = OrganizationRun("acme", audit, desk(tmp_path), log, lambda: NOW, lambda _: None)
        return asyncio.run(entry.run())

    return end


def test_another_process_has_finished_it(beside: Finished, tmp_path: Path) -> None:
    """Where another process has just published the organization, its files stand and ours are thrown away."""
    theirs = replace(small_organization(), config_sha256="5ha", finished_at=NOW + timedelta(minutes=1))

    outcome = beside(theirs)

    assert (outcome.status, outcome.resumed) == (Status.COMPLETE, True)
    assert outcome.finished_at == theirs.finished_at
    found = decode((tmp_path / NAMES.organization_snapshot("acme", complete=True)).read_text().splitlines())
    assert found == theirs
    assert sorted(one.name for one in outcome.files) == sorted(path.name for path in tmp_path.iterdir())


def test_what_another_process_left_does_not_stand(beside: Finished, tmp_path: Path) -> None:
    """Files of another configuration in our way are removed, and ours take their place."""
    outcome = beside(replace(small_organization(), config_sha256="0ther", strategy="fastest"))

    assert (outcome.status, outcome.resumed) == (Status.COMPLETE, False)
    found = decode((tmp_path / NAMES.organization_snapshot("acme", complete=True)).read_text().splitlines())
    assert found == replace(small_organization(), config_sha256="5ha")


def test_a_csv_without_its_snapshot_is_in_the_way(tmp_path: Path) -> None:
    """The CSV of a process that was killed before its snapshot is replaced: it counts nowhere."""
    (tmp_path / NAMES.organization_access("acme", complete=True)).write_bytes(b"half of it")
    audit: Any = Read()
    log = make_logger(Nowhere(), level="error", log_format="json")
    entry = OrganizationRun("acme", audit, desk(tmp_path), log, lambda: NOW, lambda _: None)

    outcome = asyncio.run(entry.run())

    rows = (tmp_path / NAMES.organization_access("acme", complete=True)).read_bytes()
    assert outcome.access_file is not None
    assert outcome.access_file.sha256 == hashlib.sha256(rows).hexdigest()


def test_a_name_that_stays_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a name is taken again and again the organization has failed, and says why."""

    def taken(*_: object, **__: object) -> WrittenOrganization:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))

    monkeypatch.setattr("sso_batch.runner.organization.write_organization", taken)
    audit: Any = Read()
    log = make_logger(Nowhere(), level="error", log_format="json")
    entry = OrganizationRun("acme", audit, desk(tmp_path), log, lambda: NOW, lambda _: None)

    outcome = asyncio.run(entry.run())

    assert outcome.status is Status.FAILED
    assert [gap.code for gap in outcome.gaps] == ["EEXIST"]
