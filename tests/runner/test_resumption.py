"""What a run that goes on makes of the files that it finds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sso_batch.model import Snapshot
from sso_batch.run_files.file_names import FileNames
from sso_batch.runner.resumption import Found, Standing, Wanted, abandoned, stale, standing
from sso_batch.store import Stored
from tests.support.records import FINISHED, gap, snapshot

NAMES = FileNames("nightly", "20260304_050607")
NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
WANTED = Wanted("acme", "c0ffee", FINISHED - timedelta(hours=1))
GOOD = snapshot(config_sha256="c0ffee")
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("found", "judged"),
    [
        (Found(there=False, snapshot=None), Standing.NOT_THERE),
        (Found(there=True, snapshot=None), Standing.NOT_WHOLE),
        (replace(GOOD, organization="globex"), Standing.OF_ANOTHER),
        (replace(GOOD, config_sha256="5ha"), Standing.CONFIGURED_OTHERWISE),
        (replace(GOOD, config_sha256=""), Standing.CONFIGURED_OTHERWISE),
        (replace(GOOD, finished_at=FINISHED - timedelta(hours=1) - SECOND), Standing.TOO_OLD),
        (replace(GOOD, gaps=(gap(),)), Standing.INCOMPLETE),
        (replace(GOOD, gaps=(gap(),), config_sha256="5ha"), Standing.CONFIGURED_OTHERWISE),
        (replace(GOOD, finished_at=FINISHED - timedelta(hours=1)), Standing.FINISHED),
        (GOOD, Standing.FINISHED),
    ],
)
def test_standing(found: Found | Snapshot, judged: Standing) -> None:
    """A result stands where its snapshot is whole, complete, new enough, and made as it would be made now."""
    what = Found(there=True, snapshot=found) if isinstance(found, Snapshot) else found

    assert standing(what, WANTED) is judged


def test_any_age() -> None:
    """A merge takes a result however old it is."""
    old = replace(GOOD, finished_at=datetime(2020, 1, 1, tzinfo=UTC))

    assert standing(Found(there=True, snapshot=old), replace(WANTED, not_before=None)) is Standing.FINISHED


def stored(*names: str, age: timedelta = timedelta(0)) -> list[Stored]:
    return [Stored(name, NOW - age) for name in names]


def test_stale() -> None:
    """Of the files of the whole those are stale that were not written last; nobody else's are touched."""
    prefix = "aws_sso_access_report_"
    there = [
        f"{prefix}20260304_050607.csv",
        f"{prefix}20260304_050607_INCOMPLETE.csv",
        f"{prefix}20260304_050607_findings_INCOMPLETE.csv",
        f"{prefix}20260304_050607.html",
        f"{prefix}20260304_050607_manifest.json",
        f"{prefix}20260304_050607_shard_3_manifest.json",
        f"{prefix}20260304_050608.csv",
        f"{prefix}acme_20260304_050607.csv",
        f"{prefix}20260304_20260304_050607.csv",
        f"{prefix}nightly_run.json",
        "notes_20260304_050607.csv",
    ]

    found = stale(NAMES, stored(*there), {there[0], there[4]})

    assert found == tuple(there[1:4])


def test_an_organization_that_is_called_like_a_date() -> None:
    """The files of an organization whose name is all digits are not taken for those of the whole."""
    names = FileNames("nightly", "20260304_202603")

    assert not names.is_merged(names.organization_access("20260304", complete=True))


def test_abandoned() -> None:
    """What nobody has written to for an hour is of a dead process; what is newer may have its writer."""
    mine = ".aws_sso_access_report_acme_20260304_050607.csv.0a1b2c3d.part"
    theirs = ".aws_sso_access_report_acme_20260304_050608.csv.0a1b2c3d.part"
    published = "aws_sso_access_report_acme_20260304_050607.csv"
    old = timedelta(hours=1) + SECOND

    assert abandoned(NAMES, stored(mine, theirs, published, age=old), NOW) == (mine,)
    assert abandoned(NAMES, stored(mine, age=timedelta(hours=1)), NOW) == ()
