"""People are recognized by their addresses, however these are written."""

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_batch.model import Snapshot
from sso_batch.review.finding import Waiver
from sso_batch.review.people import address
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
    """One person is one person, whatever case, Unicode form and blanks two directories have stored."""
    found = review(
        *(with_email(name, one) for name, one in (("acme", SPELLINGS[0]), ("globex", other))), by=BY
    )

    assert [(one.organization, one.user_email) for one in found.findings] == [
        ("acme", SPELLINGS[0]),
        ("globex", other),
    ]


@pytest.mark.parametrize("blank", ["", " ", "\t\N{NO-BREAK SPACE}"])
def test_blank_address(blank: str) -> None:
    """A blank address is none: it makes nobody the same person, and the user is one without an address."""
    pair = [with_email(name, blank) for name in ("acme", "globex")]

    assert review(*pair, by=BY).findings == ()
    assert len(review(*pair, by=rules("user-without-email")).findings) == 2


@pytest.mark.parametrize("pattern", [*SPELLINGS[:2], "zo?@example.com", "ZO*@EXAMPLE.com"])
@pytest.mark.parametrize("written", SPELLINGS)
def test_waiver(pattern: str, written: str) -> None:
    """A waiver's address is compared in the same way."""
    rule = WaiverRule("*", "*", "*", pattern, Waiver("accepted", TODAY))

    (found,) = review(with_email("acme", written), by=rules("direct-grant", waivers=(rule,))).findings

    assert found.waiver == rule.waiver


@given(st.text())
def test_one_form(written: str) -> None:
    """The form of a form is itself, and that of each Unicode form of a text is the same."""
    form = address(written)

    assert address(form) == form
    assert address(unicodedata.normalize("NFD", written)) == form


BY = rules("cross-organization-admin")


def with_email(name: str, email: str) -> Snapshot:
    """Give an organization whose only user is an administrator with this address."""
    return organization(
        name,
        users=(replace(user(), email=email),),
        permission_sets=(permission_set(inline_policy=EVERYTHING),),
        grants=(grant(ANN),),
    )
