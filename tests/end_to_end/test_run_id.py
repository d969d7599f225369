"""Run ids that contain the time."""

from tests.support.audits import Audit
from tests.support.sample_worlds import small


def test_the_day(audit: Audit) -> None:
    """The id of a run can contain its day in UTC, so that a second run of the day is refused."""
    first = audit(small(), environ={"SSO_BATCH_RUN_ID": "night-%Y%m%d"})
    second = audit(small(), environ={"SSO_BATCH_RUN_ID": "night-%Y%m%d"})

    assert first.ended.code == 0
    day = first.manifest["ts"].partition("_")[0]
    assert first.folder.name == first.manifest["run_id"] == f"night-{day}"
    assert second.ended.code == 2
    assert f"the run night-{day} already exists" in second.ended.stderr


def test_another_percent_sign(audit: Audit) -> None:
    """Only directives of numbers are replaced; another percent sign is refused, because it is in the id."""
    ended = audit(small(), "--run-id", "night-%B").ended

    assert ended.code == 2
    assert "--run-id night-%B cannot be the name of a folder" in ended.stderr
