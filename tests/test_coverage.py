"""What an audit does not examine: which of it may hide access, and the contract's strings."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sso_batch.coverage import (
    BlindSpot,
    NotExamined,
    Omission,
    Scope,
    Setting,
    by_item,
    checks_without_settings,
    in_short,
    parse,
)
from sso_batch.report.page import render_page
from tests.support.overviews import company, overview

OMISSIONS = {
    "PERMISSION_SET_DETAILS": ("policies, permissions boundaries and tags of permission sets", False),
    "ORPHANED_ASSIGNMENTS": ("orphaned assignments", True),
    "UNLISTED_PRINCIPALS": ("grants to principals that are not listed", True),
    "UNASSIGNED_PERMISSION_SETS": ("permission sets without assignments", False),
    "POLICY_DOCUMENTS": ("what AWS managed policies allow", False),
    "ACCOUNT_PATHS": ("account paths", False),
    "ENTITLEMENTS": ("account-access entitlements", True),
    "APPLICATIONS": ("application assignments", False),
    "ACTIVITY": ("activity", False),
    "UNKNOWN_ATTRIBUTES": (
        "attributes of users in a form that this version of sso-batch does not know",
        False,
    ),
    "OTHER_SIGN_INS": ("sign-ins that other accounts or Regions record", False),
    "OTHER_APPLICATIONS": ("account-access applications in other accounts", True),
}
"""The contract's string for each omission, and whether access may exist that was not examined for it."""

UNKNOWN = NotExamined.of_unknown_kind(1234, "group members", "Device: new")
RECORDS = [
    *map(NotExamined.by_collection, Omission),
    UNKNOWN,
    NotExamined.by_collection("something new"),
    NotExamined.by_check("direct-grant", BlindSpot("groups", 2), BlindSpot("users", 1, of="gaps")),
    *(NotExamined.by_check("a-check", BlindSpot(setting)) for setting in Setting),
    NotExamined.by_lookup("sign-ins before 2026-03-04T05:06:07Z"),
    NotExamined.by_comparison("no earlier run"),
]


def test_every_omission_is_decided() -> None:
    """A new omission needs a decision here; a renamed one would change the contract."""
    assert {item.name: (item.value, item.hides_access) for item in Omission} == OMISSIONS


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (
            UNKNOWN,
            "1,234 group members of the kind Device: new, which this version of sso-batch does not know",
        ),
        (NotExamined.by_check("direct-grant", BlindSpot("groups", 2)), "check direct-grant: groups: 2"),
        (NotExamined.by_lookup("sign-ins before 2026"), "activity: sign-ins before 2026"),
        (NotExamined.by_comparison("no earlier run"), "changes: no earlier run"),
    ],
)
def test_text(record: NotExamined, text: str) -> None:
    """A record is written as the contract says."""
    assert record.text == text


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.text)
def test_read_back(record: NotExamined) -> None:
    """A record is read back from its string, and an omission as the enum's member."""
    read = parse(record.text)

    assert read == record
    assert type(read.what) is type(record.what)


@pytest.mark.parametrize("text", ["check nothing", "Account paths", "", "changes", "check"])
def test_unknown_text_may_hide_access(text: str) -> None:
    """Text that no version is known to write counts as hiding access."""
    read = parse(text)

    assert (read.scope, read.what, read.hides_access) == (Scope.COLLECTION, text, True)


@given(text=st.text())
def test_any_text_is_kept(text: str) -> None:
    """Whatever a manifest holds is written again as it was."""
    assert parse(text).text == text


@given(text=st.text(alphabet=" :;()012agps"))
@example("x: 007")
@example("x (gaps: 0)")
@example("x: 1\n")
@example("; ; ")
def test_any_reason_is_kept(text: str) -> None:
    """The reasons of a check are written again as they were, whatever looks like a number in them."""
    text = f"check direct-grant: {text}"

    assert parse(text).text == text


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.text)
def test_caveat_of_the_page(record: NotExamined) -> None:
    """The page shows each reason that may hide access next to its answers, unknown reasons too."""
    html = "".join(render_page(overview(replace(company("acme", 1), not_examined=(record,)))))

    (written,) = re.findall(
        r'<script type="application/json" id="caveat-data">(.*?)</script>', html, re.DOTALL
    )
    (caveat,) = json.loads(written)
    assert caveat["unexamined"] == ([record.text] if record.hides_access else [])
    details = isinstance(record.what, Omission) and not OMISSIONS[record.what.name][1]
    assert record.hides_access is not (record.scope is not Scope.COLLECTION or details)


WITHOUT_SETTINGS = (
    NotExamined.by_check("admin-gained", BlindSpot(Setting.COMPARE)),
    NotExamined.by_collection(Omission.ACCOUNT_PATHS),
    NotExamined.by_check("leaver-access", BlindSpot(Setting.ROSTER)),
    NotExamined.by_check("direct-grant", BlindSpot("groups", 2)),
    NotExamined.by_check("dormant-user", BlindSpot(Setting.ACTIVITY)),
    NotExamined.by_check("manager-missing", BlindSpot(Setting.MANAGERS)),
    NotExamined.by_check("leaver-access", BlindSpot(Setting.ROSTER)),
)
OFF = (
    "admin-gained (review.compare), leaver-access (review.roster), dormant-user (collect.activity), "
    "manager-missing (collect.people)"
)


def test_checks_without_settings() -> None:
    """Checks that need settings which are off are named once, with the keys of the settings."""
    assert checks_without_settings(WITHOUT_SETTINGS) == OFF
    assert checks_without_settings(()) == ""


def test_in_short() -> None:
    """They share one line after everything else."""
    shared = f"checks that need settings which are off: {OFF}"

    assert in_short(WITHOUT_SETTINGS) == ["account paths", "check direct-grant: groups: 2", shared]
    assert in_short(WITHOUT_SETTINGS[1:2]) == ["account paths"]


@pytest.mark.parametrize("setting", Setting)
def test_a_setting_names_its_key(setting: Setting) -> None:
    """The text of a setting names the key that the user has to change."""
    assert setting.key in setting


def test_a_check_that_lacks_more_than_a_setting() -> None:
    """Only a check that lacks nothing else needs a setting alone."""
    assert (
        NotExamined.by_check("dormant-user", BlindSpot(Setting.ACTIVITY), BlindSpot("users", 1)).setting
        is None
    )


def test_by_item() -> None:
    """What applies to several organizations is listed once, with all of their names."""
    paths, roles = map(NotExamined.by_collection, (Omission.ACCOUNT_PATHS, Omission.ENTITLEMENTS))

    assert by_item([("acme", [paths, roles]), ("globex", []), ("initech", [paths])]) == [
        (paths, ["acme", "initech"]),
        (roles, ["acme"]),
    ]
