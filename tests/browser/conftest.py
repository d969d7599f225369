"""A page opened in headless Chromium, which can reach only the file; console messages fail the test."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from sso_batch.report.page import render_page
from sso_batch.report.page.explorer import MAX_ROWS
from sso_batch.report.report_input import ReportInput
from tests.browser.opened import CHROMIUM, OpenedPage, launch

NO_CHROMIUM = (
    "Chromium is missing: install it, for example Debian's package chromium, or set CHROMIUM to its path"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start a browser for each module: playwright's event loop would block those of other modules."""
    if CHROMIUM is None:
        pytest.skip(NO_CHROMIUM)
    with sync_playwright() as playwright:
        started = launch(playwright)
        yield started
        started.close()


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., OpenedPage]]:
    """Return `show(report, max_rows=…, **context)`, which opens a page; it must log and request nothing."""
    opened: list[OpenedPage] = []

    def show(report: ReportInput, *, max_rows: int = MAX_ROWS, **context: Any) -> OpenedPage:  # noqa: ANN401 - playwright's
        file = tmp_path / f"{len(opened)}.html"
        file.write_text("".join(render_page(report, max_rows=max_rows)), encoding="utf-8")
        opened.append(OpenedPage(browser, file, **context))
        return opened[-1]

    yield show
    for page in opened:
        page.context.close()
        assert page.messages == []
        assert page.requests == [page.file.as_uri()]
