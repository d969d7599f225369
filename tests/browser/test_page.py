"""The page in use: only its own script runs, and it is accessible to everybody."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

from sso_batch.model import PERMISSION_SET, USER, Account, Grant, PermissionSet, Principal, Snapshot, User
from sso_batch.report.report_input import ReportInput
from tests.benchmarks.rows import large_group_snapshot
from tests.browser.opened import OpenedPage
from tests.support.overviews import HOSTILE, changes, company, findings, hostile, overview, with_gap
from tests.support.records import snapshot

Show = Callable[..., OpenedPage]

ACME, GLOBEX = company("acme", 1), company("globex", 2)


def everything() -> ReportInput:
    """Return a run with everything that a page can show."""
    return overview(
        ACME,
        with_gap(GLOBEX),
        hostile(),
        failed=["initech"],
        findings=findings(),
        changes=changes(ACME),
        not_compared=[("globex", "it is incomplete")],
    )


PAGES: dict[str, Callable[[], ReportInput]] = {
    "everything": everything,
    "complete": lambda: overview(ACME, GLOBEX),
    "failed": lambda: overview(failed=["acme", "globex"]),
    "empty": lambda: overview(snapshot()),
}


# Hostile names


def test_no_script_from_names(show: Show) -> None:
    """Hostile names are text: no script runs, no element appears, hidden characters are written out."""
    opened = show(everything())

    opened.fill(organization="hostile")

    assert opened.page.title() == "INCOMPLETE: who has access to what, 4 March 2026, 05:06 UTC"
    assert opened.page.locator("img").count() == 0
    assert opened.page.locator("script").count() == 2  # the caveats, and our own
    assert len(opened.rows()) == len(HOSTILE)
    text = opened.page.inner_text("main")
    assert "</script><script>document.title='owned'</script>" in text
    assert "[U+202E]txt.exe" in text
    assert not any(hidden in text for hidden in "\u202e\u2066\u2028\x00\x1b")


def test_foreign_script(show: Show) -> None:
    """The page's Content Security Policy blocks a script that was injected nevertheless."""
    opened = show(overview(ACME))

    opened.page.evaluate(
        "const script = document.createElement('script'); script.textContent = 'window.owned = 1';"
        "document.body.append(script)"
    )

    assert opened.page.evaluate("window.owned") is None
    assert any("Content Security Policy" in message for message in opened.messages)
    opened.messages.clear()


# Accessibility


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_accessibility(show: Show, name: str, scheme: str) -> None:
    """Axe finds nothing serious or critical, in light and dark."""
    opened = show(PAGES[name](), color_scheme=scheme)

    violations: list[dict[str, Any]] = Axe().run(opened.page).response["violations"]

    assert [
        (violation["id"], [node["html"] for node in violation["nodes"]])
        for violation in violations
        if violation["impact"] in {"serious", "critical"}
    ] == []


def test_without_scripts(show: Show) -> None:
    """Without JavaScript everything except the questions works, and the page says so."""
    opened = show(overview(ACME, failed=["initech"]), java_script_enabled=False)

    text = opened.page.inner_text("main")
    assert "Incomplete: access may be missing from this page" in text
    assert "Access needs JavaScript" in text
    assert not opened.page.locator("#search").is_visible()


def test_keyboard(show: Show) -> None:
    """With only the keyboard: skip to access, type, open a profile and close it; focus is visible."""
    opened = show(overview(ACME))
    keyboard = opened.page.keyboard

    keyboard.press("Tab")
    skipped = opened.page.evaluate("document.activeElement.textContent")
    keyboard.press("Enter")
    opened.page.focus("#who")
    keyboard.type("Ada")
    opened.page.wait_for_timeout(130)
    for _ in range(40):
        keyboard.press("Tab")
        if opened.page.evaluate("document.activeElement.dataset.field") == "where":
            break
    outline = opened.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    keyboard.press("Enter")

    assert opened.page.is_visible("#profile")
    keyboard.press("Escape")
    assert not opened.page.is_visible("#profile")
    assert opened.page.evaluate("document.activeElement.dataset.field") == "where"
    assert skipped == "Skip to access"
    assert outline == "solid"
    assert opened.page.input_value("#who") == "Ada"


