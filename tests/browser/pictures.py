"""Pictures of pages and sheets for README and docs: `python -m tests.browser.pictures [NAME ...]`."""

import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from sso_batch.report.page import render_page
from tests.browser.campaign_pictures import LIBRE_OFFICE, PAGES, SHEETS, demo_campaign, sheet_picture
from tests.browser.opened import CHROMIUM, OpenedPage, launch
from tests.browser.palette import with_palette
from tests.support.fleet import CONTRACTOR, fleet

FOLDER = Path(__file__).parents[2] / "docs" / "images"

_SCREEN: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
_PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2}
_RECORD: dict[str, Any] = {"viewport": {"width": 1040, "height": 940}}
_SCHEMES = ("light", "dark")
_PRODUCTION = "#access?level=ADMINISTRATOR&ou=Workloads%2FProd&by=person"
_CONTRACTOR = f"#access?ou=Workloads%2FProd&profile=person:{CONTRACTOR}"


@dataclass(frozen=True, slots=True)
class Picture:
    """What a picture shows: the run, the address, what is done first, and the screen."""

    address: str = ""
    incomplete: bool = False
    screen: Callable[[], dict[str, Any]] = _SCREEN.copy
    prepare: Callable[[Page], None] = lambda _page: None


def _open_callers(page: Page) -> None:
    page.click("#evidence summary >> nth=0")
    page.locator("#evidence").evaluate("section => section.scrollIntoView()")


PICTURES = {
    "overview": Picture(),
    "access": Picture(_PRODUCTION),
    "profile": Picture(_CONTRACTOR),
    "evidence": Picture("#evidence", prepare=_open_callers),
    "incomplete": Picture(incomplete=True),
    "phone": Picture(screen=_PHONE.copy),
}


def main(names: list[str]) -> None:
    """Take the pictures with these names, or all of them."""
    if CHROMIUM is None:
        sys.exit("Chromium is missing: install it, or set CHROMIUM to its path")
    FOLDER.mkdir(exist_ok=True)
    wanted = names or [*PICTURES, *PAGES, *SHEETS]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = launch(playwright)
        for name, png in _taken(browser, Path(folder), wanted):
            (FOLDER / f"{name}.png").write_bytes(png)
            sys.stdout.write(f"{FOLDER.name}/{name}.png: {len(png):,} bytes\n")


def _taken(browser: Browser, folder: Path, wanted: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the names of files without their extension, and the pictures."""
    pages = [name for name in wanted if name in PAGES]
    sheets = [name for name in wanted if name in SHEETS]
    yield from _of_fleet(browser, folder, [name for name in wanted if name in PICTURES])
    if not (pages or sheets):
        return
    campaign = demo_campaign(folder)
    for name in pages:
        yield from _of_record(browser, campaign / PAGES[name], name)
    if sheets and LIBRE_OFFICE is None:
        names = ", ".join(sheets)
        sys.stderr.write(f"!!! SKIPPED {names}: LibreOffice is missing: install libreoffice-calc\n")
        return
    for name in sheets:
        yield name, sheet_picture(campaign, SHEETS[name], folder)


def _of_fleet(browser: Browser, folder: Path, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yield pictures of a fleet's page, light and dark."""
    files = {incomplete: folder / f"{incomplete}.html" for incomplete in (False, True)}
    for name in names:
        picture = PICTURES[name]
        file = files[picture.incomplete]
        if not file.exists():
            page = render_page(fleet(incomplete=picture.incomplete))
            file.write_text("".join(page), encoding="utf-8")
        for scheme in _SCHEMES:
            opened = OpenedPage(browser, file, color_scheme=scheme, **picture.screen())
            opened.page.evaluate("hash => { location.hash = hash; }", picture.address)
            picture.prepare(opened.page)
            opened.page.wait_for_timeout(300)
            yield f"{name}-{scheme}", with_palette(opened.page.screenshot())
            opened.context.close()


def _of_record(browser: Browser, file: Path, name: str) -> Iterator[tuple[str, bytes]]:
    """Yield pictures of a page without scripts, light and dark."""
    for scheme in _SCHEMES:
        opened = OpenedPage(browser, file, color_scheme=scheme, java_script_enabled=False, **_RECORD)
        yield f"{name}-{scheme}", with_palette(opened.page.screenshot())
        opened.context.close()


if __name__ == "__main__":
    main(sys.argv[1:])
