"""The page of a fleet of organizations: on paper, at every width, and how accessible it is."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page

from sso_batch.report.page import render_page
from sso_batch.report.report_input import ReportInput
from tests.browser.opened import OpenedPage
from tests.browser.test_layout import BROKEN_WORDS
from tests.support.fleet import CONTRACTOR, fleet

Open = Callable[..., OpenedPage]

PROFILE = f"#access?level=ADMINISTRATOR&profile=person:{CONTRACTOR}"
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return `pages(name)`, which gives the file of a run's page, made once."""
    folder = tmp_path_factory.mktemp("fleet")
    runs: dict[str, Callable[[], ReportInput]] = {
        "complete": fleet,
        "incomplete": lambda: fleet(incomplete=True),
        "small": lambda: fleet(5),
    }

    def page(name: str) -> Path:
        file = folder / f"{name}.html"
        if not file.exists():
            file.write_text("".join(render_page(runs[name]())), encoding="utf-8")
        return file

    return page


@pytest.fixture
def open_page(browser: Browser, pages: Callable[[str], Path]) -> Iterator[Open]:
    """Return `open_page(name, address, **context)`; the page must log and request nothing."""
    opened: list[OpenedPage] = []

    def open_page(name: str, address: str = "", **context: Any) -> OpenedPage:  # noqa: ANN401 - playwright's
        context.setdefault("viewport", DESKTOP)
        page = OpenedPage(browser, pages(name), **context)
        opened.append(page)
        if address:
            page.page.evaluate("hash => { location.hash = hash; }", address)
            page.page.wait_for_function("hash => location.hash === hash", arg=address)
            page.fill()
        return page

    yield open_page
    for page in opened:
        page.context.close()
        assert page.messages == []
        assert page.requests == [page.file.as_uri()]


# Paper


@pytest.mark.parametrize(("name", "pages_at_most"), [("complete", 6), ("incomplete", 6), ("small", 4)])
@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_number_of_pages(open_page: Open, name: str, pages_at_most: int, paper: str) -> None:
    """The overview of 40 organizations takes few pages, and that of a few organizations fewer."""
    pdf = open_page(name).page.pdf(format=paper)

    assert 1 < pdf.count(b"/Type /Page\n") <= pages_at_most


def test_print_has_a_summary(open_page: Open) -> None:
    """Paper has the status, the numbers, issues, changes, organizations and evidence, but no long lists."""
    opened = open_page("complete")
    opened.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    opened.page.emulate_media(media="print")

    shown = {name for name in (*_PRINTED, *_NOT_PRINTED) if opened.page.locator(name).first.is_visible()}
    assert shown == set(_PRINTED)
    assert "are not printed: see this page on a screen, or the CSV files" in opened.page.inner_text("footer")
    assert opened.page.locator(".six li:visible").count() == 6
    assert opened.page.locator("#organization-table tbody tr:visible").count() == 40


_PRINTED = (".status", ".six", "#findings", "#changes", "#organizations", "#evidence", "#evidence table")
_NOT_PRINTED = ("#access", "#administrators", "#statistics", ".rest", ".find", "nav", ".tools", ".copies")


def test_print_explains_each_kind_of_issue_once(open_page: Open) -> None:
    """On paper the first issue of each check has why and what to do; afterwards the screen is as before."""
    opened = open_page("complete")
    issues = "[...document.querySelectorAll('#findings > .issues .issue')]"
    before = opened.page.evaluate(f"{issues}.map((issue) => issue.open)")

    opened.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    explained = opened.page.evaluate(f"{issues}.filter((issue) => issue.open).map((i) => i.dataset.check)")
    checks = opened.page.evaluate(f"[...new Set({issues}.map((issue) => issue.dataset.check))]")
    opened.page.evaluate("dispatchEvent(new Event('afterprint'))")

    assert explained == checks
    assert len(checks) > 1
    assert opened.page.evaluate(f"{issues}.map((issue) => issue.open)") == before


