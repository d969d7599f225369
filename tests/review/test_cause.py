"""Findings of one issue have one cause, in every account, organization and run."""

from dataclasses import replace

import pytest

from sso_batch.model import GROUP, USER, Principal
from sso_batch.review.cause import cause
from sso_batch.review.finding import Finding
from tests.review.reviews import ANN, OPS, organization, review, rules
from tests.support.records import ADMIN, entitlement, grant, user

FINDING = Finding(
    "low",
    "direct-grant",
    "acme",
    "a message",
    user_email="ann@example.com",
    user_id="u-1",
    principal_type=USER,
    principal_id="u-1",
    account_id="111111111111",
    permission_set="Admin",
    permission_set_arn=ADMIN,
)
GROUPS = replace(FINDING, user_email="", user_id="", principal_type=GROUP, principal_id="g-1")
ROLES = replace(FINDING, permission_set="", role_arn="arn:aws:iam::111111111111:role/audit/Reader")
OBJECT = Finding("low", "a-check", "acme", "", account_id="111111111111")


def test_the_id_is_stable() -> None:
    """The id is a short text that begins with a letter, and the same in every version."""
    assert cause(FINDING) == "c8f92e39c74e3746c"


@pytest.mark.parametrize(
    ("finding", "same"),
    [
        (FINDING, replace(FINDING, organization="globex", account_id="2", severity="high", message="m")),
        (FINDING, replace(FINDING, user_email=" ANN@example.com", user_id="w-7", principal_id="w-7")),
        (GROUPS, replace(GROUPS, group_name="Renamed", account_id="2")),
        (ROLES, replace(ROLES, role_arn="arn:aws:iam::222222222222:role/Reader")),
    ],
    ids=["another account", "the same person", "the same group", "the same role name"],
)
def test_same_cause(finding: Finding, same: Finding) -> None:
    """Account, organization, and the id of a person make no difference."""
    assert cause(finding) == cause(same)


@pytest.mark.parametrize(
    ("finding", "other"),
    [
        (FINDING, replace(FINDING, check="admin-access")),
        (FINDING, replace(FINDING, user_email="bob@example.com")),
        (FINDING, replace(FINDING, user_email="NOT_READ")),
        (FINDING, replace(FINDING, permission_set="Reader")),
        (GROUPS, replace(GROUPS, principal_id="g-2")),
        (ROLES, replace(ROLES, role_arn="arn:aws:iam::111111111111:role/Writer")),
        (OBJECT, replace(OBJECT, account_id="222222222222")),
    ],
)
def test_other_cause(finding: Finding, other: Finding) -> None:
    """Check, person, group, permission set and role each make a difference."""
    assert cause(finding) != cause(other)


def test_people_without_address() -> None:
    """People without an address, or whose address was not read, are identified by their ids."""
    for address in ("", "NOT_READ"):
        unknown = replace(FINDING, user_email=address)
        assert cause(unknown) != cause(replace(unknown, principal_id="u-2"))


def test_unread_names() -> None:
    """Two permission sets whose names were not read are two causes."""
    unread = replace(FINDING, permission_set="NOT_READ")
    other = replace(unread, permission_set_arn="arn:2")

    assert cause(unread) != cause(other)


def test_in_a_review() -> None:
    """A person with one permission set in three accounts of two organizations has findings of one cause."""
    same_ann = replace(user("w-7"), email="U-1@example.com")
    acme = organization(grants=(grant(ANN), grant(ANN, "000000000001"), grant(OPS), entitlement(ANN)))
    globex = organization("globex", users=(same_ann,), grants=(grant(Principal(USER, "w-7")),))

    found = review(acme, globex, by=rules("direct-grant")).findings

    assert len(found) == 4
    assert {finding.user_name for finding in found} == {"Ann Lee"}
    assert len({finding.cause for finding in found if finding.permission_set}) == 1
    assert len({finding.cause for finding in found}) == 2


def test_applications_have_causes_of_their_own() -> None:
    """Findings about two applications are two issues, also in one account."""
    first = replace(OBJECT, account_id="", application_arn="arn:first")

    assert cause(first) != cause(replace(first, application_arn="arn:second"))
    assert cause(first) == cause(replace(first, message="another"))
