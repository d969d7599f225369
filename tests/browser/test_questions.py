"""The questions that the page answers, each in few actions, as a link and as a file."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sso_batch.report.report_input import ReportInput
from sso_batch.review.comparison import ADDED, Change
from tests.browser.opened import OpenedPage
from tests.support.overviews import changes, company, findings, overview, rows

Show = Callable[..., OpenedPage]

ACME, GLOBEX = company("acme", 1), company("globex", 2)


def compared() -> ReportInput:
    """Give a run that was compared and checked."""
    return overview(ACME, GLOBEX, findings=findings(), changes=changes(ACME))


def wait(opened: OpenedPage) -> None:
    """Let the page show what was asked."""
    opened.page.wait_for_timeout(100)


def test_who_can_administer_production(show: Show) -> None:
    """Two facets and a tab give the people; the link gives them again, and Back undoes each step."""
    opened = show(overview(ACME, GLOBEX))

    opened.fill(level="ADMINISTRATOR", ou="Prod")
    opened.page.click("#tabs [data-by=person]")

    people = {
        row["UserEmail"] or row["UserId"]
        for row in rows((ACME, GLOBEX))
        if row["PermissionSet"] == "AdministratorAccess"
        and row["UserId"]
        and row["AccountPath"] == "Root/Prod"
    }
    assert opened.answer.startswith(f"{len(people)} people can administer ")
    assert "level=ADMINISTRATOR" in opened.page.evaluate("location.hash")
    answer = opened.answer
    opened.page.reload()
    opened.page.wait_for_selector("html[data-ready]")
    assert opened.answer == answer
    assert opened.page.locator("#tabs [aria-pressed=true]").inner_text() == "By person"
    opened.requests[:] = opened.requests[:1]


def test_not(show: Show) -> None:
    """A facet can be excluded: NOT administrator and administrator together are all rows."""
    opened = show(overview(ACME))
    everything = len(opened.rows())

    opened.fill(level="ADMINISTRATOR")
    some = len(opened.rows())
    opened.page.click("#facets [data-facet=level][data-value=ADMINISTRATOR][data-side=not]")
    wait(opened)

    assert 0 < some < everything
    assert len(opened.rows()) == everything - some


def test_what_can_a_person_reach(show: Show) -> None:
    """A slash, a name and Enter open the profile; users with one address are one person, and it says so."""
    twin = replace(GLOBEX, users=(replace(GLOBEX.users[0], email=ACME.users[3].email), *GLOBEX.users[1:]))
    opened = show(overview(ACME, twin))

    opened.page.keyboard.press("/")
    opened.page.keyboard.type(ACME.users[3].email)
    opened.page.keyboard.press("Enter")

    profile = opened.page.inner_text("#profile")
    assert ACME.users[3].email in profile
    assert "2 users in 2 organizations, joined because their email address is the same." in profile
    opened.page.evaluate("history.back()")
    opened.page.wait_for_timeout(200)
    assert not opened.page.is_visible("#profile")


def test_what_changed(show: Show) -> None:
    """Changes start with those who gained administrator access."""
    opened = show(compared())

    first: Change = next(
        change
        for change in changes(ACME)
        if change.kind == ADDED and change.access.privilege.level == "ADMINISTRATOR"
    )
    assert "admin" in opened.page.inner_text(".causes > li:first-child .chip")
    assert first.access.organization == "acme"


def test_which_finding_first(show: Show) -> None:
    """The first line is the worst finding; a link opens one of them."""
    opened = show(compared())

    assert "admin-access" in opened.page.inner_text(".issues > li:first-child")
    last = opened.page.locator("details.issue").nth(2)
    assert last.get_attribute("open") is None
    opened.page.evaluate(f"location.hash = '#findings?issue={last.get_attribute('data-issue')}'")
    wait(opened)
    assert last.get_attribute("open") is not None


def test_csv(show: Show) -> None:
    """The answer is exported as a CSV file with a line for each access path."""
    opened = show(overview(ACME))
    opened.fill(level="ADMINISTRATOR")

    with opened.page.expect_download() as download:
        opened.page.click("#csv")

    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    exported = list(csv.DictReader(io.StringIO(text, newline="")))
    expected = [row for row in rows((ACME,)) if row["Privilege"] == "ADMINISTRATOR"]
    assert sorted((row["UserId"], row["AccountId"]) for row in exported) == sorted(
        (row["UserId"], row["AccountId"]) for row in expected
    )
    opened.requests[:] = opened.requests[:1]


def test_theme_is_remembered(show: Show) -> None:
    """The chosen theme survives a reload."""
    opened = show(overview(ACME), color_scheme="light")

    opened.page.click("#theme")
    opened.page.wait_for_timeout(300)  # the browser stores it in another process
    opened.page.reload()
    opened.page.wait_for_selector("html[data-ready]")

    assert opened.page.evaluate("document.documentElement.dataset.theme") == "dark"
    opened.requests[:] = opened.requests[:1]
