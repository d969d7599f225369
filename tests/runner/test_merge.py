"""How long a merge waits, and what it takes for an answer."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sso_batch.config import Config
from sso_batch.errors import UsageError
from sso_batch.logs import make_logger
from sso_batch.progress import Unwatched
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.manifest import encode_manifest, encode_run_file
from sso_batch.run_files.results import OrganizationOutcome, RunOutcome, Status
from sso_batch.run_files.run import RunFacts
from sso_batch.run_files.writer import write_document, write_organization
from sso_batch.runner import Surroundings
from sso_batch.runner.merge import Merge
from sso_batch.sharding import Shard
from sso_batch.store import Folder
from tests.runner.test_organization import Nowhere
from tests.support.records import gap, outcome, run_outcome, small_organization

START = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
NAMES = FileNames("nightly", "20260304_050607")
CONFIG = Config.model_validate({"organizations": ({"name": "acme"}, {"name": "globex"})})
FAILED = Status.FAILED


class Night:
    """A place to which shards report at set times, and a clock that goes on when somebody sleeps."""

    def __init__(self, folder: Path) -> None:
        self.store = Folder(folder)
        self.now = START
        self.slept: list[float] = []
        self.coming: list[tuple[float, int, RunOutcome]] = []

    def clock(self) -> datetime:
        """The time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Go on, and let those report whose time has come."""
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)
        for due in [one for one in self.coming if self.now >= START + timedelta(seconds=one[0])]:
            self.coming.remove(due)
            self.report(due[1], due[2])

    def begin(self, shards: int = 2) -> None:
        """Write the run file, which is no longer new."""
        write_document(self.store, NAMES.run, encode_run_file(NAMES, START, shards=shards))

    def report(self, index: int, reported: RunOutcome) -> None:
        """Write a shard's manifest over what it has said before."""
        facts = RunFacts(NAMES, "c0ffee", "complete", (), Shard(index, 2))
        self.store.remove(facts.manifest_name)
        write_document(self.store, facts.manifest_name, encode_manifest(facts, reported))

    def merge(self, wait: timedelta) -> RunOutcome:
        """Merge."""
        log = make_logger(Nowhere(), level="error", log_format="json")
        surroundings = Surroundings(self.store, log, Unwatched(), self.clock)
        return Merge(CONFIG, "nightly", surroundings, wait=wait, sleep=self.sleep).run()


@pytest.fixture
def night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Night:
    monkeypatch.setattr("sso_batch.runner.start._SETTLES", timedelta(0))
    return Night(tmp_path)


def failed(name: str, code: str = "AccessDeniedException") -> OrganizationOutcome:
    return outcome(name, FAILED, instance=None, gaps=(gap(name, code=code),))


def codes(merged: RunOutcome) -> dict[str, str]:
    return {one.name: one.gaps[0].code for one in merged.organizations}


NOT_AT_ALL = timedelta(0)


def test_no_run(night: Night) -> None:
    """A run that never begins is a mistake of usage, once the wait is over."""
    with pytest.raises(UsageError, match="there is no run nightly in this place"):
        night.merge(timedelta(seconds=10))

    assert sum(night.slept) == 10


def test_it_waits_longer_and_longer_and_not_too_long(night: Night) -> None:
    """The pauses grow to half a minute, and the wait ends when it was said to."""
    night.begin()
    night.report(0, run_outcome(failed("acme")))

    merged = night.merge(timedelta(minutes=3))

    assert night.slept[:4] == [1.0, 1.5, 2.25, 3.375]
    assert max(night.slept) == 30
    assert sum(night.slept) == pytest.approx(180)
    assert codes(merged) == {"acme": "AccessDeniedException", "globex": "ShardMissing"}
    assert merged.exit_code == 5


def test_it_waits_no_longer_than_it_has_to(night: Night) -> None:
    """The last report ends the wait."""
    night.begin()
    night.report(1, run_outcome(failed("globex")))
    night.coming = [(4.0, 0, run_outcome(failed("acme")))]

    merged = night.merge(timedelta(hours=2))

    assert sum(night.slept) == 1 + 1.5 + 2.25
    assert codes(merged) == {"acme": "AccessDeniedException", "globex": "AccessDeniedException"}


def test_without_a_wait_it_takes_what_is_there(night: Night) -> None:
    """No pause at all: what has not been reported is a gap."""
    night.begin()
    night.report(1, run_outcome(failed("globex")))

    merged = night.merge(NOT_AT_ALL)

    assert night.slept == []
    assert codes(merged) == {"acme": "ShardMissing", "globex": "AccessDeniedException"}


def test_a_shard_that_was_told_to_end_comes_again(night: Night) -> None:
    """The manifest of a shard that was interrupted is no report while there is time for another try."""
    night.begin()
    night.report(0, run_outcome(outcome("acme", Status.INTERRUPTED, instance=None), signal=15))
    night.report(1, run_outcome(failed("globex")))
    night.coming = [(2.0, 0, run_outcome(failed("acme", "second try")))]

    merged = night.merge(timedelta(hours=2))

    assert codes(merged) == {"acme": "second try", "globex": "AccessDeniedException"}


def test_a_shard_that_was_told_to_end_and_does_not_come(night: Night) -> None:
    """After the wait its organizations are named as interrupted."""
    night.begin()
    night.report(0, run_outcome(outcome("acme", Status.INTERRUPTED, instance=None), signal=15))
    night.report(1, run_outcome(failed("globex")))

    merged = night.merge(timedelta(seconds=5))

    assert [one.status for one in merged.organizations] == [Status.INTERRUPTED, FAILED]


@pytest.mark.parametrize(
    "facts",
    [
        RunFacts(NAMES, "c0ffee", "complete", (), Shard(0, 3)),
        RunFacts(FileNames("weekly", NAMES.ts), "c0ffee", "complete", (), Shard(0, 2)),
        RunFacts(NAMES, "c0ffee", "complete", (), Shard(1, 2)),
    ],
    ids=["another count", "another run", "another shard"],
)
def test_what_is_no_report(night: Night, facts: RunFacts) -> None:
    """A manifest that says it is of another run or shard is none of this one's, whatever its name."""
    night.begin()
    night.report(1, run_outcome(failed("globex")))
    write_document(night.store, NAMES.shard_manifest(0), encode_manifest(facts, run_outcome(failed("acme"))))

    assert codes(night.merge(NOT_AT_ALL))["acme"] == "ShardMissing"


def test_an_organization_that_two_shards_reported(night: Night) -> None:
    """Where the configuration changed between two shards the better report counts."""
    night.begin()
    night.report(0, run_outcome(outcome("acme", Status.INTERRUPTED, instance=None), signal=15))
    night.report(1, run_outcome(failed("acme"), failed("globex")))

    assert codes(night.merge(NOT_AT_ALL))["acme"] == "AccessDeniedException"


def test_files_of_another_configuration(night: Night) -> None:
    """An organization that was read by another configuration is not passed off as read by this one."""
    night.begin()
    read = replace(small_organization(), config_sha256="0ther")
    written = write_organization(night.store, NAMES, read, csv=True, escape=True, stop=threading.Event())
    night.report(0, run_outcome(outcome("acme", files=written.files)))
    night.report(1, run_outcome(failed("globex")))

    assert codes(night.merge(NOT_AT_ALL))["acme"] == "FilesChanged"
