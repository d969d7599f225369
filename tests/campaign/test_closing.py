"""Tests of closing campaigns: what is written, and what happens after an interruption."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sso_batch.campaign import file_names
from sso_batch.campaign.closed import load_closed
from sso_batch.campaign.closing import Closing, UndecidedError
from sso_batch.campaign.record import CampaignError
from sso_batch.campaign.signoff import Signoff
from sso_batch.store import Folder
from tests.review.reviews import ANN, OPS, organization
from tests.support.campaign_files import deciding, fill_in
from tests.support.opened_campaigns import OpenedCampaign, open_on, write_run
from tests.support.records import grant, membership_of

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
WRITTEN = (
    "decisions.csv",
    "waivers.yaml",
    "revocations.csv",
    "revocations.sh",
    "signoff.json",
    "signoff.html",
)


@pytest.fixture
def campaign(tmp_path: Path) -> OpenedCampaign:
    """Return a campaign on two assignments and a membership, in which everything is kept."""
    acme = organization(grants=(grant(ANN), grant(OPS)), memberships=(membership_of("g-1", ["u-1"]),))
    opened = open_on(write_run(tmp_path / "run", acme), tmp_path / "review")
    fill_in(opened.folder, deciding({}))
    return opened


def close(campaign: OpenedCampaign, now: datetime = NOW, *, partial: bool = False) -> Signoff:
    """Close a campaign at that time."""
    return Closing.load(Folder(campaign.folder)).close(partial=partial, closed_at=now)


def test_files(campaign: OpenedCampaign) -> None:
    """Closing writes six files and changes none."""
    before = campaign.files

    signoff = close(campaign)

    after = campaign.files
    assert after.keys() - before.keys() == set(WRITTEN)
    assert {name: after[name] for name in before} == dict(before)
    assert (signoff.partial, signoff.totals.keep, signoff.closed_at) == (False, 3, NOW)


@pytest.mark.parametrize("left", range(len(WRITTEN)))
def test_interrupted(campaign: OpenedCampaign, left: int) -> None:
    """After an interruption at any file, the same command completes the others and changes none."""
    close(campaign)
    complete = campaign.files
    for name in WRITTEN[left:]:
        (campaign.folder / name).unlink()

    close(campaign)

    assert campaign.files == complete


def test_second_time(campaign: OpenedCampaign) -> None:
    """A campaign that is closed stays as it is, even at another time."""
    close(campaign)
    before = campaign.files

    signoff = close(campaign, NOW.replace(year=2028))

    assert signoff.closed_at == NOW
    assert campaign.files == before


def test_file_of_another_origin(campaign: OpenedCampaign) -> None:
    """A file with other content is neither used nor changed, and no other file is written."""
    (campaign.folder / "revocations.sh").write_text("mine\n")
    before = campaign.files

    with pytest.raises(CampaignError, match=r"revocations\.sh exists with other content"):
        close(campaign)

    assert campaign.files == before


def test_open_items(campaign: OpenedCampaign) -> None:
    """While items are open, nothing is written."""
    fill_in(campaign.folder, deciding({}, otherwise=""))
    before = campaign.files

    with pytest.raises(UndecidedError, match="3 of 3 items are not decided"):
        close(campaign)

    assert campaign.files == before
    assert close(campaign, partial=True).totals.open == 3


@pytest.mark.parametrize("name", ["decisions.csv", "revocations.sh", "waivers.yaml", "campaign.json"])
def test_file_that_was_changed(campaign: OpenedCampaign, name: str) -> None:
    """Every file that was signed off is verified before it is used again."""
    close(campaign)
    path = campaign.folder / name
    path.write_bytes(path.read_bytes() + b"\n")

    with pytest.raises(CampaignError, match=f"{name} is not as it was signed off"):
        load_closed(Folder(campaign.folder))


def test_problem_of_a_sheet(campaign: OpenedCampaign) -> None:
    """A campaign whose sheets have problems cannot be closed: the error names file and row."""
    fill_in(campaign.folder, deciding({}, otherwise="yes"))

    with pytest.raises(CampaignError, match='row 2, Decision: unknown decision "yes"'):
        close(campaign, partial=True)
    assert not (campaign.folder / file_names.DECISIONS).exists()
