"""Tests of the record of a closed campaign."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from sso_batch import __version__
from sso_batch.campaign.decisions import Decided
from sso_batch.campaign.item import Item
from sso_batch.campaign.record import CampaignError, LeftOut
from sso_batch.campaign.reviewers import FALLBACK, OWN_ACCESS
from sso_batch.campaign.signoff import (
    MAX_OPEN_ITEMS,
    OpenItem,
    ReviewerResult,
    RevocationCounts,
    Totals,
    encode_signoff,
    read_signoff,
    sign_off,
)
from tests.campaign.outcomes import (
    NOON,
    OPEN,
    SHA,
    UNSURE,
    assignment,
    campaign,
    keep,
    membership,
    organization,
    returned_file,
    revoke,
    signed,
)

CISO, CFO = "ciso@example.com", "cfo@example.com"


def some() -> Sequence[tuple[Item, Decided]]:
    """Return decisions of each kind, of two reviewers."""
    return [
        (assignment(), keep()),
        (assignment(id="ax2", organization="globex"), revoke()),
        (membership(), revoke()),
        (membership(id="mx2", managed_by="https://scim.example.com"), revoke()),
        (assignment(id="ax3", reviewer=CFO, reviewer_rule=FALLBACK), UNSURE),
        (assignment(id="ax4", reviewer=CFO, reviewer_rule=OWN_ACCESS), OPEN),
        (assignment(id="ax5", reviewer=CFO, reviewer_rule=FALLBACK), keep()),
    ]


def test_partial() -> None:
    """A campaign with items that are not decided is partial; all numbers are those of the decisions."""
    found = signed(some(), organization(), organization("globex"), waivers=3)

    assert found.partial
    assert (found.version, found.closed_at, found.waivers) == (__version__, NOON, 3)
    assert found.totals == Totals(keep=2, revoke=3, unsure=1, open=1)
    assert (found.totals.items, found.totals.undecided) == (7, 2)
    assert found.population.model_dump() == {
        "items": 7,
        "assignments": 5,
        "memberships": 2,
        "out_of_scope": 0,
        "groups_without_access": 2,
        "unread_groups": 0,
    }
    assert found.reviewers == (
        ReviewerResult(
            address=CISO, totals=Totals(keep=1, revoke=3, unsure=0, open=0), files=(returned_file(),)
        ),
        ReviewerResult(address=CFO, totals=Totals(keep=1, revoke=0, unsure=1, open=1), files=()),
    )
    assert (found.fallback.no_rule, found.fallback.own_access) == (2, 1)
    assert found.revocations == (
        RevocationCounts(organization="acme", aws=1, identity_provider=1),
        RevocationCounts(organization="globex", aws=1, identity_provider=0),
    )
    assert found.open_items == tuple(
        OpenItem(
            id=name,
            reviewer=CFO,
            organization="acme",
            who="Ann",
            what="Admin",
            where="Prod",
            decision=decision,
        )
        for name, decision in (("ax3", "unsure"), ("ax4", ""))
    )


def test_complete() -> None:
    """A campaign is complete once every item is kept or to be revoked."""
    found = signed([(assignment(), keep()), (membership(), revoke())])

    assert not found.partial
    assert (found.totals.undecided, found.open_items) == (0, ())


def test_many_open_items() -> None:
    """At most 1,000 items are named; all are counted."""
    found = signed([(assignment(id=f"ax{number}"), OPEN) for number in range(MAX_OPEN_ITEMS + 5)])

    assert len(found.open_items) == MAX_OPEN_ITEMS
    assert found.totals.undecided == MAX_OPEN_ITEMS + 5


def test_campaign() -> None:
    """The record names the run, the campaign and the population by their hashes, and what was left out."""
    left_out = LeftOut(name="globex", reason="not selected in the run")
    record = campaign(items=[assignment()], scope="privileged", out_of_scope=8, left_out=[left_out])

    found = sign_off(
        record,
        [(assignment(), keep())],
        closed_at=NOON,
        campaign_sha256="c" * 64,
        sheets={},
        waivers=0,
        files=[record.population],
    )
    assert found.campaign.model_dump() == {
        "opened_at": "2026-11-27T12:00:00.000Z",
        "due": "2026-12-18",
        "scope": "privileged",
        "since": None,
        "run_id": "20261127-120000",
        "run_started_at": "2026-11-27T12:00:00.000Z",
        "run_finished_at": "2026-11-27T12:00:00.000Z",
        "endpoint_overrides": (),
        "manifest_sha256": SHA,
        "population_sha256": SHA,
        "campaign_sha256": "c" * 64,
    }
    assert (found.left_out, found.files) == ((left_out,), (record.population,))
    assert found.population.out_of_scope == 8
    assert [(each.name, each.items) for each in found.organizations] == [("acme", 1)]


def test_round_trip() -> None:
    """What is written is read back."""
    found = signed(some(), organization(), organization("globex"))

    read = read_signoff(encode_signoff(found), "signoff.json")
    assert read == found
    assert encode_signoff(read) == encode_signoff(found)
    assert json.loads(encode_signoff(found))["schema"] == 1


def test_moments() -> None:
    """Times are kept to the millisecond, in UTC."""
    moment = datetime(2026, 12, 16, 9, 30, 1, 234567, tzinfo=UTC)
    found = signed([(assignment(), keep())]).model_copy(update={"closed_at": moment})

    assert json.loads(encode_signoff(found))["closed_at"] == "2026-12-16T09:30:01.234Z"


def test_any_name() -> None:
    """The record can be written whatever a name is."""
    found = signed([(assignment(who="\ud800\x00"), OPEN)])

    assert json.loads(encode_signoff(found))["open_items"][0]["who"] == "\ud800\x00"


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"schema": 2}', b"\xff"])
def test_other_content(content: bytes) -> None:
    """Anything else is refused, with the name of the file."""
    with pytest.raises(CampaignError, match=r"^signoff\.json: this is not a sign-off of this version"):
        read_signoff(content, "signoff.json")
