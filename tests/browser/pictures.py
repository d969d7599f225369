"""Pictures of a fleet's page for README and docs: `python -m tests.browser.pictures [NAME ...]`."""

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from sso_batch.report.page import render_page
from tests.browser.opened import CHROMIUM, OpenedPage, launch
from tests.browser.palette import with_palette
from tests.support.fleet import CONTRACTOR, fleet

FOLDER = Path(__file__).parents[2] / "docs" / "images"

_SCREEN: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
_PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2}
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
    """Make the fleet's pages and take the pictures, light and dark."""
    if CHROMIUM is None:
        sys.exit("Chromium is missing: install it, or set CHROMIUM to its path")
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = launch(playwright)
        files = {incomplete: Path(folder, f"{incomplete}.html") for incomplete in (False, True)}
        for incomplete, file in files.items():
            file.write_text("".join(render_page(fleet(incomplete=incomplete))), encoding="utf-8")
        for name in names or PICTURES:
            picture = PICTURES[name]
            for scheme in ("light", "dark"):
                opened = OpenedPage(
                    browser, files[picture.incomplete], color_scheme=scheme, **picture.screen()
                )
                opened.page.evaluate("hash => { location.hash = hash; }", picture.address)
                picture.prepare(opened.page)
                opened.page.wait_for_timeout(300)
                png = with_palette(opened.page.screenshot())
                opened.context.close()
                (FOLDER / f"{name}-{scheme}.png").write_bytes(png)
                sys.stdout.write(f"{FOLDER.name}/{name}-{scheme}.png: {len(png):,} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1:])