def test_theme(show: Show) -> None:
    """The button switches the page to dark and back to light."""
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
    """On a narrow screen the page only scrolls vertically."""
    opened = show(PAGES[name](), viewport={"width": 360, "height": 700})

    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 360


# Print


def test_print(show: Show, tmp_path: Path) -> None:
    """All rows that were found are printed, without controls; afterwards the screen is as before."""
    opened = show(overview(ACME))
    opened.fill(what="admin")
    count = len(opened.rows())

    opened.page.evaluate("document.documentElement.dataset.print = 'answer'")
    opened.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    printed = opened.page.locator("#body tr[role=row]").count()
    opened.page.emulate_media(media="print")
    form = opened.page.locator("#search").is_visible()
    opened.page.pdf(path=tmp_path / "page.pdf")
    opened.page.emulate_media(media="screen")
    opened.page.evaluate("dispatchEvent(new Event('afterprint'))")

    assert (printed, form) == (count, False)
    assert len(opened.rows()) == count
    assert (tmp_path / "page.pdf").stat().st_size > 10_000


# Many rows


def test_200_000_rows(show: Show) -> None:
    """A page with 200,000 rows is usable soon, and filters and sorts fast. The times are printed."""
    opened = show(overview(directly(20_000, 10)))

    took: dict[str, float] = opened.page.evaluate(_MEASURE)

    figures = ", ".join(f"{name} {time:.0f} ms" for name, time in took.items())
    sys.stdout.write(f"200,000 rows, {opened.file.stat().st_size / 1e6:.1f} MB: {figures}\n")
    assert opened.answer.startswith("200,000 access paths: 20,000 people")
    assert opened.page.locator("#body tr").count() < 100
    assert took["first use"] < 10_000
    assert took["sort"] < 5_000


def test_folded_group(show: Show) -> None:
    """A group with too many members has one row; the page says that the user may be one of them."""
    opened = show(overview(large_group_snapshot(20_000)))

    opened.fill(who="Person 00000007")
    sought, why = opened.answer, opened.caveats
    opened.fill(who="", where="Account 499")

    assert sought.startswith(
        "No access path found in the data that was read. This does not prove that there is none."
    )
    assert "500 rows have unknown users and may match this search" in why
    assert (
        "the members of Everybody are not on this page; see organizations/acme/aws_sso_access_report_acme_"
        in why
    )
    assert [(row["name"], row["state"]) for row in opened.rows()] == [("20,000 members", "MEMBERS_NOT_SHOWN")]
    assert "Too large for one page" in opened.page.inner_text("main")


def test_left_out_organization(show: Show) -> None:
    """An organization that is too large is left out and named with its file; the others are shown."""
    opened = show(overview(directly(300, 1), ACME), max_rows=299)

    opened.fill(who="Person 77")

    assert opened.answer.startswith("No access path found in the data that was read.")
    assert (
        "large: its access paths are not on this page; see organizations/large/aws_sso_access_report_"
        in opened.caveats
    )
    opened.fill(who="")
    assert {row["organization"] for row in opened.rows()} == {"acme"}


def directly(users: int, each: int) -> Snapshot:
    """Return an organization without groups, in which every user has `each` grants."""
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
            Grant(f"{(number + 7 * nth) % 500:012}", PERMISSION_SET, sets[nth], "", Principal(USER, id_))
            for number, id_ in enumerate(ids)
            for nth in range(each)
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
  document.querySelector("#clear").click();
  await new Promise((done) => setTimeout(done, 200));
  await settled();
  return took;
}
"""
