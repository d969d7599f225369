"""The page on a narrow screen and on paper: words and account numbers stay whole, and columns wide enough."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sso_batch.coverage import BlindSpot, NotExamined, Omission
from sso_batch.report.report_input import ReportInput
from sso_batch.review.finding import Finding
from tests.browser.opened import OpenedPage
from tests.support.overviews import changes, company, overview, with_gap

ORGANIZATIONS = 40
_NAMES = ("aurora-logistics", "borealis-insurance", "corvus-engineering", "delphi-pharma")

BROKEN_WORDS = r"""
() => {
  const broken = [];
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    if (node.parentElement.closest("svg, script, [hidden], .unseen")) continue;
    const words = /(?<=^|[\s(-])\p{L}{2,20}(?=$|[\s),.;:-])|(?<![\w:])\d{12}(?!\w)/gu;
    for (const word of node.data.matchAll(words)) {
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const tops = new Set([...range.getClientRects()].map((one) => Math.round(one.top)));
      if (tops.size > 1) broken.push(`${word[0]} in ${node.parentElement.closest("[id]")?.id}`);
    }
  }
  return [...new Set(broken)];
}
"""
"""Words and account numbers that stand on several lines; addresses and paths are not words."""


def large() -> ReportInput:
    """Give a run of many organizations with long names, in each of which something was not examined."""
    names = [f"{_NAMES[number % 4]}-{number:02}" for number in range(ORGANIZATIONS)]
    companies = [
        replace(
            company(name, number, grants=20),
            not_examined=(
                NotExamined.by_collection(Omission.OTHER_APPLICATIONS),
                *(
                    NotExamined.by_collection(omission)
                    for omission in (Omission.ORPHANED_ASSIGNMENTS, Omission.UNASSIGNED_PERMISSION_SETS)
                    if number % 3 == 0
                ),
                *(
                    NotExamined.by_check(
                        check,
                        BlindSpot("policies of permission sets that were not read or not understood", number),
                        BlindSpot("what customer managed policies allow", number + 7),
                        BlindSpot("members of groups that were not read", number),
                    )
                    for check in (
                        "admin-access",
                        "cross-organization-admin",
                        "admin-gained",
                        "stale-membership",
                    )
                ),
                NotExamined.by_comparison("no earlier run in this place has it complete"),
            ),
        )
        for number, name in enumerate(names)
    ]
    companies[7] = with_gap(companies[7])
    found = tuple(
        Finding(
            "high",
            "admin-access",
            snapshot.organization,
            f"Konstantin Oppenheimer is administrator by AdministratorAccess (Admin in {account.name})",
            "konstantin.oppenheimer@subsidiary.example.com",
            "Konstantin Oppenheimer",
            snapshot.users[0].id,
            principal_type="USER",
            principal_id=snapshot.users[0].id,
            account_id=account.id,
            account_name="production-payments",
            permission_set="AdministratorAccess",
        )
        for snapshot in companies
        for account in snapshot.accounts[:2]
    )
    return overview(
        *companies, failed=["unreachable-subsidiary"], findings=found, changes=changes(*companies[:6])
    )


@pytest.fixture(scope="module")
def run() -> ReportInput:
    """Make the run once."""
    return large()


def opened_whole(show: Callable[..., OpenedPage], run: ReportInput, **context: Any) -> OpenedPage:  # noqa: ANN401 - playwright's
    """Open the page, and everything in it that can be opened."""
    opened = show(run, **context)
    opened.page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    return opened


@pytest.mark.parametrize("width", [390, 700, 1000, 1400])
def test_words_are_whole(show: Callable[..., OpenedPage], run: ReportInput, width: int) -> None:
    """No word and no account number is broken, and the page is no wider than the screen."""
    opened = opened_whole(show, run, viewport={"width": width, "height": 900})

    assert opened.page.evaluate(BROKEN_WORDS) == []
    assert opened.page.evaluate("() => document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [688, 720])  # A4 and Letter within their margins
def test_words_are_whole_on_paper(show: Callable[..., OpenedPage], run: ReportInput, width: int) -> None:
    """On paper neither, where nothing can be scrolled: no column leaves the paper."""
    opened = show(run, viewport={"width": width, "height": 1000})
    opened.page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    opened.page.emulate_media(media="print")

    assert opened.page.evaluate(BROKEN_WORDS) == []
    assert opened.page.evaluate("() => document.documentElement.scrollWidth") <= width
    assert opened.page.evaluate("() => document.querySelector('section.status').offsetHeight") < 3 * 1000


def test_height(show: Callable[..., OpenedPage], run: ReportInput) -> None:
    """What was not examined takes little of the page, and what checks lacked is only shown if asked for."""
    opened = show(run, viewport={"width": 700, "height": 900})
    opened.page.click("summary:has-text('Not examined:')")
    height = "() => document.querySelector('section.status').offsetHeight"

    assert opened.page.evaluate(height) < 3_000
    opened.page.click("details.screen > summary")
    assert opened.page.evaluate(height) < 30_000
