"""One organization's end: told to stop while its files are being written."""

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sso_batch.aws.gateway import Tally
from sso_batch.errors import OrganizationError
from sso_batch.logs import make_logger
from sso_batch.model import Snapshot
from sso_batch.outcome import OrganizationOutcome, Status
from sso_batch.report.manifest import RunFacts
from sso_batch.report.names import FileNames
from sso_batch.report.write import Written, write_organization
from sso_batch.runner.archive import Archive
from sso_batch.runner.organization import Desk, OrganizationRun
from sso_batch.store import Folder
from sso_batch.workers import Workers
from tests.records import small_organization

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


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


Ended = Callable[[OrganizationError | None], OrganizationOutcome]


@pytest.fixture
def told_while_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Ended:  # noqa: ANN401
    """Ends an organization whose files have just been published, for a lost claim or by a signal."""
    del capsys
    published, go_on = threading.Event(), threading.Event()

    def write(*arguments: Any, **settings: Any) -> Written:  # noqa: ANN401 - as they come
        written = write_organization(*arguments, **settings)
        published.set()
        go_on.wait()
        return written

    monkeypatch.setattr("sso_batch.runner.organization.write_organization", write)

    def end(loss: OrganizationError | None) -> OrganizationOutcome:
        async def run() -> OrganizationOutcome:
            names = FileNames("r", "20260304_050607")
            archive = Archive(
                Folder(tmp_path),
                RunFacts(names, config_sha256="c0ffee", strategy="complete", not_selected=()),
                {"acme": "5ha"},
                csv=True,
                escape_formulas=True,
                max_age=None,
                clock=lambda: NOW,
            )
            desk = Desk(
                Folder(tmp_path),
                names,
                csv=True,
                escape_formulas=True,
                writers=Workers(1, "desk"),
                archive=archive,
            )
            audit: Any = Read()
            log = make_logger(Nowhere(), level="error", log_format="json")
            entry = OrganizationRun("acme", audit, desk, log, lambda: NOW, lambda _: loss)
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
