"""The review and the merged files of a run: how soon they stop, and what was reviewed before."""

import importlib
import threading
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from sso_batch.config import Review, WaiverSettings
from sso_batch.model import PERMISSION_SET, USER, Grant, Principal, Snapshot
from sso_batch.review.finding import FindingCounts
from sso_batch.run_files.file_names import MANIFEST, RUN_FILE, FileNames
from sso_batch.run_files.manifest import encode_manifest, encode_run_file
from sso_batch.run_files.results import OrganizationOutcome, Status
from sso_batch.run_files.run import RunFacts
from sso_batch.run_files.verification import read_snapshot
from sso_batch.run_files.writer import write_document, write_organization
from sso_batch.runner import run_review
from sso_batch.runner.context import RunContext
from sso_batch.runner.merged_files import MergedFilesWriter, MergeResult
from sso_batch.runner.previous_runs import PreviousResult
from sso_batch.runner.snapshot_review import review_snapshot
from sso_batch.store import Folder, FolderPlace
from tests.support.contexts import Format, run_context
from tests.support.effort import Calls
from tests.support.overviews import ADMINISTRATOR_ACCESS
from tests.support.records import STARTED, outcome, permission_set, run_outcome, snapshot, user

GRANTS = 1_000
NOW, BEFORE = FileNames("now", "20260304_050607"), FileNames("before", "20260303_050607")


class CountingEvent(threading.Event):
    """Counts how often it is checked, and is set after so many checks."""

    def __init__(self, calls: Calls, last: int | None = None) -> None:
        super().__init__()
        self.number = 0
        self._calls = calls
        self._last = last

    def is_set(self) -> bool:
        """Count the check."""
        self._calls.look()
        self.number += 1
        return self._last is not None and self.number > self._last


def large(*, grants: int = GRANTS) -> Snapshot:
    """Return an organization in which each user has a grant and half are administrators."""
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
                Principal(USER, person.id),
            )
            for number, person in enumerate(people)
        ),
    )


def write_merged_files(
    place: FolderPlace, read: OrganizationOutcome, format_: Format, calls: Calls, last: int | None = None
) -> CountingEvent:
    """Write the merged files of a run that has read the organization, compared with an earlier run."""
    stop = CountingEvent(calls, last)
    waiver = WaiverSettings(check="*", reason="accepted", until=date(2027, 1, 1), principal="u-0*9")
    context = run_context(
        place,
        RunFacts(NOW, "0" * 64, "complete", ()),
        formats=(format_,),
        review=Review(compare="previous", waivers=(waiver,)),
        stop=stop,
    )
    writer = MergedFilesWriter(context)
    with calls:
        writer.write((read,))
    return stop


def organization(folder: Folder, names: FileNames, records: Snapshot) -> OrganizationOutcome:
    """Write an organization's files."""
    never = threading.Event()
    return outcome(files=write_organization(folder, names, records, csv=True, escape=True, stop=never).files)


