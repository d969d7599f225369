"""One organization of a run: stopped while its files are written, and other processes of the run."""

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

from sso_batch.aws.gateway import CallCounts
from sso_batch.daemon_threads import DaemonThreads
from sso_batch.errors import OrganizationError
from sso_batch.model import EndpointOverride, Snapshot
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.results import OrganizationOutcome, OrganizationReview, Status
from sso_batch.run_files.run import RunFacts, Stopped
from sso_batch.run_files.snapshot import decode
from sso_batch.run_files.writer import WrittenOrganization, write_organization
from sso_batch.runner.context import RunContext
from sso_batch.runner.existing_results import ExistingResults
from sso_batch.runner.history import History
from sso_batch.runner.organization import OrganizationRun
from sso_batch.sharding import Shard
from sso_batch.store import FolderPlace
from tests.support.contexts import run_context
from tests.support.records import small_organization
from tests.support.reports import files_in

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
NAMES = FileNames("r", "20260304_050607")


class FinishedAudit:
    """An audit that has read everything."""

    def __init__(self) -> None:
        self.tally = CallCounts()
        self.region = "eu-west-1"
        self.instance = None
        self.endpoint_overrides: tuple[EndpointOverride, ...] = ()

    async def run(self) -> Snapshot:
        """Return what was read."""
        return small_organization()


def organization_run(
    folder: Path,
    audit: FinishedAudit,
    cancelled_for: Callable[[str], OrganizationError | None] = lambda _: None,
    *,
    shard: Shard | None = None,
    stop: threading.Event | None = None,
) -> OrganizationRun:
    facts = RunFacts(NAMES, config_sha256="c0ffee", strategy="complete", not_selected=(), shard=shard)
    context = run_context(FolderPlace(folder), facts, clock=lambda: NOW, stop=stop)
    existing = ExistingResults(context, {"acme": "5ha"}, max_age=None)
    any_audit: Any = audit
    return OrganizationRun(
        "acme",
        any_audit,
        existing,
        History(existing.context, "acme"),
        DaemonThreads(1, "files"),
        DaemonThreads(1, "reviews"),
        cancelled_for,
    )


Interrupt = Callable[[OrganizationError | None], OrganizationOutcome]


@pytest.fixture
def interrupt_while_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Interrupt:  # noqa: ANN401
    """Return a function that cancels an organization whose files have just been published.

    It is cancelled for a lost claim, or by a signal.
    """
    del capsys
    published, go = threading.Event(), threading.Event()

    def write(*arguments: Any, **settings: Any) -> WrittenOrganization:  # noqa: ANN401 - passed on
        written = write_organization(*arguments, **settings)
        published.set()
        go.wait()
        return written

    monkeypatch.setattr("sso_batch.runner.organization.write_organization", write)

    def end(loss: OrganizationError | None) -> OrganizationOutcome:
        async def run() -> OrganizationOutcome:
            stop = threading.Event()
            entry = organization_run(tmp_path, FinishedAudit(), lambda _: loss, stop=stop)
            task = asyncio.create_task(entry.run())
            while not published.is_set():  # noqa: ASYNC110 - a thread cannot set an asyncio.Event
                await asyncio.sleep(0)
            if loss is None:
                stop.set()
            task.cancel()
            await asyncio.sleep(0)
            go.set()
            return await task

        return asyncio.run(run())

    return end


def test_claim_lost_after_writing(interrupt_while_writing: Interrupt, tmp_path: Path) -> None:
    """An entry that loses its instance after its files are written has failed, and they are removed."""
    loss = OrganizationError("taken", code="SameInstance", operation="ListInstances")

    outcome = interrupt_while_writing(loss)

    assert (outcome.status, outcome.files) == (Status.FAILED, ())
    assert [gap.code for gap in outcome.gaps] == ["SameInstance"]
    assert files_in(tmp_path) == {}


def test_signal_after_writing(interrupt_while_writing: Interrupt, tmp_path: Path) -> None:
    """An organization whose files are written when a signal arrives is complete, and not reviewed."""
    outcome = interrupt_while_writing(None)

    assert (outcome.status, outcome.review) == (Status.COMPLETE, None)
    assert sorted(file.name for file in outcome.files) == sorted(files_in(tmp_path / NAMES.run_id))


# The review

Review = Callable[..., OrganizationReview]


@pytest.fixture
def replace_review(monkeypatch: pytest.MonkeyPatch) -> Callable[[Review], None]:
    """Return a function that replaces the review of a snapshot."""
    return lambda review: monkeypatch.setattr("sso_batch.runner.organization.review_snapshot", review)


def test_reviewed_as_soon_as_read(tmp_path: Path) -> None:
    """The outcome has what the checks find in the snapshot."""
    outcome = asyncio.run(organization_run(tmp_path, FinishedAudit()).run())

    assert outcome.review is not None
    assert outcome.review.examined.organization == "acme"
    assert outcome.review.examined.findings


