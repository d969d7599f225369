"""A small campaign, made once and copied for each test, and `sso-batch` itself."""

from pathlib import Path

import pytest

from tests.support.audits import home, sso_batch
from tests.support.campaigns import Campaign, write_campaign

__all__ = ["campaign", "home", "sso_batch", "written"]


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    """Return the campaign as it was opened; tests must not change it."""
    folder = tmp_path_factory.mktemp("campaign") / "opened"
    return Campaign(folder, write_campaign(folder))


@pytest.fixture
def campaign(written: Campaign, tmp_path: Path) -> Campaign:
    """Return a campaign whose sheets the test can change."""
    return written.copy(tmp_path / "review")
