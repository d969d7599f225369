"""The fixtures of the tests of stores."""

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """Set the umask, and restore it after the test."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)
