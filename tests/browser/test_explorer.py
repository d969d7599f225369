"""The explorer finds the rows of the CSV files, and shows what could make a result incomplete."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace

import pytest

from sso_batch.model import Snapshot
from tests.browser.opened import OpenedPage, Row
from tests.support.overviews import company, overview, rows, with_gap
from tests.support.records import unexamined

Show = Callable[..., OpenedPage]

ACME, GLOBEX = company("acme", 1), company("globex", 2, users=45, grants=90)


def seen(row: Row) -> Row:
    """Return a row of the CSV file as the explorer shows it."""
    through = (row["GroupName"] or row["PrincipalId"]) if row["PrincipalType"] == "GROUP" else "directly"
    names = (row[column] for column in ("UserName", "UserLogin", "UserEmail", "UserId"))
    name = next((name for name in names if name not in ("", "NOT_READ")), "")
    unknown = row["PrincipalState"] in {"NOT_READ", "MEMBERS_NOT_READ"}
    return {
        "name": name or ("unknown" if unknown else "nobody"),
        "account": row["AccountId"],
        "with": row["RoleArn"] or row["PermissionSet"],
        "through": through,
        "organization": row["Organization"],
        "state": row["PrincipalState"],
    }  # fmt: skip


def folded(text: str) -> str:
    """Return the text without case and marks."""
    return re.sub(r"[\u0300-\u036f]", "", unicodedata.normalize("NFKD", text)).lower()


def expected(snapshots: tuple[Snapshot, ...], **fields: str) -> list[Row]:
    """Return the rows of the CSV files that match every word of every field."""
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
            word in folded(" ".join(row[column] for column in columns[field]) + direct.get(field, ""))
            for field, query in fields.items()
            for word in folded(query).split()
        )

    return [seen(row) for row in rows(snapshots) if matches(row)]


def in_order(found: list[Row]) -> list[tuple[str, ...]]:
    return sorted(tuple(row.values()) for row in found)


# What could make a result incomplete


def test_unknown_user_in_a_complete_run(show: Show) -> None:
    """If everything was read, there is no access path and no user of that name."""
    opened = show(overview(ACME))

    opened.fill(who="nobody at all")

    assert opened.answer == "No access path: everything was read. Nothing with this name is known."
    assert opened.caveats == ""


def test_user_without_access(show: Show) -> None:
    """A known user without access is named."""
    opened = show(overview(ACME))
    idle = ACME.users[-1]

    opened.fill(who=idle.id)

    assert opened.answer == (
        f"No access path: everything was read. Known, but without access: {idle.name} (user)."
    )


def test_not_examined(show: Show) -> None:
    """What was not examined is shown next to the result."""
    opened = show(overview(replace(ACME, not_examined=unexamined("orphaned assignments", "account paths"))))

    opened.fill(who="nobody")

    assert opened.answer.startswith("No access path in the data that was examined.")
    assert opened.caveats == "Not examined: orphaned assignments."


def test_incomplete_run(show: Show) -> None:
    """If a gap could hide an access path, the answer says that it proves nothing, and names the gap."""
    opened = show(overview(ACME, with_gap(GLOBEX), failed=["initech"]))

    opened.fill(who="nobody")

    assert opened.answer.startswith(
        "No access path found in the data that was read. This does not prove that there is none."
    )
    assert "and may match this search: select “unknown user”" in opened.caveats
    assert "globex: 1 gap: access paths that depend on unread data are missing" in opened.caveats
    assert "initech: nothing was read, so all of its access paths are missing here" in opened.caveats


def test_gap_of_another_organization(show: Show) -> None:
    """A gap of one organization is no caveat of another one."""
    opened = show(overview(ACME, failed=["initech"]))

    opened.fill(organization="acme", who="nobody")
    acme = opened.answer, opened.caveats
    opened.page.click("#asked button")
    opened.fill(organization="initech")

    assert acme == ("No access path: everything was read. Nothing with this name is known.", "")
    assert opened.answer.startswith("No access path found in the data that was read.")


# Results


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
def test_search(show: Show, query: dict[str, str]) -> None:
    """The result is exactly the matching rows of the CSV files, each with its cells."""
    both = (ACME, with_gap(GLOBEX))
    opened = show(overview(*both))

    opened.fill(**query)

    right = expected(both, **query)
    assert in_order(opened.rows()) == in_order(right)
    assert opened.answer.startswith(
        f"{len(right)} access {'path' if len(right) == 1 else 'paths'}:" if right else "No access path"
    )


def test_only_administrators(show: Show) -> None:
    """The level “administrator” finds the rows whose permission set allows everything."""
    opened = show(overview(ACME))

    opened.fill(level="ADMINISTRATOR")
    opened.fill()

    right = [row for row in expected((ACME,)) if row["with"] == "AdministratorAccess"]
    assert in_order(opened.rows()) == in_order(right)


def test_rows_that_need_attention(show: Show) -> None:
    """Rows with a state other than OK and rows of disabled users can be selected."""
    opened = show(overview(ACME))

    opened.fill(state="disabled deleted empty unknown")

    right = [
        seen(row) for row in rows((ACME,)) if row["PrincipalState"] != "OK" or row["UserStatus"] == "DISABLED"
    ]
    assert in_order(opened.rows()) == in_order(right)


def test_initial_order(show: Show) -> None:
    """Initially rows have the order of the merged file."""
    opened = show(overview(GLOBEX, ACME))

    assert opened.rows() == expected((GLOBEX, ACME))


@pytest.mark.parametrize(
    ("column", "key"), [("User", "name"), ("Access", "with"), ("Organization", "organization")]
)
def test_sort(show: Show, column: str, key: str) -> None:
    """A heading sorts by its column, then in descending order. Equal rows keep their order."""
    opened = show(overview(GLOBEX, ACME))
    heading = opened.page.locator(f"th[role=columnheader]:has-text('{column}')")
    before = opened.rows()

    heading.locator("button").click()
    ascending, first = opened.rows(), heading.get_attribute("aria-sort")
    heading.locator("button").click()
    descending, second = opened.rows(), heading.get_attribute("aria-sort")

    def of(row: Row) -> str:
        text = row[key].rsplit("role/", 1)[-1] if key == "with" else row[key]
        return "\uffff" if text == "nobody" else folded(text)

    assert (first, second) == ("ascending", "descending")
    assert ascending == sorted(before, key=of)
    assert descending == sorted(before, key=of, reverse=True)


def test_pick(show: Show) -> None:
    """Clicking a name in a row opens its profile, which leads to its rows; Back returns."""
    opened = show(overview(ACME))

    opened.page.locator("#body tr[role=row] td [data-field=where]").first.click()
    profile = opened.page.inner_text("#profile")
    opened.page.click("#profile-all")

    account = opened.page.input_value("#where")
    assert account == ACME.grants[0].account_id
    assert {row["account"] for row in opened.rows()} == {account}
    assert account in profile
    opened.page.evaluate("history.back()")
    opened.page.wait_for_timeout(200)
    assert opened.page.is_visible("#profile")
    assert opened.page.input_value("#where") == ""


def test_clear(show: Show) -> None:
    """The button Clear shows all rows again."""
    opened = show(overview(ACME))
    opened.fill(who="nobody")

    opened.page.click("#clear")
    opened.fill()

    assert opened.rows() == expected((ACME,))


def test_explore_from_a_tile(show: Show) -> None:
    """The link of an organization's tile shows its rows."""
    opened = show(overview(ACME, GLOBEX))

    opened.page.click("a[href='#access?organization=globex']")

    assert opened.rows() == expected((GLOBEX,))


