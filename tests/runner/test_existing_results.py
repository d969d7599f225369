"""The results that a run finds in its place: kept, restored, or removed."""

import errno
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sso_batch.config import Config
from sso_batch.model import EndpointOverride, Snapshot
from sso_batch.run_files.file_names import MANIFEST, FileNames
from sso_batch.run_files.manifest import encode_manifest
from sso_batch.run_files.results import NO_CALLS, Counts, Status
from sso_batch.run_files.run import RunFacts, Stopped
from sso_batch.run_files.writer import WrittenOrganization, write_document, write_organization
from sso_batch.runner.existing_results import (
    ExistingResults,
    ExistingSnapshot,
    Requirements,
    ResultState,
    abandoned_drafts,
    files_of_unknown_organizations,
    reading_fingerprints,
    result_state,
)
from sso_batch.sharding import Shard
from sso_batch.store import Folder, FolderPlace, StoredFile
from tests.support.contexts import run_context
from tests.support.records import FINISHED, gap, outcome, run_outcome, small_organization, snapshot

NAMES = FileNames("nightly", "20260304_050607")
FACTS = RunFacts(NAMES, "c0ffee", "complete", ())
ACME = replace(
    small_organization(),
    config_sha256="5ha",
    endpoint_overrides=(EndpointOverride("sts", "http://127.0.0.1:1"),),
)
NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
REQUIRED = Requirements("acme", "c0ffee", FINISHED - timedelta(hours=1))
FINISHED_SNAPSHOT = snapshot(config_sha256="c0ffee")
SECOND = timedelta(seconds=1)
RUNNING = threading.Event()
STOP = threading.Event()
STOP.set()


