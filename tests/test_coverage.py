"""What an audit leaves out: for each reason it is decided whether access may hide behind it."""

import json
import re
from dataclasses import replace

import pytest

from sso_batch import coverage
from sso_batch.coverage import CHANGES, CHECK, hides_access, is_about_review
from sso_batch.report.page import render_page
from tests.support.overviews import company, overview

DECIDED = {
    "PERMISSION_SET_DETAILS": False,
    "ORPHANED_ASSIGNMENTS": True,
    "UNLISTED_PRINCIPALS": True,
    "UNASSIGNED_PERMISSION_SETS": False,
    "ACCOUNT_PATHS": False,
    "ENTITLEMENTS": True,
    "OTHER_APPLICATIONS": True,
}
"""Whether access may exist that was not examined for this reason."""

REASONS = {
    name: value
    for name, value in vars(coverage).items()
    if name.isupper() and isinstance(value, str) and value not in {CHECK, CHANGES}
}


def test_every_reason_is_decided() -> None:
    """A new reason needs a decision here; a renamed one keeps its own."""
    assert {name: hides_access(reason) for name, reason in REASONS.items()} == DECIDED


@pytest.mark.parametrize(
    "reason", [*REASONS.values(), "something new", f"{CHECK}direct-grant: x", f"{CHANGES}x"]
)
def test_caveat_of_the_page(reason: str) -> None:
    """The page's explorer shows each reason that may hide access beside its answers, unknown reasons too."""
    html = "".join(render_page(overview(replace(company("acme", 1), not_examined=(reason,)))))

    (written,) = re.findall(
        r'<script type="application/json" id="caveat-data">(.*?)</script>', html, re.DOTALL
    )
    (caveat,) = json.loads(written)
    assert caveat["unexamined"] == ([reason] if hides_access(reason) else [])
    assert hides_access(reason) or is_about_review(reason) or reason in coverage.DETAILS
