"""The applications CSV."""

from sso_batch.application_access import resolve_applications
from sso_batch.model import USER, ApplicationAssignment, Principal
from sso_batch.run_files.applications_csv import COLUMNS, HEADER, lines
from sso_batch.run_files.columns import IDS
from tests.support.oracle import APPLICATION_COLUMNS
from tests.support.records import application, snapshot, user

FORMULA = application("=cmd()\r\n", arn="=arn")
RECORDS = snapshot(
    applications=(FORMULA, application(required=False, status="DISABLED")),
    application_assignments=(ApplicationAssignment("=arn", Principal(USER, "u-1")),),
    users=(user(),),
)
WIKI = "arn:aws:sso::111111111111:application/ssoins-1/Wiki"
PROVIDER = "arn:aws:sso::aws:applicationProvider/custom"


def test_columns() -> None:
    """The columns are those of the contract, and ids are never escaped."""
    assert COLUMNS == APPLICATION_COLUMNS
    assert ",".join(COLUMNS) + "\r\n" == HEADER
    assert [column for column in COLUMNS if column in IDS] == [
        "ApplicationArn",
        "ApplicationAccount",
        "ApplicationProvider",
        "PrincipalId",
        "UserId",
    ]


def test_lines() -> None:
    """One row is one line; formulas are escaped, except in ids, and empty cells stay empty."""
    assert list(lines(resolve_applications(RECORDS), escape=True)) == [
        (
            (
                f"u-1@example.com,Ann Lee,'=cmd()[U+000D][U+000A],=arn,111111111111,{PROVIDER},ENABLED,yes,"
                "USER,u-1,acme,u-1,login-u-1,ENABLED,,OK\r\n"
            ),
            1,
        ),
        (f",,Wiki,{WIKI},111111111111,{PROVIDER},DISABLED,no,,,acme,,,,,\r\n", 1),
    ]


def test_without_escaping() -> None:
    """Formulas can be left as they are."""
    text = "".join(text for text, _ in lines(resolve_applications(RECORDS), escape=False))

    assert ",=cmd()[U+000D][U+000A],=arn," in text
