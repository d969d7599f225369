"""The explorer answers as the rows of the CSVs do, and says beside an answer what could make it wrong."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace

import pytest

from sso_batch.model import Snapshot
from tests.browser.opened import Opened, Row
from tests.support.overviews import company, overview, rows, with_gap

Show = Callable[..., Opened]

ACME, GLOBEX = company("acme", 1), company("globex", 2, users=45, grants=90)


def seen(row: Row) -> Row:
    """A row of the CSV as the explorer shows it."""
    through = (row["GroupName"] or row["PrincipalId"]) if row["PrincipalType"] == "GROUP" else "directly"
    name = next(
        (
            row[one]
            for one in ("UserName", "UserLogin", "UserEmail", "UserId")
            if row[one] not in ("", "NOT_READ")
        ),
        "",
    )
    unknown = row["PrincipalState"] in {"NOT_READ", "MEMBERS_NOT_READ"}
    return {
        "name": name or ("not known" if unknown else "nobody"),
        "account": row["AccountId"],
        "with": row["RoleArn"] or row["PermissionSet"],
        "through": through,
        "organization": row["Organization"],
        "state": row["PrincipalState"],
    }  # fmt: skip


def folded(text: str) -> str:
    """The text without case and marks."""
    return re.sub(r"[\u0300-\u036f]", "", unicodedata.normalize("NFKD", text)).lower()


def expected(snapshots: tuple[Snapshot, ...], **fields: str) -> list[Row]:
    """The rows of the CSVs in which every word of every field stands."""
    columns = {
        "who": ("UserName", "UserEmail", "UserLogin", "UserId"),
        "where": ("AccountId", "AccountName", "AccountPath"),
        "what": ("PermissionSet", "PermissionSetArn", "RoleArn"),
        "through": ("GroupName", "PrincipalId"),
        "organization": ("Organization",),
    }

    def matches(row: Row) -> bool:
        direct = {"through": " directly" if row["PrincipalType"] == "USER" else " group"}
        return all(
            word in folded(" ".join(row[one] for one in columns[field]) + direct.get(field, ""))
            for field, query in fields.items()
            for word in folded(query).split()
        )

    return [seen(row) for row in rows(snapshots) if matches(row)]


def in_order(found: list[Row]) -> list[tuple[str, ...]]:
    return sorted(tuple(row.values()) for row in found)


# What could make an answer wrong


def test_nobody_in_a_whole_run(show: Show) -> None:
    """Where all was read, the explorer says that there is no way, and that nothing of that name is known."""
    opened = show(overview(ACME))

    opened.fill(who="nobody at all")

    assert opened.answer == "No way: everything was read. Nothing of that name is known."
    assert opened.caveats == ""


def test_somebody_without_access(show: Show) -> None:
    """Somebody who is known and has no way is named as such."""
    opened = show(overview(ACME))
    idle = ACME.users[-1]

    opened.fill(who=idle.id)

    assert opened.answer == f"No way: everything was read. Known, but without any way: {idle.name} (person)."


def test_nobody_where_it_was_not_examined(show: Show) -> None:
    """What was not examined is said beside the answer."""
    opened = show(overview(replace(ACME, not_examined=("orphaned assignments", "account paths"))))

    opened.fill(who="nobody")

    assert opened.answer.startswith("No way in all that was examined.")
    assert opened.caveats == "Not examined: orphaned assignments."


def test_nobody_in_an_incomplete_run(show: Show) -> None:
    """Where a hole could hide a way, the answer says that it proves nothing, and names the hole."""
    opened = show(overview(ACME, with_gap(GLOBEX), failed=["initech"]))

    opened.fill(who="nobody")

    assert opened.answer.startswith("No way found in what was read. This does not prove that there is none.")
    assert "for people who are not known here" in opened.caveats
    assert "globex: 1 gap: ways that depend on what was not read are missing" in opened.caveats
    assert "initech: nothing of it was read, so any way in it is missing here" in opened.caveats


def test_a_hole_of_another_organization(show: Show) -> None:
    """One organization's hole is none of another one's."""
    opened = show(overview(ACME, failed=["initech"]))

    opened.fill(organization="acme", who="nobody")
    acme = opened.answer, opened.caveats
    opened.fill(organization="initech")

    assert acme == ("No way: everything was read. Nothing of that name is known.", "")
    assert opened.answer.startswith("No way found in what was read. This does not prove")


# Answers


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"who": "schroder"},
        {"who": "person3@"},
        {"who": "1-user-0004"},
        {"who": "okafor ada"},
        {"where": "prod", "what": "admin"},
        {"where": "000100000003"},
        {"what": "deploy"},
        {"through": "directly", "what": "view"},
        {"through": "ni bhriain"},
        {"who": "lin", "where": "vinter", "what": "view", "through": "team"},
        {"organization": "globex", "what": "billing"},
    ],
)
def test_what_is_found(show: Show, query: dict[str, str]) -> None:
    """The answer is the rows of the CSVs that match: none more, none less, each with its cells."""
    both = (ACME, with_gap(GLOBEX))
    opened = show(overview(*both))

    opened.fill(**query)

    right = expected(both, **query)
    assert in_order(opened.rows()) == in_order(right)
    assert opened.answer.startswith(
        f"{len(right)} {'way' if len(right) == 1 else 'ways'}" if right else "No way"
    )


def test_only_administrators(show: Show) -> None:
    """Administrators alone are those rows whose permission set allows everything."""
    opened = show(overview(ACME))

    opened.page.check("#admin")
    opened.fill()

    right = [row for row in expected((ACME,)) if row["with"] == "AdministratorAccess"]
    assert in_order(opened.rows()) == in_order(right)


def test_rows_that_need_a_look(show: Show) -> None:
    """What is not OK, and disabled people, can be seen apart."""
    opened = show(overview(ACME))

    opened.fill(kind="look")

    odd = [r for r in rows((ACME,)) if r["PrincipalState"] != "OK" or r["UserStatus"] == "DISABLED"]
    assert in_order(opened.rows()) == in_order([seen(row) for row in odd])


def test_the_order_of_the_files(show: Show) -> None:
    """Unsorted, rows stand as in the merged file."""
    opened = show(overview(GLOBEX, ACME))

    assert opened.rows() == expected((GLOBEX, ACME))


@pytest.mark.parametrize(
    ("column", "key"), [("Person", "name"), ("With", "with"), ("Organization", "organization")]
)
def test_sort(show: Show, column: str, key: str) -> None:
    """A heading sorts by its column and says so; then the other way round. Equal rows keep their order."""
    opened = show(overview(GLOBEX, ACME))
    heading = opened.page.locator(f"th[role=columnheader]:has-text('{column}')")
    before = opened.rows()

    heading.locator("button").click()
    up, said = opened.rows(), heading.get_attribute("aria-sort")
    heading.locator("button").click()
    down, said_then = opened.rows(), heading.get_attribute("aria-sort")

    def of(row: Row) -> str:
        text = row[key].rsplit("role/", 1)[-1] if key == "with" else row[key]
        return "\uffff" if text == "nobody" else folded(text)

    assert (said, said_then) == ("ascending", "descending")
    assert up == sorted(before, key=of)
    assert down == sorted(before, key=of, reverse=True)


def test_pick(show: Show) -> None:
    """A name in a row searches for it."""
    opened = show(overview(ACME))

    opened.page.locator("#body tr[role=row] td [data-field=where]").first.click()

    account = opened.page.input_value("#where")
    assert account == ACME.grants[0].account_id
    assert {row["account"] for row in opened.rows()} == {account}
    assert opened.page.evaluate("document.activeElement.id") == "where"


def test_clear(show: Show) -> None:
    """Clearing shows all rows again."""
    opened = show(overview(ACME))
    opened.fill(who="nobody")

    opened.page.click("#clear")
    opened.fill()

    assert opened.rows() == expected((ACME,))


def test_explore_from_a_tile(show: Show) -> None:
    """An organization's tile leads to its rows."""
    opened = show(overview(ACME, GLOBEX))

    opened.page.click("[data-explore=globex]")

    assert opened.rows() == expected((GLOBEX,))
