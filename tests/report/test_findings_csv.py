"""The findings CSV: its columns in order, each cell quoted and escaped."""

import csv
import io
from datetime import date

from sso_batch.report.findings_csv import COLUMNS, HEADER, lines
from sso_batch.review.finding import Finding, Waiver

HOSTILE = Finding(
    "high",
    "direct-grant",
    "acme",
    '=1+1 "x",\r\ny;=2',
    user_email="+a@b.c",
    user_name="@nn",
    user_id="=u-1",
    account_id="000000000042",
    cause="c0ffee",
    waiver=Waiver("@reason", date(2026, 3, 4)),
)


def read(*findings: Finding, escape: bool) -> list[dict[str, str]]:
    text = HEADER + "".join(text for text, _ in lines(findings, escape=escape))
    assert text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_header() -> None:
    """The columns are the contract's."""
    assert HEADER == (
        "Severity,Check,Organization,Message,UserEmail,UserName,UserId,GroupName,PrincipalType,PrincipalId,"
        "AccountId,AccountName,PermissionSet,RoleArn,Cause,Waived,WaivedUntil,WaiverReason\r\n"
    )


def test_hostile() -> None:
    """Formulas are escaped in every cell except ids, and only on request."""
    expected = {
        "Severity": "high",
        "Check": "direct-grant",
        "Organization": "acme",
        "Message": "'=1+1 \"x\",[U+000D][U+000A]y;'=2",
        "UserEmail": "'+a@b.c",
        "UserName": "'@nn",
        "UserId": "=u-1",
        "AccountId": "000000000042",
        "Cause": "c0ffee",
        "Waived": "yes",
        "WaivedUntil": "2026-03-04",
        "WaiverReason": "'@reason",
    }

    (escaped,) = read(HOSTILE, escape=True)
    (plain,) = read(HOSTILE, escape=False)

    assert escaped == dict.fromkeys(COLUMNS, "") | expected
    assert plain["Message"] == '=1+1 "x",[U+000D][U+000A]y;=2'
    assert plain["UserEmail"] == HOSTILE.user_email


def test_not_waived() -> None:
    """A finding without a waiver has `no`, and neither day nor reason."""
    (row,) = read(Finding("low", "direct-grant", "acme", "message"), escape=True)

    assert (row["Waived"], row["WaivedUntil"], row["WaiverReason"]) == ("no", "", "")