def test_page_margins(open_page: Open) -> None:
    """The margin of each printed page has the run, the warning and the number of the page."""
    style = open_page("small").page.locator("style").text_content() or ""

    assert 'content: "Run 20260304-050607 · contains personal data"' in style
    assert 'content: "Page " counter(page) " of " counter(pages)' in style


# Widths


@pytest.mark.parametrize("width", [390, 700, 1024, 1440])
def test_nothing_is_squeezed(open_page: Open, width: int) -> None:
    """Every word and account id is whole, no box is higher than needed, and the page is not too wide."""
    opened = open_page("incomplete", PROFILE, viewport={"width": width, "height": 900})
    opened.page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")

    assert opened.page.evaluate(BROKEN_WORDS) == []
    assert opened.page.evaluate(BROKEN_WORDS.replace('"main"', '"#profile"')) == []
    assert opened.page.evaluate(_TOO_HIGH) == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


_TOO_HIGH = """
() => {
  const boxes = "section, .status details, .issues > li, .causes > li, .cards tbody tr, .reach li, fieldset";
  const tooHigh = [];
  for (const box of document.querySelectorAll(boxes)) {
    if (!box.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(box);
    const inside = [...box.querySelectorAll("*")].filter((one) => one.checkVisibility() && one.matches(
      "p, li, span, b, small, button, summary, a, code, svg, dd, h2, h3, td, th, text, input, i",
    ) && (box.localName !== "tr" || !one.matches("td, th")));
    const texts = [...range.getClientRects(), ...inside.map((one) => one.getBoundingClientRect())];
    const bottom = Math.max(...texts.map((rect) => rect.bottom));
    const padding = parseFloat(getComputedStyle(box).paddingBottom);
    const slack = box.getBoundingClientRect().bottom - padding - bottom;
    if (slack > 32) tooHigh.push(`${box.localName}.${box.className} ${box.id}: ${Math.round(slack)} px`);
  }
  return tooHigh;
}
"""
"""Boxes with more than two lines of nothing below their content."""


def test_filters_are_a_sheet(open_page: Open) -> None:
    """On a phone the filters open over the page, which stays where it is; Done and Escape close them."""
    opened = open_page("complete", "#access", viewport=PHONE)
    page = opened.page
    assert not page.is_visible("#facets")
    where = "[scrollX, scrollY]"
    page.locator("#sheet").scroll_into_view_if_needed()
    before = page.evaluate(where)

    page.click("#sheet")
    sheet = page.locator("#facets").bounding_box()
    page.check("#facets input[data-value=ADMINISTRATOR]")
    over = page.evaluate("document.elementFromPoint(195, 600).closest('#facets') !== null")
    page.click("#facets .done")

    assert sheet
    assert (sheet["x"], sheet["width"], sheet["y"] + sheet["height"]) == (0, 390, 844)
    assert over
    assert page.evaluate(where) == before
    assert not page.is_visible("#facets")
    assert page.evaluate("document.activeElement.id") == "sheet"
    assert page.inner_text("#sheet") == "Filters (1)"
    page.click("#sheet")
    page.keyboard.press("Escape")
    assert not page.is_visible("#facets")


@pytest.mark.parametrize("by", ["", "person"])
def test_cards_on_a_phone(open_page: Open, by: str) -> None:
    """On a phone rows are cards, so nothing has to be scrolled in two directions."""
    opened = open_page("incomplete", f"#access?level=ADMINISTRATOR&by={by}", viewport=PHONE)

    row = opened.page.locator("#body tr[role=row]").first
    assert row.evaluate("row => getComputedStyle(row).display") == "grid"
    assert row.evaluate("row => row.scrollWidth <= row.clientWidth")
    labels = row.locator("td.n").evaluate_all("cells => cells.map((cell) => cell.dataset.label)")
    assert labels == (["Accounts", "Kinds of access", "Organizations"] if by else [])
    assert opened.page.evaluate(_SCROLLS_BOTH_WAYS) == []


