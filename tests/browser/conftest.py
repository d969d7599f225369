"""A page opened in headless Chromium, which can reach nothing but the file, and what it complained of."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from sso_batch.report.page import page
from sso_batch.report.page.explorer import ROWS
from sso_batch.report.report_input import Overview
from tests.browser.opened import CHROMIUM, Opened, launch

NO_CHROMIUM = "no Chromium: install one, such as Debian's package chromium, or name it in CHROMIUM"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for each module: playwright's loop would be in the way of other modules' own."""
    if CHROMIUM is None:
        pytest.skip(NO_CHROMIUM)
    with sync_playwright() as playwright:
        started = launch(playwright)
        yield started
        started.close()


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Open a run's page: `show(overview, rows=…, **context)`; it must not complain, nor ask for more."""
    opened: list[Opened] = []

    def show(overview: Overview, *, rows: int = ROWS, **context: Any) -> Opened:  # noqa: ANN401 - playwright's
        file = tmp_path / f"{len(opened)}.html"
        file.write_text("".join(page(overview, rows=rows)), encoding="utf-8")
        opened.append(Opened(browser, file, **context))
        return opened[-1]

    yield show
    for one in opened:
        one.context.close()
        assert one.complaints == []
        assert one.requests == [one.file.as_uri()]