@pytest.mark.parametrize("loss", [None, OrganizationError("taken", code="SameInstance")])
@pytest.mark.parametrize("end", ["notices", "fails", "hangs"])
def test_interrupted_while_reviewing(
    tmp_path: Path, replace_review: Callable[[Review], None], loss: OrganizationError | None, end: str
) -> None:
    """A signal keeps the files and a lost claim removes them, at once, whatever the review does."""
    reviewing, go = threading.Event(), threading.Event()

    def review(_context: RunContext, _snapshot: Snapshot, _earlier: None, stop: threading.Event) -> Any:  # noqa: ANN401 - none
        reviewing.set()
        assert (go if end == "hangs" else stop).wait(10)
        raise Stopped if end == "notices" else ZeroDivisionError

    replace_review(review)

    async def run() -> OrganizationOutcome:
        task = asyncio.create_task(organization_run(tmp_path, FinishedAudit(), lambda _: loss).run())
        while not reviewing.is_set():  # noqa: ASYNC110 - a thread cannot set an asyncio.Event
            await asyncio.sleep(0)
        task.cancel()
        at_once, _ = await asyncio.wait([task], timeout=5)
        go.set()
        assert at_once
        return await task

    outcome = asyncio.run(run())

    assert outcome.review is None
    assert outcome.status is (Status.COMPLETE if loss is None else Status.FAILED)
    assert bool(files_in(tmp_path / NAMES.run_id)) is (loss is None)


def test_a_review_that_takes_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replace_review: Callable[[Review], None]
) -> None:
    """A long review is left to the end of the run, which the deadline limits."""
    monkeypatch.setattr("sso_batch.runner.organization._REVIEW_SECONDS", 0.1)
    replace_review(lambda *arguments: arguments[-1].wait(10))

    outcome = asyncio.run(organization_run(tmp_path, FinishedAudit()).run())

    assert (outcome.status, outcome.review) == (Status.COMPLETE, None)


def test_an_error_in_the_review(tmp_path: Path, replace_review: Callable[[Review], None]) -> None:
    """An organization that cannot be reviewed has its result; the end of the run reports the error."""

    def fail(*_: object) -> OrganizationReview:
        raise ZeroDivisionError

    replace_review(fail)

    outcome = asyncio.run(organization_run(tmp_path, FinishedAudit()).run())

    assert (outcome.status, outcome.review) == (Status.COMPLETE, None)


def test_shards_are_not_reviewed(tmp_path: Path, replace_review: Callable[[Review], None]) -> None:
    """The organizations of a shard are reviewed by the merge."""
    replace_review(lambda *_: pytest.fail("reviewed"))

    outcome = asyncio.run(organization_run(tmp_path, FinishedAudit(), shard=Shard(0, 2)).run())

    assert (outcome.status, outcome.review) == (Status.COMPLETE, None)


# Another process of the same run

AuditWithRival = Callable[[Snapshot], OrganizationOutcome]


@pytest.fixture
def audit_with_rival(tmp_path: Path) -> AuditWithRival:
    """Return a function that audits an organization whose files another process publishes meanwhile."""

    def end(theirs: Snapshot) -> OrganizationOutcome:
        class AuditDuringRival(FinishedAudit):
            async def run(self) -> Snapshot:
                write_organization(
                    FolderPlace(tmp_path).run(NAMES.run_id),
                    NAMES,
                    theirs,
                    csv=True,
                    escape=True,
                    stop=threading.Event(),
                )
                return await super().run()

        return asyncio.run(organization_run(tmp_path, AuditDuringRival()).run())

    return end


def test_finished_by_another_process(audit_with_rival: AuditWithRival, tmp_path: Path) -> None:
    """The files that another process has just published are kept, and ours are discarded."""
    theirs = replace(small_organization(), config_sha256="5ha", finished_at=NOW + timedelta(minutes=1))

    outcome = audit_with_rival(theirs)

    assert (outcome.status, outcome.resumed) == (Status.COMPLETE, True)
    assert outcome.finished_at == theirs.finished_at
    found = decode(
        (tmp_path / NAMES.run_id / NAMES.organization_snapshot("acme", complete=True))
        .read_text()
        .splitlines()
    )
    assert found == theirs
    assert sorted(file.name for file in outcome.files) == sorted(files_in(tmp_path / NAMES.run_id))


def test_unusable_files_of_another_process(audit_with_rival: AuditWithRival, tmp_path: Path) -> None:
    """Files of another configuration are removed, and ours replace them."""
    outcome = audit_with_rival(replace(small_organization(), config_sha256="0ther", strategy="fastest"))

    assert (outcome.status, outcome.resumed) == (Status.COMPLETE, False)
    found = decode(
        (tmp_path / NAMES.run_id / NAMES.organization_snapshot("acme", complete=True))
        .read_text()
        .splitlines()
    )
    assert found == replace(small_organization(), config_sha256="5ha")


def test_csv_without_snapshot(tmp_path: Path) -> None:
    """The CSV of a process that was killed before it wrote the snapshot is replaced."""
    path = tmp_path / NAMES.run_id / NAMES.organization_access("acme", complete=True)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"partial")

    outcome = asyncio.run(organization_run(tmp_path, FinishedAudit()).run())

    rows = path.read_bytes()
    assert outcome.access_file is not None
    assert outcome.access_file.sha256 == hashlib.sha256(rows).hexdigest()


def test_a_name_that_stays_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An organization whose file name stays taken has failed, with the reason."""

    def taken(*_: object, **__: object) -> WrittenOrganization:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))

    monkeypatch.setattr("sso_batch.runner.organization.write_organization", taken)

    outcome = asyncio.run(organization_run(tmp_path, FinishedAudit()).run())

    assert outcome.status is Status.FAILED
    assert [gap.code for gap in outcome.gaps] == ["EEXIST"]
