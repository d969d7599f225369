"""People are recognized by their addresses, in any spelling."""

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_batch.model import Snapshot
from sso_batch.review.finding import Waiver, normalize_address
from sso_batch.review.waivers import WaiverRule
from tests.review.reviews import ANN, EVERYTHING, TODAY, organization, permission_set, review, rules
from tests.support.records import grant, user

SPELLINGS = [
    "Zo\N{LATIN SMALL LETTER E WITH DIAERESIS}@Example.com",
    "zoe\N{COMBINING DIAERESIS}@example.com",
    "  ZO\N{LATIN CAPITAL LETTER E WITH DIAERESIS}@EXAMPLE.COM\t",
    "\N{NO-BREAK SPACE}zo\N{LATIN SMALL LETTER E WITH DIAERESIS}@example.com\r\n",
]


@pytest.mark.parametrize("other", SPELLINGS)
def test_administrator_of_several(other: str) -> None:
    """One person is recognized whatever case, Unicode form and white space two directories have stored."""
    found = review(with_email("acme", SPELLINGS[0]), with_email("globex", other), by=BY)

    assert [(finding.organization, finding.user_email) for finding in found.findings] == [
        ("acme", SPELLINGS[0]),
        ("globex", other),
    ]


@pytest.mark.parametrize("blank", ["", " ", "\t\N{NO-BREAK SPACE}"])
def test_blank_address(blank: str) -> None:
    """A blank address counts as no address: it never makes two users the same person."""
    pair = [with_email(name, blank) for name in ("acme", "globex")]

    assert review(*pair, by=BY).findings == ()
    assert len(review(*pair, by=rules("user-without-email")).findings) == 2


@pytest.mark.parametrize("pattern", [*SPELLINGS[:2], "zo?@example.com", "ZO*@EXAMPLE.com"])
@pytest.mark.parametrize("stored", SPELLINGS)
def test_waiver(pattern: str, stored: str) -> None:
    """A waiver's address is compared in the same way."""
    rule = WaiverRule("*", "*", "*", pattern, Waiver("accepted", TODAY))

    (found,) = review(with_email("acme", stored), by=rules("direct-grant", waivers=(rule,))).findings

    assert found.waiver == rule.waiver


@given(st.text())
def test_normalization(address: str) -> None:
    """Normalizing twice changes nothing, and every Unicode form of an address has the same result."""
    normalized = normalize_address(address)

    assert normalize_address(normalized) == normalized
    assert normalize_address(unicodedata.normalize("NFD", address)) == normalized


BY = rules("cross-organization-admin")


def with_email(name: str, email: str) -> Snapshot:
    """Return an organization whose only user is an administrator with this address."""
    return organization(
        name,
        users=(replace(user(), email=email),),
        permission_sets=(permission_set(inline_policy=EVERYTHING),),
        grants=(grant(ANN),),
    )