@pytest.mark.parametrize(
    ("managed", "customer", "unread"),
    [(None, (), "policies of permission sets"), ((), ("/own",), "what customer managed policies allow")],
)
def test_administrators_who_were_not_read(
    show: Show, managed: tuple[str, ...] | None, customer: tuple[str, ...], unread: str
) -> None:
    """Where a search for administrators finds nobody, the page says which policies were not read."""
    sets = tuple(
        replace(permission_set, managed_policies=managed, customer_managed_policies=customer)
        for permission_set in company("acme", 1).permission_sets
    )

    opened = show(overview(replace(company("acme", 1), permission_sets=sets)))
    opened.fill(level="ADMINISTRATOR")
    opened.fill(who="")

    assert opened.answer == (
        "No access path found in the data that was read. This does not prove that there is none."
    )
    assert f"acme: what access amounts to is not known everywhere. Not read: {unread}" in opened.caveats


def test_attributes_can_be_searched(show: Show) -> None:
    """Attributes of users are found as their names are, and shown when the pointer is on the name."""
    first, *others = ACME.users
    marked = replace(first, attributes=(("department", "Zoölogy"), ("manager", others[0].id)))
    snapshot = replace(ACME, users=(marked, *others), people=("department", "manager"))
    opened = show(overview(snapshot, people=snapshot.people))

    opened.fill(who="zoology")

    assert {row["name"] for row in opened.rows()} == {first.name}
    assert opened.page.locator("#body th").first.get_attribute("title") == (
        f"Department: Zoölogy\nManager: {others[0].email}"
    )
