"""Tests of the progress interface."""

import pytest

from sso_batch.progress import NoProgress, Progress
from sso_batch.run_files.results import Status
from tests.support.records import outcome


def test_no_progress(capfd: pytest.CaptureFixture[str]) -> None:
    """Without an observer nothing is printed."""
    progress: Progress = NoProgress()

    progress.started("acme")
    progress.moved("acme", done=1, known=2)
    progress.ended("acme", outcome("acme", Status.COMPLETE))

    assert capfd.readouterr() == ("", "")
