"""The sheets of people and administrators."""

from dataclasses import replace
from datetime import datetime

import pytest

from sso_batch.model import USER, GapKind, Principal, SignIn, Snapshot, User
from sso_batch.privileges.paths import Privilege
from sso_batch.review.finding import Finding, Waiver
from tests.support.overviews import ADMINISTRATOR_ACCESS, company, overview
from tests.support.records import ADMIN, STARTED, gap, grant, permission_set, snapshot
from tests.support.workbooks import records, texts, top, workbook

ACCOUNTS = ("000000000001", "000000000002")


def organization(name: str, *users: User, accounts: tuple[str, ...] = ACCOUNTS, **fields: object) -> Snapshot:
    """Return an organization in which every user administers the accounts directly."""
    return snapshot(
        organization=name,
        users=users,
        permission_sets=(permission_set(ADMIN, "Admin", "", (ADMINISTRATOR_ACCESS,), (), "", ""),),
        grants=tuple(
            grant(Principal(USER, each.id), account)
            for account in accounts
            for each in sorted(users, key=_id)
        ),
        delegated_administrators=(),
        **fields,
    )


def _id(user: User) -> str:
    return user.id


def ann(user_id: str, email: str, *, name: str = "Ann Lee", status: str = "ENABLED") -> User:
    """Return a user of Ann."""
    return User(user_id, "ann", name, email, status)


def test_person() -> None:
    """Users with the same address are one person in all organizations, without regard to case."""
    acme = organization("acme", ann("u-1", "Ann@example.com"))
    globex = organization(
        "globex",
        ann("u-7", " ann@EXAMPLE.com", name="", status="DISABLED"),
        sign_ins=(SignIn("u-7", "2026-02-03T04:05:06Z"),),
    )
    finding = Finding("high", "admin-access", "acme", "administers", user_id="u-1")
    found = (finding, replace(finding, waiver=Waiver("accepted", STARTED.date())))

    sheet = workbook(overview(acme, globex, findings=found))["People"]

    assert records(sheet) == [
        {
            "Name": "Ann Lee",
            "Email": "Ann@example.com",
            "Status": "DISABLED; ENABLED",
            "Organizations": "acme; globex",
            "Users": 2,
            "Accounts": 4,
            "Administrator accounts": 4,
            "Level": "administrator",
            "Permission sets": "Admin",
            "Findings": 1,
            "Last sign-in": datetime(2026, 2, 3, 4, 5, 6),  # noqa: DTZ001 - a cell has no time zone
            "Incomplete": "",
        }
    ]
    assert "users with the same email address are one person" in top(sheet)
    assert "A user without an address has a line of its own." in top(sheet)


@pytest.mark.parametrize("email", ["", "  ", "NOT_READ"])
def test_without_address(email: str) -> None:
    """Users without an address stay on lines of their own, after those with one."""
    acme = organization("acme", ann("u-1", email), ann("u-2", email), ann("u-3", "z@example.com"))
    globex = organization("globex", ann("u-1", email))

    found = records(workbook(overview(acme, globex))["People"])

    assert [(row["Email"].strip(), row["Organizations"]) for row in found] == [  # type: ignore[attr-defined]
        ("z@example.com", "acme"),
        (email.strip(), "acme"),
        (email.strip(), "acme"),
        (email.strip(), "globex"),
    ]


def test_incomplete() -> None:
    """What was not read is never 0: counts are minimums, sign-ins not read, findings not checked."""
    acme = organization("acme", ann("u-1", "ann@example.com"), gaps=(gap(kind=GapKind.ASSIGNMENTS),))

    sheet = workbook(overview(acme))["People"]

    (row,) = records(sheet)
    header = {cell.value: cell for cell in sheet[next(iter(sheet.tables.values())).ref][0]}
    cells = {title: sheet.cell(cell.row + 1, cell.column) for title, cell in header.items()}
    assert (row["Accounts"], row["Findings"], row["Last sign-in"]) == (2, "not checked", "NOT_READ")
    assert row["Incomplete"] == "acme"
    assert cells["Accounts"].number_format == '"≥ "#,##0'
    assert cells["Administrator accounts"].number_format == '"≥ "#,##0'


def test_certain() -> None:
    """Numbers of an organization that was read completely are plain."""
    sheet = workbook(overview(organization("acme", ann("u-1", "ann@example.com"))))["People"]

    numbers = {cell.number_format for row in sheet.iter_rows() for cell in row if cell.value == 2}
    assert numbers == {"#,##0"}


def test_administrators() -> None:
    """Administrators come by level and by accounts, with organization and groups."""
    acme = organization("acme", ann("u-1", "ann@example.com"), accounts=ACCOUNTS[:1])
    globex = organization("globex", ann("u-7", "bob@example.com", name="Bob"))

    sheet = workbook(overview(acme, globex, company("initech", 3)))["Administrators"]

    found = records(sheet)
    levels = [row["Level"] for row in found]
    words: list[object] = [each.words for each in Privilege]
    assert levels == sorted(levels, key=lambda level: -words.index(level))
    own = [row for row in found if row["Organization"] != "initech"]
    columns = (
        "UserName",
        "UserEmail",
        "UserStatus",
        "Organization",
        "Accounts",
        "Permission sets",
        "Through",
    )
    assert [tuple(row[title] for title in columns) for row in own] == [
        ("Bob", "bob@example.com", "ENABLED", "globex", 2, "Admin", "directly"),
        ("Ann Lee", "ann@example.com", "ENABLED", "acme", 1, "Admin", "directly"),
    ]
    assert "There can be more" in top(sheet)
    assert "initech" in top(sheet)


def test_no_administrators() -> None:
    """A run without administrators says so instead of showing nothing."""
    sheet = workbook(overview(snapshot()))["Administrators"]

    assert texts(sheet)[-1][0] == "There are no administrators in what was read."
