"""Issues: findings of one cause, the first of which is what to do first."""

from dataclasses import replace
from datetime import date

import pytest
import yaml

from sso_batch.model import GROUP, USER
from sso_batch.report.page.issues import Issue, group_findings
from sso_batch.review.checks import CHECKS, Check
from sso_batch.review.finding import Finding, Waiver
from tests.support.overviews import overview

ANN = Finding(
    "high",
    "admin-access",
    "acme",
    "Ann Lee is an administrator",
    user_email="ann@acme.example",
    user_name="Ann Lee",
    user_id="u-1",
    principal_type=USER,
    principal_id="u-1",
    account_id="111111111111",
    permission_set="Admin",
    cause="c1",
)


def issues(*found: Finding) -> list[Issue]:
    """Group findings as the page does."""
    return list(group_findings(overview(findings=found)))


def test_one_cause_in_several_accounts() -> None:
    """Findings of one cause are one issue, with the accounts and organizations that it reaches."""
    other = replace(ANN, account_id="222222222222")
    abroad = replace(ANN, organization="globex")

    (issue,) = issues(ANN, other, abroad)

    assert issue.title == "Ann Lee administers 3 accounts with Admin"
    assert (issue.total, issue.accounts, issue.organizations) == (3, 3, ("acme", "globex"))


def test_group_of_several_organizations() -> None:
    """Groups with the same name and the same access are one issue, although their ids differ."""
    group = replace(
        ANN, user_email="", user_name="", user_id="", group_name="ops", principal_type=GROUP, principal_id="g"
    )

    (issue,) = issues(group, replace(group, organization="globex", principal_id="h", cause="c2"))

    assert issue.title == "Group ops administers 2 accounts with Admin"


def test_unknown_user_is_named_as_such() -> None:
    """An id alone is called a user: nobody knows whose it is."""
    (issue,) = issues(replace(ANN, user_email="", user_name="", user_id="", principal_id="9f-1"))

    assert issue.title.startswith("User 9f-1 administers 1 account")


def test_order() -> None:
    """New issues come first, then those with the highest severity, then those that reach most accounts."""
    low = replace(ANN, severity="low", check="direct-grant", cause="c2", principal_id="u-2", new=True)
    wide = replace(ANN, cause="c3", permission_set="Wide")
    found = (low, ANN, wide, replace(wide, account_id="222222222222"))

    assert [issue.id for issue in issues(*found)] == ["c2", "c3", "c1"]
    assert [issue.new for issue in issues(*found)] == [True, False, False]


def test_waived_issue_is_last() -> None:
    """An issue whose findings are all waived comes last, and one with some counts the others."""
    waiver = Waiver("approved", date(2027, 1, 1))
    waived = replace(ANN, cause="c9", permission_set="Waived", waiver=waiver)
    low = replace(ANN, severity="low", check="direct-grant", cause="c2")

    first, second, last = issues(waived, low, ANN, replace(ANN, account_id="2" * 12, waiver=waiver))

    assert [first.id, second.id, last.id] == ["c1", "c2", "c9"]
    assert [(each.total, each.waived) for each in (first, last)] == [(1, 1), (0, 1)]


def test_waivers_are_valid() -> None:
    """The waivers to copy are YAML with what the configuration asks for, whatever the names contain."""
    (issue,) = issues(replace(ANN, user_email='"odd": #name@acme.example'))

    assert yaml.safe_load(issue.waivers) == [
        {
            "check": "admin-access",
            "organization": "acme",
            "principal": '"odd": #name@acme.example',
            "reason": None,
            "until": None,
        }
    ]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_title_of_each_check(check: Check) -> None:
    """Each check has a title that names the subject, or uses the finding's message."""
    (issue,) = issues(replace(ANN, check=check.id))

    subject = check.title or ANN.message
    assert "{" not in issue.title
    assert ("Ann Lee" in issue.title) == ("{who}" in subject or subject == ANN.message)


def people(number: int, **fields: object) -> list[Finding]:
    """Return the same finding about so many users."""
    return [
        replace(
            ANN,
            user_email=f"u{each}@acme.example",
            user_name=f"User {each}",
            principal_id=f"u-{each}",
            cause=f"c{each}",
            **fields,  # type: ignore[arg-type]
        )
        for each in range(number)
    ]


def test_many_users_with_the_same_access() -> None:
    """Three users or more with the same access are one issue; two are two issues."""
    (issue,) = issues(*people(3))

    assert (issue.title, issue.total) == ("3 users administer 1 account with Admin", 3)
    assert issue.link == "#access?what=Admin&by=person&level=ADMINISTRATOR&way=directly"
    assert len(issues(*people(2))) == 2


def test_new_and_old_are_not_mixed() -> None:
    """Users who are new are another issue than those who had the access before."""
    new, old = issues(*people(3, new=True), *people(6)[3:])

    assert (new.new, new.total, old.new, old.total) == (True, 3, False, 3)
    assert new.id != old.id


def test_what_is_waived_is_not_mixed() -> None:
    """Waived findings never hide among those that count."""
    waived = people(3, waiver=Waiver("approved", date(2027, 1, 1)), permission_set="Admin")

    counting, other = issues(*people(6)[3:], *waived)

    assert (counting.total, counting.waived, other.total, other.waived) == (3, 0, 0, 3)


def test_deleted_users_and_groups() -> None:
    """What is assigned to deleted users and groups is one issue for each permission set."""
    gone = [
        replace(ANN, check="orphaned-grant", user_email="", user_name="", principal_id=each, cause=each)
        for each in "abc"
    ]

    (issue,) = issues(*gone)

    assert issue.title == "Admin is assigned to deleted users or groups"


def test_unread_permission_sets_are_not_one() -> None:
    """Permission sets whose names were not read can be different ones, so their findings stay apart."""
    unread = people(3, permission_set="NOT_READ")

    assert [issue.total for issue in issues(*unread)] == [1, 1, 1]
    assert "a permission set that was not read" in issues(*unread)[0].title
