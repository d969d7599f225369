"""Tests of the comparison with the last campaign."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from sso_batch.campaign.decisions import OPEN, Decided
from sso_batch.campaign.previous import CHANGED, NEW, UNCHANGED, ClosedCampaign, EarlierItem
from sso_batch.campaign.record import Earlier

TODAY = date(2027, 3, 1)
BEFORE = Earlier(run_id="q4", closed_at=datetime(2026, 12, 1, tzinfo=UTC), signoff_sha256="0" * 64)


READER = EarlierItem(OPEN, "READ", "Reader", "f1", "2026-01-01T00:00:00Z", frozenset({"direct-grant"}))


def closed(decision: str = "keep", until: str = "", **fields: Any) -> ClosedCampaign:  # noqa: ANN401
    """Return a campaign that decided one item, which has these other values."""
    item = replace(READER, decided=Decided(decision, "", until), **fields)
    return ClosedCampaign(TODAY, BEFORE, {"ax1": item})


def change(campaign: ClosedCampaign, item_id: str = "ax1", **fields: Any) -> tuple[str, str, bool]:  # noqa: ANN401
    """Return the change of an item, its detail, and whether it must be reviewed."""
    kind, detail = campaign.change(item_id, replace(READER, **fields))
    return kind, detail, campaign.needs_review(item_id, kind)


def test_new() -> None:
    """An item that the last campaign did not have is new."""
    assert change(closed(), "ax2") == (NEW, "", True)


def test_unchanged() -> None:
    """What was kept and is the same need not be reviewed."""
    assert change(closed()) == (UNCHANGED, "", False)


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({"privilege": "WRITE"}, "Privilege was READ"),
        ({"what": "Reader, Writer"}, "What was Reader"),
        ({"fingerprint": "f2"}, "policies or accounts"),
        ({"privilege": "WRITE", "fingerprint": "f2"}, "Privilege was READ"),
        ({"first_seen": "2027-01-01T00:00:00Z"}, "it was removed and given again"),
        ({"high_findings": frozenset({"admin-access", "direct-grant"})}, "new finding: admin-access"),
    ],
)
def test_changed(fields: dict[str, Any], detail: str) -> None:
    """What allows something else than before is reviewed again, and the sheet says what changed."""
    assert change(closed(), **fields) == (CHANGED, detail, True)


@pytest.mark.parametrize("before", ["f1", "NOT_READ"])
def test_not_read(before: str) -> None:
    """What cannot be compared counts as changed."""
    kind, detail, is_reviewed = change(closed(fingerprint=before), fingerprint="NOT_READ")

    assert (kind, is_reviewed) == (CHANGED, True)
    assert detail == "what it allows was not read in both runs, so it is asked again"


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({"decision": "revoke"}, "was to be revoked in the last campaign"),
        ({"decision": "unsure"}, "was not decided in the last campaign"),
        ({"decision": ""}, "was not decided in the last campaign"),
        ({"until": "2027-02-28"}, "was kept until 2027-02-28"),
    ],
)
def test_not_kept(fields: dict[str, str], detail: str) -> None:
    """What was not kept, or only until a day that has passed, is reviewed again."""
    assert change(closed(**fields)) == (UNCHANGED, detail, True)


def test_dates_that_were_not_read() -> None:
    """Where earlier runs could not be read, nothing is known about when access was given."""
    assert change(closed(first_seen="NOT_READ")) == (UNCHANGED, "", False)
    assert change(closed(), first_seen="NOT_READ") == (UNCHANGED, "", False)


def test_kept_until_today() -> None:
    """On its last day, what was kept is still kept."""
    assert change(closed(until=TODAY.isoformat())) == (UNCHANGED, "", False)
