"""The page as people meet it: nothing in it runs but its own script, and everybody can use it."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

from sso_batch.model import PERMISSION_SET, USER, Account, Grant, PermissionSet, Principal, Snapshot, User
from sso_batch.report.report_input import Overview
from tests.benchmarks.rows import everybody
from tests.browser.opened import Opened
from tests.support.overviews import HOSTILE, changes, company, findings, hostile, overview, with_gap
from tests.support.records import snapshot

Show = Callable[..., Opened]

ACME, GLOBEX = company("acme", 1), company("globex", 2)


def everything() -> Overview:
    """A run with all that a page can show."""
    return overview(
        ACME,
        with_gap(GLOBEX),
        hostile(),
        failed=["initech"],
        findings=findings(),
        changes=changes(ACME),
        not_compared=[("globex", "it is incomplete")],
    )


PAGES: dict[str, Callable[[], Overview]] = {
    "everything": everything,
    "complete": lambda: overview(ACME, GLOBEX),
    "failed": lambda: overview(failed=["acme", "globex"]),
    "empty": lambda: overview(snapshot()),
}


# Hostile names


def test_no_script_from_names(show: Show) -> None:
    """Hostile names are text: no script runs, no element appears, what deceives the eye is written out."""
    opened = show(everything())

    opened.fill(organization="hostile")

    assert opened.page.title() == "INCOMPLETE: who can reach what, 4 March 2026, 05:06 UTC"
    assert opened.page.locator("img").count() == 0
    assert opened.page.locator("script").count() == 2  # the data of doubts, and our own
    assert len(opened.rows()) == len(HOSTILE)
    text = opened.page.inner_text("main")
    assert "</script><script>document.title='owned'</script>" in text
    assert "[U+202E]txt.exe" in text
    assert not any(one in text for one in "\u202e\u2066\u2028\x00\x1b")


def test_a_script_that_is_not_ours(show: Show) -> None:
    """The page's policy refuses a script that has come into it all the same."""
    opened = show(overview(ACME))

    opened.page.evaluate(
        "const one = document.createElement('script'); one.textContent = 'window.owned = 1';"
        "document.body.append(one)"
    )

    assert opened.page.evaluate("window.owned") is None
    assert any("Content Security Policy" in one for one in opened.complaints)
    opened.complaints.clear()


# Everybody


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_accessibility(show: Show, name: str, scheme: str) -> None:
    """Axe finds nothing serious or critical, in light and dark."""
    opened = show(PAGES[name](), color_scheme=scheme)

    violations: list[dict[str, Any]] = Axe().run(opened.page).response["violations"]

    grave = [one for one in violations if one["impact"] in {"serious", "critical"}]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in grave] == []


def test_without_scripts(show: Show) -> None:
    """Where scripts are off, all but the explorer is there, and the page says so."""
    opened = show(overview(ACME, failed=["initech"]), java_script_enabled=False)

    text = opened.page.inner_text("main")
    assert "Incomplete: this page does not tell all" in text
    assert "The explorer needs JavaScript" in text
    assert not opened.page.locator("#search").is_visible()


def test_keyboard(show: Show) -> None:
    """By keyboard alone: skip to the explorer, type, reach the rows and pick one; focus is seen."""
    opened = show(overview(ACME))
    keyboard = opened.page.keyboard

    keyboard.press("Tab")
    skipped = opened.page.evaluate("document.activeElement.textContent")
    keyboard.press("Enter")
    keyboard.press("Tab")
    keyboard.type("Ada")
    opened.page.wait_for_timeout(130)
    for _ in range(20):
        keyboard.press("Tab")
        if opened.page.evaluate("document.activeElement.dataset.field") == "where":
            break
    outline = opened.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    keyboard.press("Enter")

    assert skipped == "Skip to the explorer"
    assert outline == "solid"
    assert opened.page.input_value("#who") == "Ada"
    assert opened.page.input_value("#where") != ""


def test_theme(show: Show) -> None:
    """The switch turns the page dark and light again."""
    opened = show(overview(ACME), color_scheme="light")
    button = opened.page.locator("#theme")

    def shade() -> tuple[str, str | None]:
        background = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
        return background, button.get_attribute("aria-pressed")

    first = shade()
    button.click()
    second = shade()
    button.click()

    assert first == shade() == ("rgb(246, 246, 243)", "false")
    assert second == ("rgb(19, 22, 24)", "true")


@pytest.mark.parametrize("name", PAGES)
def test_narrow(show: Show, name: str) -> None:
    """A narrow screen scrolls in one direction only."""
    opened = show(PAGES[name](), viewport={"width": 360, "height": 700})

    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 360


