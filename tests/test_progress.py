"""What a run tells of its advance."""

import pytest

from sso_batch.progress import Progress, Unwatched
from sso_batch.run_files.results import Status


def test_unwatched(capfd: pytest.CaptureFixture[str]) -> None:
    """Where nobody watches, nothing is said."""
    progress: Progress = Unwatched()

    progress.started("acme")
    progress.moved("acme", done=1, known=2)
    progress.ended("acme", Status.COMPLETE)

    assert capfd.readouterr() == ("", "")