@pytest.fixture
def place(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def existing_results(place: Folder, *, csv: bool = True, facts: RunFacts = FACTS) -> ExistingResults:
    context = run_context(
        FolderPlace(place.directory),
        facts,
        store=place,
        formats=("csv",) if csv else ("html",),
        clock=lambda: FINISHED + timedelta(hours=1),
    )
    return ExistingResults(context, {"acme": "5ha"}, max_age=timedelta(hours=12))


def write(place: Folder, organization: Snapshot, *, csv: bool = True) -> WrittenOrganization:
    return write_organization(place, NAMES, organization, csv=csv, escape=True, stop=RUNNING)


def names(place: Folder) -> list[str]:
    return sorted(file.name for file in place.stored())


# Whether a result can be kept


@pytest.mark.parametrize(
    ("existing", "expected"),
    [
        (ExistingSnapshot(exists=False, snapshot=None), ResultState.MISSING),
        (ExistingSnapshot(exists=True, snapshot=None), ResultState.UNREADABLE),
        (replace(FINISHED_SNAPSHOT, organization="globex"), ResultState.OTHER_ORGANIZATION),
        (replace(FINISHED_SNAPSHOT, config_sha256="5ha"), ResultState.OTHER_CONFIGURATION),
        (replace(FINISHED_SNAPSHOT, config_sha256=""), ResultState.OTHER_CONFIGURATION),
        (replace(FINISHED_SNAPSHOT, finished_at=FINISHED - timedelta(hours=1) - SECOND), ResultState.TOO_OLD),
        (replace(FINISHED_SNAPSHOT, gaps=(gap(),)), ResultState.INCOMPLETE),
        (replace(FINISHED_SNAPSHOT, gaps=(gap(),), config_sha256="5ha"), ResultState.OTHER_CONFIGURATION),
        (replace(FINISHED_SNAPSHOT, finished_at=FINISHED - timedelta(hours=1)), ResultState.FINISHED),
        (FINISHED_SNAPSHOT, ResultState.FINISHED),
    ],
)
def test_result_state(existing: ExistingSnapshot | Snapshot, expected: ResultState) -> None:
    """A result is kept if its snapshot is readable, complete, recent, and of this configuration."""
    if isinstance(existing, Snapshot):
        existing = ExistingSnapshot(exists=True, snapshot=existing)

    assert result_state(existing, REQUIRED) is expected


def test_any_age() -> None:
    """A merge keeps a result of any age."""
    old = replace(FINISHED_SNAPSHOT, finished_at=datetime(2020, 1, 1, tzinfo=UTC))

    existing = ExistingSnapshot(exists=True, snapshot=old)

    assert result_state(existing, replace(REQUIRED, not_before=None)) is ResultState.FINISHED


def stored(*names: str, age: timedelta = timedelta(0), unpublished: bool = False) -> list[StoredFile]:
    return [StoredFile(name, NOW - age, unpublished) for name in names]


def test_files_of_unknown_organizations() -> None:
    """What is in the folder of an organization that is not known is found; other files are not."""
    gone = ["organizations/gone/snapshot.jsonl", "organizations/20260304/notes.txt"]
    others = [
        "organizations/acme/x.csv",
        "manifest.json",
        "organizations/a.txt",
        "gone/a",
        "organizations/a/b/c",
    ]

    assert files_of_unknown_organizations(NAMES, stored(*gone, *others), {"acme"}) == tuple(gone)


def test_abandoned_drafts() -> None:
    """A draft is abandoned if it has not been written to for an hour; a published file never is."""
    old = timedelta(hours=1) + SECOND
    draft = ".manifest.json.0a1b2c3d.part"

    assert abandoned_drafts(stored(draft, age=old, unpublished=True), NOW) == (draft,)
    assert abandoned_drafts(stored(draft, age=old - SECOND, unpublished=True), NOW) == ()
    assert abandoned_drafts(stored(draft, age=old), NOW) == ()


# Errors


def test_unreadable(place: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot that cannot be read at this moment is not kept: the organization is audited again."""
    write(place, ACME)

    def broken(_: Folder, __: str) -> Iterator[bytes]:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Folder, "read", broken)

    assert existing_results(place).take_over("acme", RUNNING) is None


def test_stopped(place: Folder) -> None:
    """Once stopped, taking over ends at any point and has changed nothing."""
    write(place, ACME)
    before = names(place)

    with pytest.raises(Stopped):
        existing_results(place).take_over("acme", STOP)

    assert names(place) == before


@pytest.mark.parametrize(
    "other",
    [
        replace(ACME, config_sha256="0ther"),
        replace(ACME, finished_at=FINISHED - timedelta(hours=12)),
        replace(ACME, gaps=(gap(),)),
    ],
)
def test_not_kept(place: Folder, other: Snapshot) -> None:
    """A result that cannot be kept stays until the organization is audited again."""
    write(place, other)

    assert existing_results(place).take_over("acme", RUNNING) is None
    assert len(names(place)) == 2


# Taken over


def test_taken_over(place: Folder) -> None:
    """The outcome is that of the first attempt, without calls; its _INCOMPLETE files are removed."""
    written = write(place, ACME)
    write(place, replace(ACME, gaps=(gap(),)))

    taken = existing_results(place).take_over("acme", RUNNING)

    assert taken == outcome(
        "acme",
        Status.COMPLETE,
        counts=Counts.of(ACME, rows=written.rows),
        calls=NO_CALLS,
        not_examined=ACME.not_examined,
        files=written.files,
        endpoint_overrides=ACME.endpoint_overrides,
        resumed=True,
    )
    assert names(place) == sorted(file.name for file in written.files)


def test_without_csv(place: Folder) -> None:
    """A CSV that is no longer configured is removed; its rows are still counted."""
    written = write(place, ACME)

    taken = existing_results(place, csv=False).take_over("acme", RUNNING)

    assert taken is not None
    assert taken.files == written.files[1:]
    assert taken.counts.rows == written.rows
    assert names(place) == [written.files[1].name]


def test_with_csv_again(place: Folder) -> None:
    """A CSV that was not configured before is made from the snapshot."""
    write(place, ACME, csv=False)

    taken = existing_results(place).take_over("acme", RUNNING)

    place.remove(NAMES.organization_access("acme", complete=True))
    place.remove(NAMES.organization_snapshot("acme", complete=True))
    assert taken is not None
    assert taken.files == write(place, ACME).files


# The run


def finished(place: Folder, **fields: object) -> RunFacts:
    """Write a run with one organization that is complete."""
    facts = replace(FACTS, **fields)  # type: ignore[arg-type] # by name
    run = run_outcome(outcome(files=write(place, ACME).files))
    write_document(place, facts.manifest_name, encode_manifest(facts, run))
    return facts


def test_finished(place: Folder) -> None:
    """A run that is complete, of this configuration, and with all its files is finished."""
    finished(place)

    found = existing_results(place).finished_run({"acme"}, (), RUNNING)

    assert found is not None
    assert found.exit_code == 0


@pytest.mark.parametrize("fields", [{"config_sha256": "0ther"}, {"not_selected": ("globex",)}])
def test_finished_with_other_settings(place: Folder, fields: dict[str, object]) -> None:
    """A run of another configuration or another selection is not finished."""
    finished(place, **fields)

    assert existing_results(place).finished_run({"acme"}, (), RUNNING) is None


def test_finished_without_expected_files(place: Folder) -> None:
    """A run whose manifest says complete is not finished if the manifest lacks files."""
    facts = finished(place)

    assert (
        existing_results(place).finished_run({"acme"}, {facts.names.access(complete=True)}, RUNNING) is None
    )
    assert existing_results(place, csv=False).finished_run({"acme"}, (), RUNNING) is None
    assert existing_results(place).finished_run({"acme", "globex"}, (), RUNNING) is None


@pytest.mark.parametrize("number", [2, 15])
def test_finished_by_a_signal(place: Folder, number: int) -> None:
    """A run that a signal has ended is not finished, even if its organizations are."""
    run = run_outcome(outcome(files=write(place, ACME).files), signal=number)
    content = json.loads(encode_manifest(FACTS, run))
    for status in ("interrupted", "complete"):
        place.remove(FACTS.manifest_name)
        write_document(place, FACTS.manifest_name, json.dumps(content | {"status": status}).encode())

        assert existing_results(place).finished_run({"acme"}, (), RUNNING) is None


@pytest.mark.parametrize("ending", [".csv", ".jsonl", "manifest.json"])
@pytest.mark.parametrize("gone", [True, False])
def test_finished_and_damaged(place: Folder, ending: str, *, gone: bool) -> None:
    """A run with a missing or changed file is not finished."""
    finished(place)
    (path,) = place.directory.rglob(f"*{ending}")
    if gone:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-3])

    assert existing_results(place).finished_run({"acme"}, (), RUNNING) is None


@pytest.mark.parametrize("shard", [None, Shard(1, 3)])
def test_clear(place: Folder, shard: Shard | None) -> None:
    """The run's manifests and abandoned drafts are removed; files of other shards stay."""
    facts = finished(place, shard=shard)
    for name in (MANIFEST, NAMES.shard_manifest(2)):
        place.remove(name)
        write_document(place, name, b"{}")
    old, new = (f".{MANIFEST}.{letter * 8}.part" for letter in "ab")
    for name, age in ((old, timedelta(0)), (new, timedelta(hours=1))):
        (place.directory / name).write_bytes(b"")
        moment = (FINISHED + age).timestamp() - 1
        os.utime(place.directory / name, (moment, moment))

    existing_results(place, facts=facts).clear()

    assert names(place) == sorted(
        [
            NAMES.organization_access("acme", complete=True),
            NAMES.organization_snapshot("acme", complete=True),
            NAMES.shard_manifest(2),
            new,
        ]
    )


def test_fingerprints_and_the_review() -> None:
    """A review that needs outdated versions changes every fingerprint; other review settings do not."""
    organizations = {"organizations": ({"name": "acme"}, {"name": "globex"})}

    def fingerprints(review: dict[str, object]) -> dict[str, str]:
        config = Config.model_validate({**organizations, "review": review})
        return reading_fingerprints(config, config.organizations)

    found = fingerprints({})

    assert set(found) == {"acme", "globex"}
    assert fingerprints({"checks": {"direct-grant": "off"}, "fail_on": "low"}) == found
    for name, other in fingerprints({"checks": {"outdated-provisioning": "low"}}).items():
        assert other != found[name]