# Print


def test_print(show: Show, tmp_path: Path) -> None:
    """On paper stand all rows that were found, without what can be clicked; the screen is as before."""
    opened = show(overview(ACME))
    opened.fill(what="admin")
    count = len(opened.rows())

    opened.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    printed = opened.page.locator("#body tr[role=row]").count()
    opened.page.emulate_media(media="print")
    form = opened.page.locator("#search").is_visible()
    closed = opened.page.locator("details:not([open])").count()
    opened.page.pdf(path=tmp_path / "page.pdf")
    opened.page.emulate_media(media="screen")
    opened.page.evaluate("dispatchEvent(new Event('afterprint'))")

    assert (printed, form, closed) == (count, False, 0)
    assert opened.page.locator("details:not([open])").count() > 0
    assert (tmp_path / "page.pdf").stat().st_size > 10_000


# Many rows


def test_200_000_rows(show: Show) -> None:
    """200,000 rows can be used soon, and filtered and sorted without waiting. The times are printed."""
    opened = show(overview(directly(20_000, 10)))

    took: dict[str, float] = opened.page.evaluate(_MEASURE)

    figures = ", ".join(f"{name} {one:.0f} ms" for name, one in took.items())
    sys.stdout.write(f"200,000 rows, {opened.file.stat().st_size / 1e6:.1f} MB: {figures}\n")
    assert opened.answer.startswith("200,000 ways: 20,000 people")
    assert opened.page.locator("#body tr").count() < 100
    assert took["first use"] < 10_000
    assert took["sort"] < 5_000


def test_more_rows_than_fit(show: Show) -> None:
    """A group whose members are too many stands for them; whoever is sought may be among them, it is said."""
    opened = show(overview(everybody(20_000)))

    opened.fill(who="Person 00000007")
    sought, why = opened.answer, opened.caveats
    opened.fill(who="", where="Account 499")

    assert sought.startswith("No way found in what was read. This does not prove that there is none.")
    assert "500 rows stand for people who are not known here" in why
    assert "the members of Everybody are not on this page, but in aws_sso_access_report_acme_2026" in why
    assert [(row["name"], row["state"]) for row in opened.rows()] == [("20,000 members", "MEMBERS_NOT_SHOWN")]
    assert "Too much for one page" in opened.page.inner_text("main")


def test_an_organization_that_does_not_fit(show: Show) -> None:
    """An organization that is too large is left out, and named with its file; the others are there."""
    opened = show(overview(directly(300, 1), ACME), rows=299)

    opened.fill(who="Person 77")

    assert opened.answer.startswith("No way found in what was read.")
    assert "large: its ways are not on this page, but in aws_sso_access_report_large_2026" in opened.caveats
    opened.fill(who="")
    assert {row["organization"] for row in opened.rows()} == {"acme"}


def directly(users: int, each: int) -> Snapshot:
    """Give an organization without groups, in which everybody has so many grants."""
    sets = [f"arn:aws:sso:::permissionSet/ssoins-1111111111111111/ps-{number:016}" for number in range(20)]
    ids = [f"{number:08}-1111-2222-3333-444444444444" for number in range(users)]
    return snapshot(
        organization="large",
        users=tuple(
            User(id_, f"login{number}", f"Person {number}", f"person.{number}@large.example", "ENABLED")
            for number, id_ in enumerate(ids)
        ),
        accounts=tuple(
            Account(f"{number:012}", f"account-{number}", "ACTIVE", "Root") for number in range(500)
        ),
        permission_sets=tuple(PermissionSet(arn, arn[-6:], "", "PT1H", (), (), "", "", ()) for arn in sets),
        grants=tuple(
            Grant(f"{(number + 7 * one) % 500:012}", PERMISSION_SET, sets[one], "", Principal(USER, id_))
            for number, id_ in enumerate(ids)
            for one in range(each)
        ),
    )


_MEASURE = """
async () => {
  const settled = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const took = {"first use": performance.getEntriesByName("ready")[0].startTime};
  const time = async (name, act) => {
    const begun = performance.now();
    act();
    await settled();
    took[name] = performance.now() - begun;
  };
  await time("sort", () => document.querySelector("#headings button").click());
  await time("scroll", () => { document.querySelector("#rows").scrollTop = 5_000_000; });
  document.querySelector("#who").value = "person 77";
  await time("filter", () => document.querySelector("#search").requestSubmit());
  document.querySelector("#search").reset();
  await new Promise((done) => setTimeout(done, 200));
  await settled();
  return took;
}
"""
