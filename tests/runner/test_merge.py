"""A merge: how long it waits, and which manifests it accepts."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sso_batch.config import Config
from sso_batch.errors import UsageError
from sso_batch.logs import LogSettings, make_logger
from sso_batch.run_files.file_names import RUN_FILE, FileNames
from sso_batch.run_files.manifest import encode_manifest, encode_run_file
from sso_batch.run_files.results import OrganizationOutcome, RunOutcome, Status
from sso_batch.run_files.run import RunFacts
from sso_batch.run_files.writer import write_document, write_organization
from sso_batch.runner.merge import Merge
from sso_batch.sharding import Shard
from sso_batch.store import FolderPlace
from tests.support.contexts import DiscardingStream
from tests.support.records import gap, outcome, run_outcome, small_organization

START = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
NAMES = FileNames("nightly", "20260304_050607")
CONFIG = Config.model_validate({"organizations": ({"name": "acme"}, {"name": "globex"})})
FAILED = Status.FAILED


class Night:
    """A place where shards finish at set times, and a clock that advances when somebody sleeps."""

    def __init__(self, folder: Path) -> None:
        self.place = FolderPlace(folder)
        self.store = self.place.run(NAMES.run_id)
        self.now = START
        self.slept: list[float] = []
        self.coming: list[tuple[float, int, RunOutcome]] = []

    def clock(self) -> datetime:
        """Return the time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Advance the clock, and write the manifests that are due."""
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)
        for due in [shard for shard in self.coming if self.now >= START + timedelta(seconds=shard[0])]:
            self.coming.remove(due)
            self.report(due[1], due[2])

    def begin(self, shards: int = 2) -> None:
        """Write the run file."""
        write_document(self.store, RUN_FILE, encode_run_file(NAMES, START, shards=shards))

    def report(self, index: int, reported: RunOutcome) -> None:
        """Write a shard's manifest, in place of an earlier one."""
        facts = RunFacts(NAMES, "c0ffee", "complete", (), Shard(index, 2))
        self.store.remove(facts.manifest_name)
        write_document(self.store, facts.manifest_name, encode_manifest(facts, reported))

    def merge(self, wait: timedelta) -> RunOutcome:
        """Merge the shards."""
        return Merge(
            CONFIG,
            "nightly",
            place=self.place,
            log=make_logger(DiscardingStream(), LogSettings("error", "json")),
            clock=self.clock,
            stop=threading.Event(),
            wait=wait,
            sleep=self.sleep,
        ).run()


@pytest.fixture
def night(tmp_path: Path) -> Night:
    return Night(tmp_path)


def failed(name: str, code: str = "AccessDeniedException") -> OrganizationOutcome:
    return outcome(name, FAILED, instance=None, gaps=(gap(name, code=code),))


def codes(merged: RunOutcome) -> dict[str, str]:
    return {outcome.name: outcome.gaps[0].code for outcome in merged.organizations}


NO_WAIT = timedelta(0)


def test_no_run(night: Night) -> None:
    """A run that never starts is a usage error, once the wait is over."""
    with pytest.raises(UsageError, match="there is no run nightly in this place"):
        night.merge(timedelta(seconds=10))

    assert sum(night.slept) == 10


def test_pauses_grow(night: Night) -> None:
    """The pauses grow to 30 seconds, and the wait ends on time."""
    night.begin()
    night.report(0, run_outcome(failed("acme")))

    merged = night.merge(timedelta(minutes=3))

    assert night.slept[:4] == [1.0, 1.5, 2.25, 3.375]
    assert max(night.slept) == 30
    assert sum(night.slept) == pytest.approx(180)
    assert codes(merged) == {"acme": "AccessDeniedException", "globex": "ShardMissing"}
    assert merged.exit_code == 5


def test_the_last_shard_ends_the_wait(night: Night) -> None:
    """The wait ends with the last manifest."""
    night.begin()
    night.report(1, run_outcome(failed("globex")))
    night.coming = [(4.0, 0, run_outcome(failed("acme")))]

    merged = night.merge(timedelta(hours=2))

    assert sum(night.slept) == 1 + 1.5 + 2.25
    assert codes(merged) == {"acme": "AccessDeniedException", "globex": "AccessDeniedException"}


def test_no_wait(night: Night) -> None:
    """Without a wait, organizations of missing shards have a gap."""
    night.begin()
    night.report(1, run_outcome(failed("globex")))

    merged = night.merge(NO_WAIT)

    assert night.slept == []
    assert codes(merged) == {"acme": "ShardMissing", "globex": "AccessDeniedException"}


def test_interrupted_shard_finishes_later(night: Night) -> None:
    """An interrupted shard is waited for, because another attempt of it may follow."""
    night.begin()
    night.report(0, run_outcome(outcome("acme", Status.INTERRUPTED, instance=None), signal=15))
    night.report(1, run_outcome(failed("globex")))
    night.coming = [(2.0, 0, run_outcome(failed("acme", "second attempt")))]

    merged = night.merge(timedelta(hours=2))

    assert codes(merged) == {"acme": "second attempt", "globex": "AccessDeniedException"}


def test_interrupted_shard_does_not_finish(night: Night) -> None:
    """After the wait, the organizations of an interrupted shard are interrupted."""
    night.begin()
    night.report(0, run_outcome(outcome("acme", Status.INTERRUPTED, instance=None), signal=15))
    night.report(1, run_outcome(failed("globex")))

    merged = night.merge(timedelta(seconds=5))

    assert [outcome.status for outcome in merged.organizations] == [Status.INTERRUPTED, FAILED]


@pytest.mark.parametrize(
    "facts",
    [
        RunFacts(NAMES, "c0ffee", "complete", (), Shard(0, 3)),
        RunFacts(FileNames("weekly", NAMES.ts), "c0ffee", "complete", (), Shard(0, 2)),
        RunFacts(NAMES, "c0ffee", "complete", (), Shard(1, 2)),
    ],
    ids=["another count", "another run", "another shard"],
)
def test_manifest_of_another_shard(night: Night, facts: RunFacts) -> None:
    """A manifest of another run or shard is ignored, even under the expected name."""
    night.begin()
    night.report(1, run_outcome(failed("globex")))
    write_document(night.store, NAMES.shard_manifest(0), encode_manifest(facts, run_outcome(failed("acme"))))

    assert codes(night.merge(NO_WAIT))["acme"] == "ShardMissing"


def test_organization_in_two_shards(night: Night) -> None:
    """If two shards report an organization, the better outcome counts."""
    night.begin()
    night.report(0, run_outcome(outcome("acme", Status.INTERRUPTED, instance=None), signal=15))
    night.report(1, run_outcome(failed("acme"), failed("globex")))

    assert codes(night.merge(NO_WAIT))["acme"] == "AccessDeniedException"


def test_files_of_another_configuration(night: Night) -> None:
    """Files of another configuration are a gap, not a result of this one."""
    night.begin()
    read = replace(small_organization(), config_sha256="0ther")
    written = write_organization(night.store, NAMES, read, csv=True, escape=True, stop=threading.Event())
    night.report(0, run_outcome(outcome("acme", files=written.files)))
    night.report(1, run_outcome(failed("globex")))

    assert codes(night.merge(NO_WAIT))["acme"] == "FilesChanged"
