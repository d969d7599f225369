"""What is there of a run: taken over, mended, or removed."""

import errno
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sso_batch.config import Config
from sso_batch.model import Snapshot
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.manifest import encode_manifest
from sso_batch.run_files.results import Calls, Counts, Status
from sso_batch.run_files.run import RunFacts, Stopped
from sso_batch.run_files.writer import WrittenOrganization, write_document, write_organization
from sso_batch.runner.existing_results import Archive, reading_fingerprints
from sso_batch.sharding import Shard
from sso_batch.store import Folder
from tests.support.records import FINISHED, gap, outcome, run_outcome, small_organization

NAMES = FileNames("nightly", "20260304_050607")
FACTS = RunFacts(NAMES, "c0ffee", "complete", ())
ACME = replace(small_organization(), config_sha256="5ha", endpoint_overrides=("sts=http://127.0.0.1:1",))
GO_ON = threading.Event()
STOP = threading.Event()
STOP.set()


@pytest.fixture
def place(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def archive(place: Folder, *, csv: bool = True, facts: RunFacts = FACTS) -> Archive:
    return Archive(
        place,
        facts,
        {"acme": "5ha"},
        csv=csv,
        escape_formulas=True,
        max_age=timedelta(hours=12),
        clock=lambda: FINISHED + timedelta(hours=1),
    )


def write(place: Folder, one: Snapshot, *, csv: bool = True) -> WrittenOrganization:
    return write_organization(place, NAMES, one, csv=csv, escape=True, stop=GO_ON)


def names(place: Folder) -> list[str]:
    return sorted(one.name for one in place.stored())


# Trouble


def test_unreadable(place: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot that cannot be read at this moment does not stand: the organization is audited anew."""
    write(place, ACME)

    def broken(_: Folder, __: str, *, skip: int = 0) -> Iterator[bytes]:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(skip))

    monkeypatch.setattr(Folder, "read", broken)

    assert archive(place).take_over("acme", GO_ON) is None


def test_told_to_end(place: Folder) -> None:
    """Told to end, it stops wherever it is, and has changed nothing."""
    write(place, ACME)
    before = names(place)

    with pytest.raises(Stopped):
        archive(place).take_over("acme", STOP)

    assert names(place) == before


@pytest.mark.parametrize(
    "other",
    [
        replace(ACME, config_sha256="0ther"),
        replace(ACME, finished_at=FINISHED - timedelta(hours=12)),
        replace(ACME, gaps=(gap(),)),
    ],
)
def test_does_not_stand(place: Folder, other: Snapshot) -> None:
    """What does not stand is left to be removed by whoever audits anew."""
    write(place, other)

    assert archive(place).take_over("acme", GO_ON) is None
    assert len(names(place)) == 2


# Taken over


def test_taken_over(place: Folder) -> None:
    """The outcome is what the first try told, without a call; what is _INCOMPLETE of it goes."""
    written = write(place, ACME)
    write(place, replace(ACME, gaps=(gap(),)))

    taken = archive(place).take_over("acme", GO_ON)

    assert taken == outcome(
        "acme",
        Status.COMPLETE,
        counts=Counts.of(ACME, rows=written.rows),
        calls=Calls(0, 0, 0, {}),
        not_examined=ACME.not_examined,
        files=written.files,
        endpoint_overrides=ACME.endpoint_overrides,
        resumed=True,
    )
    assert names(place) == sorted(file.name for file in written.files)


def test_without_csv(place: Folder) -> None:
    """Where no CSV is wanted any more the one that is there goes; its rows are counted all the same."""
    written = write(place, ACME)

    taken = archive(place, csv=False).take_over("acme", GO_ON)

    assert taken is not None
    assert taken.files == written.files[1:]
    assert taken.counts.rows == written.rows
    assert names(place) == [written.files[1].name]


def test_with_csv_again(place: Folder) -> None:
    """Where a CSV is wanted that was not before it is made from the snapshot."""
    write(place, ACME, csv=False)

    taken = archive(place).take_over("acme", GO_ON)

    place.remove(NAMES.organization_access("acme", complete=True))
    place.remove(NAMES.organization_snapshot("acme", complete=True))
    assert taken is not None
    assert taken.files == write(place, ACME).files


# The whole


def finished(place: Folder, **fields: object) -> RunFacts:
    """Write a run with one organization that is complete."""
    facts = replace(FACTS, **fields)  # type: ignore[arg-type] # by name
    run = run_outcome(outcome(files=write(place, ACME).files))
    write_document(place, facts.manifest_name, encode_manifest(facts, run))
    return facts


def test_finished(place: Folder) -> None:
    """A run that is complete, of this configuration, and whole needs nothing more."""
    finished(place)

    found = archive(place).finished_run({"acme"}, (), GO_ON)

    assert found is not None
    assert found.exit_code == 0


@pytest.mark.parametrize("fields", [{"config_sha256": "0ther"}, {"not_selected": ("globex",)}])
def test_finished_otherwise(place: Folder, fields: dict[str, object]) -> None:
    """Of another configuration or another choice it is not what is asked for."""
    finished(place, **fields)

    assert archive(place).finished_run({"acme"}, (), GO_ON) is None


def test_finished_without_what_was_promised(place: Folder) -> None:
    """A manifest that says complete is not believed where files are not in it."""
    facts = finished(place)

    assert archive(place).finished_run({"acme"}, {facts.names.access(complete=True)}, GO_ON) is None
    assert archive(place, csv=False).finished_run({"acme"}, (), GO_ON) is None
    assert archive(place).finished_run({"acme", "globex"}, (), GO_ON) is None


@pytest.mark.parametrize("number", [2, 15])
def test_finished_by_a_signal(place: Folder, number: int) -> None:
    """A run that a signal has ended is not finished, whatever became of its organizations."""
    run = run_outcome(outcome(files=write(place, ACME).files), signal=number)
    content = json.loads(encode_manifest(FACTS, run))
    for status in ("interrupted", "complete"):
        place.remove(FACTS.manifest_name)
        write_document(place, FACTS.manifest_name, json.dumps(content | {"status": status}).encode())

        assert archive(place).finished_run({"acme"}, (), GO_ON) is None


@pytest.mark.parametrize("ending", [".csv", ".jsonl", "_manifest.json"])
@pytest.mark.parametrize("gone", [True, False])
def test_finished_and_damaged(place: Folder, ending: str, *, gone: bool) -> None:
    """A file that is lost or changed is a reason to go on."""
    finished(place)
    (path,) = place.directory.glob(f"*{ending}")
    if gone:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-3])

    assert archive(place).finished_run({"acme"}, (), GO_ON) is None


@pytest.mark.parametrize("shard", [None, Shard(1, 3)])
def test_clear(place: Folder, shard: Shard | None) -> None:
    """The manifests go before anything that they name, and of other shards' nothing does."""
    facts = finished(place, shard=shard)
    for name in (NAMES.manifest, NAMES.shard_manifest(2)):
        place.remove(name)
        write_document(place, name, b"{}")
    old, new = (f".{NAMES.manifest}.{letter * 8}.part" for letter in "ab")
    for name, age in ((old, timedelta(0)), (new, timedelta(hours=1))):
        (place.directory / name).write_bytes(b"")
        moment = (FINISHED + age).timestamp() - 1
        os.utime(place.directory / name, (moment, moment))

    archive(place, facts=facts).clear()

    assert names(place) == sorted(
        [
            NAMES.organization_access("acme", complete=True),
            NAMES.organization_snapshot("acme", complete=True),
            NAMES.shard_manifest(2),
            new,
        ]
    )


def test_what_decides_rows() -> None:
    """A review that needs outdated versions makes another snapshot of every organization; no other does."""
    organizations = {"organizations": ({"name": "acme"}, {"name": "globex"})}

    def fingerprints(review: dict[str, object]) -> dict[str, str]:
        config = Config.model_validate({**organizations, "review": review})
        return reading_fingerprints(config, config.organizations)

    found = fingerprints({})

    assert set(found) == {"acme", "globex"}
    assert fingerprints({"checks": {"direct-grant": "off"}, "fail_on": "low"}) == found
    for name, other in fingerprints({"checks": {"outdated-provisioning": "low"}}).items():
        assert other != found[name]
