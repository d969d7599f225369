"""The page's text: whole in itself, loud about holes, and inert whatever the names are."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from typing import Any

import pytest

from sso_batch.coverage import UNLISTED_PRINCIPALS, of_unknown_kind
from sso_batch.model import PermissionSet, Snapshot
from sso_batch.report import changes_csv
from sso_batch.report.page import page
from sso_batch.report.page.view_model import SHOWN
from sso_batch.report.report_input import Overview
from sso_batch.review.finding import FindingCounts
from sso_batch.run_files.results import Status
from sso_batch.store import FileEntry, FileKind
from tests.support.overviews import HOSTILE, changes, company, findings, hostile, overview, with_gap
from tests.support.records import gap, outcome, snapshot

ACME = company("acme", 1)


def text(run: Overview) -> str:
    return "".join(page(run))


def data(html: str, name: str) -> list[dict[str, Any]]:
    """What one of the page's data elements holds."""
    (found,) = re.findall(rf'<script type="application/json" id="{name}">(.*?)</script>', html, re.DOTALL)
    read: list[dict[str, Any]] = json.loads(found)
    return read


def words(html: str) -> str:
    """The page's text without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<(style|script).*?</\1>|<[^>]*>", " ", html, flags=re.DOTALL))


# Holes


def test_incomplete() -> None:
    """An incomplete run says so before all else: which organizations, which gaps, and what to do."""
    said = words(text(overview(ACME, with_gap(company("globex", 2)), failed=["initech"])))

    loud = said.index("Incomplete: this page does not tell all")
    assert loud < said.index("ListGroupMemberships") < said.index("Organizations", loud)
    assert "2 of 3 organizations were not read whole." in said
    assert "globex was read in part: 1 gap" in said
    assert "initech could not be read: 1 gap" in said
    assert "allow the role the IAM action sso:ListAccountAssignments" in said
    assert "At least these: not everything was read that can make an administrator." in said
    assert text(overview(failed=["x"])).count("<title>FAILED: ") == 1


def test_failed() -> None:
    """Where nothing was read, the page says that it tells nothing."""
    said = words(text(overview(failed=["acme"])))

    assert "Failed: nothing was read" in said
    assert "Nobody is known to be one." in said
    assert "Nothing is known of its access." in said


def test_many_gaps() -> None:
    """Of many gaps the first are listed, and where the others are."""
    one = replace(ACME, gaps=tuple(gap(f"resource-{number}") for number in range(25)))

    said = words(text(overview(one)))

    assert "20 of 25 gaps; all of them are in aws_sso_access_report_20260304_050607_manifest.json" in said
    assert "resource-19" in said
    assert "resource-20" not in said


def test_a_kind_that_is_not_known_is_a_doubt() -> None:
    """What this version cannot read may hide a way to an account, and is named as AWS named it, inert."""
    line = of_unknown_kind(2, "group members", "Dev\u202e</script>")
    html = text(overview(replace(ACME, not_examined=(line, "account paths"))))

    (doubt,) = data(html, "doubts")
    assert doubt["unexamined"] == [line.replace("\u202e", "[U+202E]")]


def test_not_examined() -> None:
    """What was not examined, not selected, or did not come from AWS is said, and a complete run stays one."""
    run = overview(replace(ACME, not_examined=("orphaned assignments", "account paths")))
    organizations = (replace(run.outcome.organizations[0], endpoint_overrides=("sts=http://localhost:1",)),)
    run = replace(
        run,
        outcome=replace(run.outcome, organizations=organizations),
        facts=replace(run.facts, not_selected=("globex",)),
    )

    html = text(run)

    said = words(html)
    assert "Not examined: orphaned assignments; account paths" in said
    assert "Not selected for this run: globex." in said
    assert "These answers did not come from AWS , but from http://localhost:1" in said
    assert "nobody has, apart from what is named below." in said
    (doubts,) = data(html, "doubts")
    assert (doubts["holes"], doubts["unexamined"]) == ([], ["orphaned assignments"])


def test_what_checks_would_need_is_below() -> None:
    """Of what checks lack, the summary says that there is some; each of them is told when it is opened."""
    lacks = ("changes: no earlier run", "check admin-access: inline policies: 3")

    said = words(text(overview(replace(ACME, not_examined=("account paths", *lacks)))))

    assert "Not examined: account paths; some of what checks and comparisons would need account paths" in said
    assert all(one in said for one in lacks)


def test_interrupted() -> None:
    """An organization that was not reached is a hole like one that failed."""
    run = overview(ACME)
    stopped = outcome("globex", Status.INTERRUPTED)
    run = replace(run, outcome=replace(run.outcome, organizations=(*run.outcome.organizations, stopped)))

    html = text(run)

    assert data(html, "doubts")[1]["holes"] == ["nothing of it was read, so any way in it is missing here"]
    assert "Incomplete: this page does not tell all" in html


# Safety


def test_self_contained() -> None:
    """Nothing is asked of anybody: no address, and a policy that lets our own style and script pass alone."""
    html = text(overview(ACME, hostile(), findings=findings(), changes=changes(ACME)))

    assert not re.findall(r"<(?:link|img|iframe|object|embed|base|form[^>]*action)\b", html)
    assert not re.findall(r'\s(?:src|style|on\w+|formaction|action)\s*=\s*"', html)
    assert set(re.findall(r'href="([^"]*)"', html)) <= {
        f"#{name}"
        for name in ("organizations", "figures", "administrators", "findings", "changes", "explorer")
    }
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    (style,), (script,) = (
        re.findall(rf"<{name}>(.*?)</{name}>", html, re.DOTALL) for name in ("style", "script")
    )
    sums = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in (style, script)]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{sums[0]}'; script-src 'sha256-{sums[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )


def test_hostile_names() -> None:
    """No name ends an element or begins one; what is hidden is written out; all of it can be encoded."""
    html = text(overview(hostile(), findings=findings(HOSTILE[0])))

    assert html.count("<script") == html.count("</script>") == 3
    assert "<!--" not in html
    assert "<img" not in html
    assert "{{ 7 * 7 }}" in html
    assert not re.search("[\u2028\u2029\u202a-\u202e\u2066-\u2069\x00\x1b]", html)
    assert "[U+202E]txt.exe" in html
    assert html.encode().decode() == html
    records = re.findall(r'id="(?:records|doubts)">(.*?)</script>', html, re.DOTALL)
    assert not any(re.search("[<>&]", one) for one in records)


# What it shows


def test_empty() -> None:
    """An organization without anything is a page without anything, and no mistake."""
    said = words(text(overview(snapshot())))

    assert "The one organization was read whole: what this page does not show, nobody has." in said
    assert "Nobody is." in said
    assert "This run looked for no findings." in said
    assert "This run was not compared with an earlier one." in said


def test_findings_and_changes() -> None:
    """Findings stand by check, the gravest first, waived ones apart; changes with what was not compared."""
    changed = changes(ACME)

    run = overview(ACME, findings=findings(), changes=changed, not_compared=[("globex", "it is incomplete")])

    said = words(text(run))
    told = said[said.index("apart from those") if "apart from those" in said else 0 :]
    assert told.index("admin-access 1, and 1 waived") < told.index("orphaned-grant 1")
    assert told.index("orphaned-grant 1") < told.index("direct-grant 1")
    assert "Waived until 2026-12-31: break glass, sealed" in said
    assert "globex was not compared: it is incomplete" in said
    counts = [sum(one.kind == kind for one in changed) for kind in ("added", "removed", "changed")]
    assert "added: {} changes. removed: {} changes. changed: {} changes.".format(*counts) in said


def test_nothing_found() -> None:
    """Findings that were looked for and not found are none, and not unknown; likewise changes."""
    run = overview(ACME, changes=())
    found = (replace(run.outcome.organizations[0], findings=FindingCounts()),)

    said = words(text(replace(run, outcome=replace(run.outcome, organizations=found))))

    assert "Findings None." in said
    assert "Changes since the run before None." in said


def test_many_findings_and_changes() -> None:
    """Of many the first are shown, and how many there are."""
    many = tuple(replace(findings()[0], user_id=f"u-{number}") for number in range(SHOWN + 5))
    changed = changes(*(company("acme", seed) for seed in range(4)))

    said = words(text(overview(ACME, findings=many, changes=changed)))

    assert f"{SHOWN} of {SHOWN + 5} findings." in said
    assert f"{SHOWN} of {len(changed)} changes." in said


def test_changes_are_counted_as_what_they_are() -> None:
    """The page counts changes and the file has rows: both numbers are given, each by its name."""
    changed = changes(*(company("acme", seed) for seed in range(4)))
    rows = sum(count for _, count in changes_csv.lines(changed, escape=False))
    run = overview(ACME, findings=(findings()[0],) * (SHOWN + 1), changes=changed)
    files = tuple(
        FileEntry(f"report_{kind.value}", kind, "0" * 64, 0, 0)
        for kind in (FileKind.FINDINGS_CSV, FileKind.CHANGES_CSV)
    )

    said = words(text(replace(run, outcome=replace(run.outcome, files=files))))

    assert rows > len(changed)
    assert f"{SHOWN} of {SHOWN + 1} findings; all of them are in report_findings_csv ." in said
    assert (
        f"{SHOWN} of {len(changed)} changes; all of them are in report_changes_csv , in {rows} rows" in said
    )


CUSTOMER_MANAGED = PermissionSet("arn:own", "Own", "", "PT1H", (), ("/own",), "", "", ())


@pytest.mark.parametrize(
    ("one", "unread"),
    [
        (
            replace(
                ACME,
                permission_sets=tuple(
                    replace(CUSTOMER_MANAGED, arn=each.arn) for each in ACME.permission_sets
                ),
            ),
            "what customer managed policies allow: 1",
        ),
        (replace(ACME, permission_sets=()), "policies of permission sets that were not read"),
        (replace(snapshot(), not_examined=(UNLISTED_PRINCIPALS,)), UNLISTED_PRINCIPALS),
    ],
)
def test_nobody_is_known_to_be_administrator(one: Snapshot, unread: str) -> None:
    """The page never says that nobody is an administrator where that was not read."""
    html = text(overview(one))

    said = words(html)
    assert "Nobody is known to be one." in said
    assert "Nobody is." not in said
    assert f"What was not read {one.organization}" in said
    assert re.search(r"<dt>admins</dt><dd><abbr[^>]*>≥</abbr> 0</dd>", html)
    assert f"{one.organization}: at least 0 people." in said
    assert any(unread in what for what in data(html, "doubts")[0]["administrators"])


def test_none_found() -> None:
    """The page says None without reserve only where the checks could look at everything."""

    def said(*not_examined: str) -> str:
        run = overview(replace(ACME, not_examined=not_examined))
        found = (replace(run.outcome.organizations[0], findings=FindingCounts()),)
        return words(text(replace(run, outcome=replace(run.outcome, organizations=found))))

    assert "Findings None." in said("account paths")
    assert "Findings None in what was examined." in said("check admin-access: what was not read: 1")


@pytest.mark.parametrize("organizations", [1, 30])
def test_plots(organizations: int) -> None:
    """Each plot has a title, a description with all of its numbers, and a table of them."""
    html = text(overview(*(company(f"org-{number}", number) for number in range(organizations))))

    assert html.count('<svg role="img"') == html.count("<desc") == html.count("As a table") == 3
    assert ("21 other organizations" in html) == (organizations == 30)
