"""The fixtures of all tests from end to end."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.support.audits import audit, emulator, home, nightly, sso_batch, unhurried
from tests.support.moto_s3 import s3

__all__ = ["audit", "emulator", "home", "nightly", "s3", "sso_batch", "unhurried"]

_NOT_COVERED = {
    "test_activity_nights",
    "test_details_and_entitlements",
    "test_end_of_run",
    "test_expected_rows",
    "test_fastest",
    "test_first_seen",
    "test_hostile_content",
    "test_malformed_answers",
    "test_moto",
    "test_ocsf",
    "test_policy_documents",
    "test_processes",
    "test_s3",
    "test_security_hub",
    "test_throttles",
}
"""The modules that take longest: coverage would add a quarter, and other tests cover the same code."""


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Measure no coverage in the slow modules of this folder."""
    for item in items:
        if item.path.parent == Path(__file__).parent and item.path.stem in _NOT_COVERED:
            item.add_marker(pytest.mark.no_cover)
