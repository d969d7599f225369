"""Pictures of the demo's page for README and docs: `python -m tests.browser.pictures`."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.browser.opened import CHROMIUM, OpenedPage, launch
from tests.browser.palette import with_palette

FOLDER = Path(__file__).parents[2] / "docs" / "images"

_SIZE: dict[str, Any] = {"viewport": {"width": 1180, "height": 760}, "device_scale_factor": 1.25}


def main() -> None:
    """Run the demo, open its pages and take the pictures."""
    if CHROMIUM is None:
        sys.exit("Chromium is missing: install it, or set CHROMIUM to its path")
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = launch(playwright)
        complete, incomplete = (_page(Path(folder, name), *more) for name, more in _DEMOS.items())
        for name, file, scheme in (
            ("overview", complete, "light"),
            ("incomplete", incomplete, "light"),
            ("explorer", complete, "dark"),
        ):
            opened = OpenedPage(browser, file, color_scheme=scheme, **_SIZE)
            if name == "explorer":
                opened.page.evaluate(f"location.hash = '{_QUESTION}'")
                opened.page.wait_for_timeout(300)
            picture = with_palette(opened.page.screenshot())
            (FOLDER / f"{name}.png").write_bytes(picture)
            sys.stdout.write(f"{FOLDER.name}/{name}.png: {len(picture):,} bytes\n")


_QUESTION = "#access?level=ADMINISTRATOR&ou=Workloads%2FProd&by=person"

_DEMOS: dict[str, tuple[str, ...]] = {"complete": (), "incomplete": ("--with-failure",)}


def _page(folder: Path, *options: str) -> Path:
    command = [sys.executable, "-m", "sso_batch", "--quiet", "demo", "--output", str(folder), *options]
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - ours
    return next(folder.glob("*/*.html"))


if __name__ == "__main__":
    main()
