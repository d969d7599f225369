"""A page in a browser window."""

import os
import shutil
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Playwright

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")

_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

_ROW = """
(tr) => {
  const small = tr.children[5].querySelector("small");
  const value = (at) => tr.children[at].querySelector("button")?.dataset.value ?? "";
  return {
    index: Number(tr.getAttribute("aria-rowindex")),
    name: tr.children[0].firstChild.textContent,
    account: value(1),
    with: value(2),
    through: value(3),
    organization: tr.children[4].textContent,
    state: small?.textContent ?? "OK",
  };
}
"""

Row = dict[str, str]


def launch(playwright: Playwright) -> Browser:
    """Start the machine's own Chromium."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=list(_ARGUMENTS))


class OpenedPage:
    """One of our pages, offline, with every console message and request."""

    def __init__(self, browser: Browser, file: Path, **context: Any) -> None:  # noqa: ANN401 - playwright's
        self.file = file
        self.messages: list[str] = []
        self.requests: list[str] = []
        self.context = browser.new_context(offline=True, **context)
        self.context.set_default_timeout(10_000)
        self.page = self.context.new_page()
        self.page.on("console", lambda message: self.messages.append(message.text))
        self.page.on("pageerror", lambda error: self.messages.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(file.as_uri())
        if context.get("java_script_enabled", True):
            self.page.wait_for_selector("html[data-ready]")

    def fill(self, **fields: str) -> None:
        """Fill in fields, select values of facets (several with spaces), and wait for the answer."""
        for name, value in fields.items():
            if name in {"level", "ou", "organization", "way", "state"}:
                for each in value.split():
                    self.page.check(f"#facets input[data-facet={name}][data-value='{each}']")
            else:
                self.page.fill(f"#{name}", value)
        # A timer of the page: the explorer waits until typing has paused.
        self.page.evaluate("new Promise((done) => setTimeout(done, 130))")

    @property
    def answer(self) -> str:
        """The explorer's answer."""
        return self.page.inner_text("#answer")

    @property
    def caveats(self) -> str:
        """What the explorer says may be missing."""
        return self.page.inner_text("#caveats")

    def rows(self) -> list[Row]:
        """Return every row in order, visible or not, by scrolling through the window."""
        found: dict[int, Row] = {}
        window = self.page.locator("#rows")
        if not window.is_visible():
            return []
        total = int(window.locator("table").get_attribute("aria-rowcount") or 0) - 1
        window.evaluate("view => view.scrollTop = 0")
        self.page.wait_for_timeout(25)
        while True:
            shown = self.page.eval_on_selector_all("#body tr[role=row]", f"rows => rows.map({_ROW})")
            found |= {row.pop("index"): row for row in shown}
            if len(found) >= total:
                return [found[index] for index in sorted(found)]
            window.evaluate("view => view.scrollTop += view.clientHeight")
            self.page.wait_for_timeout(25)