def place_with_runs(path: Path, *, grants: int) -> tuple[FolderPlace, OrganizationOutcome]:
    """Return a place with an earlier run, and the outcome of a run that found twice as many grants."""
    place = FolderPlace(path)
    before = place.run(BEFORE.run_id)
    run = run_outcome(organization(before, BEFORE, large(grants=grants // 2)))
    facts = RunFacts(BEFORE, "0" * 64, "complete", ())
    write_document(before, RUN_FILE, encode_run_file(BEFORE, STARTED - timedelta(days=1)))
    write_document(before, MANIFEST, encode_manifest(facts, run))
    return place, organization(place.run(NOW.run_id), NOW, large(grants=grants))


@pytest.mark.parametrize("format_", ["csv", "html", "xlsx"])
def test_checks_often(tmp_path: Path, format_: Format) -> None:
    """There is little work between two checks of the event, in each format."""
    for module in ("page", "workbook"):
        importlib.import_module(f"sso_batch.report.{module}")
    calls = Calls()

    stop = write_merged_files(*place_with_runs(tmp_path, grants=GRANTS), format_, calls)

    assert stop.number > 4 * GRANTS
    assert calls.longest < 100 * GRANTS  # the first evaluation of a policy takes most of them


@pytest.mark.parametrize("format_", ["csv", "html", "xlsx"])
def test_stops_anywhere(tmp_path: Path, format_: Format) -> None:
    """Once the event is set, writing stops, and leaves complete files only."""
    place, read = place_with_runs(tmp_path, grants=20)
    folder = tmp_path / NOW.run_id
    before = set(folder.iterdir())
    checks = write_merged_files(place, read, format_, Calls()).number
    complete = {file.name: file.read_bytes() for file in set(folder.iterdir()) - before}

    for last in range(0, checks, checks // 12):
        for file in set(folder.iterdir()) - before:
            file.unlink()
        stopped = write_merged_files(place, read, format_, Calls(), last)

        left = {file.name: file.read_bytes() for file in set(folder.iterdir()) - before}
        assert left.items() < complete.items()
        assert stopped.number <= last + 2


def test_counts_of_each_organization(tmp_path: Path) -> None:
    """An organization counts its own findings, in whichever order and company it is reviewed."""
    place = FolderPlace(tmp_path)
    folder = place.run(NOW.run_id)
    large_one = organization(folder, NOW, large(grants=4))
    quiet = replace(large(grants=0), organization="globex")
    quiet_one = replace(organization(folder, NOW, quiet), name="globex")

    def counts(*outcomes: OrganizationOutcome) -> list[FindingCounts | None]:
        writer = MergedFilesWriter(run_context(place, RunFacts(NOW, "0" * 64, "complete", ()), formats=()))
        writer.write(outcomes)
        return [each.findings for each in writer.result.organizations]

    assert counts(large_one) != counts(quiet_one)
    assert counts(quiet_one, large_one) == counts(quiet_one) + counts(large_one)


# What was reviewed before


def reviewed_before(
    place: FolderPlace, read: OrganizationOutcome, earlier: PreviousResult | None
) -> OrganizationOutcome:
    """Return the outcome with the review of its snapshot, compared with that of an earlier run."""
    assert read.snapshot_file is not None
    never = threading.Event()
    records = read_snapshot(place.run(NOW.run_id), read.snapshot_file, never)
    return replace(read, review=review_snapshot(comparing(place), records, earlier, never))


def comparing(place: FolderPlace) -> RunContext:
    """Return the context of a run that compares with the previous one."""
    facts = RunFacts(NOW, "0" * 64, "complete", ())
    return run_context(place, facts, formats=("csv",), review=Review(compare="previous"))


def merged(place: FolderPlace, *outcomes: OrganizationOutcome) -> tuple[MergeResult, dict[str, bytes]]:
    """Write the merged files; return the result and the files, and remove them."""
    folder = place.run(NOW.run_id).directory
    before = set(folder.iterdir())
    writer = MergedFilesWriter(comparing(place))
    writer.write(outcomes)
    written = {file.name: file.read_bytes() for file in set(folder.iterdir()) - before}
    for file in set(folder.iterdir()) - before:
        file.unlink()
    return writer.result, written


def test_reviewed_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found when the organization was read is used, and nothing differs."""
    place, read = place_with_runs(tmp_path, grants=20)
    expected = merged(place, read)
    earlier, _ = comparing(place).previous.newest("acme")
    before = reviewed_before(place, read, earlier)
    monkeypatch.setattr(run_review, "review_snapshot", lambda *_: pytest.fail("reviewed again"))

    assert merged(place, before) == expected


def test_reviewed_before_the_earlier_run_was_there(tmp_path: Path) -> None:
    """A review that was compared with another run, or with none, is made again."""
    place, read = place_with_runs(tmp_path, grants=20)
    expected = merged(place, read)

    assert merged(place, reviewed_before(place, read, None)) == expected


def test_a_snapshot_that_changed_since(tmp_path: Path) -> None:
    """An organization whose snapshot has changed since it was reviewed has failed."""
    place, read = place_with_runs(tmp_path, grants=20)
    other = organization(place.run(NOW.run_id), NOW, replace(large(grants=4), organization="globex"))
    other = replace(other, name="globex")
    earlier, _ = comparing(place).previous.newest("acme")
    before = reviewed_before(place, read, earlier)
    assert read.snapshot_file is not None
    path = place.run(NOW.run_id).directory / read.snapshot_file.name
    path.write_bytes(path.read_bytes().replace(b"u-00001", b"u-0000x"))

    result, _ = merged(place, before, other)

    assert [each.status for each in result.organizations] == [Status.FAILED, Status.COMPLETE]
    assert [gap.code for gap in result.organizations[0].gaps] == ["FilesChanged"]


@pytest.mark.parametrize("when", ["before the run has ended", "while the organization was reviewed"])
def test_an_earlier_snapshot_that_was_missing(tmp_path: Path, when: str) -> None:
    """What was compared with a snapshot that is gone, or was not because it was, is reviewed again."""
    place, read = place_with_runs(tmp_path, grants=20)
    earlier, _ = comparing(place).previous.newest("acme")
    assert earlier is not None
    path = place.run(BEFORE.run_id).directory / earlier.snapshot_file.name
    content = path.read_bytes()
    if when == "before the run has ended":
        before = reviewed_before(place, read, earlier)
        path.unlink()
    else:
        path.unlink()
        before = reviewed_before(place, read, earlier)
        path.write_bytes(content)

    assert merged(place, before) == merged(place, read)