_SCROLLS_BOTH_WAYS = """
() => [...document.querySelectorAll("main *")].filter((one) => {
  const style = getComputedStyle(one), scrolls = (axis) => ["auto", "scroll"].includes(style[axis]);
  return scrolls("overflowX") && scrolls("overflowY") &&
    one.scrollWidth > one.clientWidth + 1 && one.scrollHeight > one.clientHeight + 1;
}).map((one) => one.id || one.className)
"""


# Accessibility


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", ["desktop", "phone"])
def test_accessibility(open_page: Open, screen: str, scheme: str) -> None:
    """Axe finds nothing serious with an open profile next to the filters, or with the filters as a sheet."""
    phone = screen == "phone"
    opened = open_page(
        "incomplete",
        "#access" if phone else PROFILE,
        color_scheme=scheme,
        viewport=PHONE if phone else DESKTOP,
    )
    if phone:
        opened.page.click("#sheet")
        opened.page.locator("#facets .done").evaluate("last => { last.parentElement.scrollTop = 9_999; }")
    assert opened.page.is_visible("#facets")
    assert opened.page.is_visible("#profile") is not phone

    violations: list[dict[str, Any]] = Axe().run(opened.page, options=_RULES).response["violations"]

    assert [
        (violation["id"], [node["html"] for node in violation["nodes"]][:5])
        for violation in violations
        if violation["impact"] in {"serious", "critical"}
    ] == []


_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_target_size(open_page: Open, viewport: dict[str, int]) -> None:
    """Controls are at least 24 pixels high and wide, or as far from each other (WCAG 2.5.8)."""
    opened = open_page("incomplete", PROFILE, viewport=viewport)

    assert opened.page.evaluate(_SMALL_TARGETS) == []


_SMALL_TARGETS = """
() => {
  const controls = "button, summary, label, #find, .field input, nav a, a.button, .six a, th a, .more a";
  const { bottom } = document.querySelector("#rows").getBoundingClientRect();
  const top = document.querySelector("#headings").getBoundingClientRect().bottom;
  const isCut = (one, rect) => one.closest("#body") && (rect.top < top || rect.bottom > bottom);
  const targets = [...document.querySelectorAll(controls)].filter((one) => one.checkVisibility())
    .map((one) => [one, one.getBoundingClientRect()])
    .filter(([one, rect]) => rect.width && rect.height && !isCut(one, rect));
  const layer = (one) => one.closest("#profile, .top, main");
  const small = ([, { width, height }]) => Math.min(width, height) < 23.5;
  const center = ({ left, top, width, height }) => [left + width / 2, top + height / 2];
  const near = (one, other) => {
    const [x, y] = center(one);
    const dx = Math.max(other.left - x, 0, x - other.right);
    return Math.hypot(dx, Math.max(other.top - y, 0, y - other.bottom)) < 12;
  };
  return targets.filter(small).filter(([one, rect]) =>
    targets.some(([other, otherRect]) =>
      other !== one && layer(other) === layer(one) &&
      !other.contains(one) && !one.contains(other) && near(rect, otherRect)
    )
  ).map(([one, { width, height }]) => `${one.outerHTML.slice(0, 90)}: ${width} x ${height}`);
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_focus_is_visible(open_page: Open, scheme: str) -> None:
    """Every control that the Tab key reaches first has an outline that stands out."""
    opened = open_page("complete", color_scheme=scheme)

    focused = [_press_tab(opened.page) for _ in range(30)]

    assert len({name for name, _ in focused}) > 20
    assert [name for name, outlined in focused if not outlined] == []


def _press_tab(page: Page) -> tuple[str, bool]:
    page.keyboard.press("Tab")
    name, outlined = page.evaluate(
        "() => { const one = document.activeElement, { outlineStyle, outlineWidth } = getComputedStyle(one);"
        " return [one.outerHTML.slice(0, 120), outlineStyle === 'solid' && parseFloat(outlineWidth) >= 2]; }"
    )
    return name, outlined
