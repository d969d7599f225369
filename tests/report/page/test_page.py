"""The page's HTML: self-contained, clear about gaps, and safe with any names."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from typing import Any

import pytest

from sso_batch.coverage import NotExamined, Omission
from sso_batch.model import (
    GROUP,
    USER,
    Application,
    ApplicationAssignment,
    EndpointOverride,
    GapKind,
    Group,
    PermissionSet,
    Principal,
    Snapshot,
)
from sso_batch.report import changes_csv
from sso_batch.report.page import render_page
from sso_batch.report.page.change_causes import MAX_LISTED
from sso_batch.report.page.issues import MAX_ROWS
from sso_batch.report.report_input import ReportInput
from sso_batch.review.finding import FindingCounts
from sso_batch.run_files.results import Status
from sso_batch.store import FileEntry, FileKind
from tests.privileges.policies import allow
from tests.support.overviews import HOSTILE, changes, company, findings, hostile, overview, with_gap
from tests.support.records import (
    ADMIN,
    application,
    gap,
    grant,
    membership_of,
    outcome,
    permission_set,
    snapshot,
    unexamined,
    user,
)

ACME = company("acme", 1)


def html_of(report: ReportInput) -> str:
    return "".join(render_page(report))


def data(html: str, name: str) -> list[dict[str, Any]]:
    """Return the content of one of the page's data elements."""
    (found,) = re.findall(rf'<script type="application/json" id="{name}">(.*?)</script>', html, re.DOTALL)
    parsed: list[dict[str, Any]] = json.loads(found)
    return parsed


def text_of(html: str) -> str:
    """Return the page's text without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<(style|script).*?</\1>|<[^>]*>", " ", html, flags=re.DOTALL))


# Gaps


def test_incomplete() -> None:
    """An incomplete run first says so: which organizations, which gaps, and what to do."""
    text = text_of(html_of(overview(ACME, with_gap(company("globex", 2)), failed=["initech"])))

    status = text.index("Incomplete: access may be missing from this page")
    assert status < text.index("ListGroupMemberships") < text.index("Organizations", status)
    assert "2 of 3 organizations were not read completely." in text
    assert "globex was partly read: 1 gap" in text
    assert "initech could not be read: 1 gap" in text
    assert "allow the role the IAM action sso:ListAccountAssignments" in text
    assert "There may be more administrators: some of the data that determines them was not read." in text
    assert html_of(overview(failed=["x"])).count("<title>FAILED: ") == 1


def test_failed() -> None:
    """If no data was read, the page says that it contains no information."""
    text = text_of(html_of(overview(failed=["acme"])))

    assert "Failed: no data was read" in text
    assert "No administrators were found in the data that was read." in text
    assert "Its access is unknown." in text


def test_many_gaps() -> None:
    """Gaps with the same operation and error are one line, with the file that has all of them."""
    others = (gap("group-1", operation="ListGroupMemberships"),)
    many = (*(gap(f"resource-{number}") for number in range(25)), *others)

    text = text_of(html_of(overview(replace(ACME, gaps=many))))

    assert f"{many[0].operation} 25 times such as resource-0" in text
    assert "ListGroupMemberships group-1" in text
    assert "resource-1 " not in text
    assert "All 26 gaps are in manifest.json" in text


@pytest.mark.parametrize(
    ("hint", "shown"),
    [
        ("reduce `max_rate` & wait", "reduce <code>max_rate</code> &amp; wait"),
        ("one ` alone, <b>", "one ` alone, &lt;b&gt;"),
        ("`<b>\u202e`", "<code>&lt;b&gt;[U+202E]</code>"),
    ],
)
def test_code_in_hints(hint: str, shown: str) -> None:
    """What a hint names between backticks is shown as code; everything else stays text."""
    html = html_of(overview(replace(ACME, gaps=(gap(hint=hint),))))

    assert f'<td data-label="What to do">{shown}</td>' in html


def test_unknown_kind() -> None:
    """What this version cannot read may hide access, and is a caveat with AWS's own name for it."""
    item = NotExamined.of_unknown_kind(2, "group members", "Dev\u202e</script>")
    html = html_of(overview(replace(ACME, not_examined=(item, *unexamined("account paths")))))

    (caveat,) = data(html, "caveat-data")
    assert caveat["unexamined"] == [item.text.replace("\u202e", "[U+202E]")]


def test_not_examined() -> None:
    """What was not examined, not selected or not from AWS is shown, and a complete run stays complete."""
    run = overview(replace(ACME, not_examined=unexamined("orphaned assignments", "account paths")))
    organizations = (
        replace(
            run.outcome.organizations[0], endpoint_overrides=(EndpointOverride("sts", "http://localhost:1"),)
        ),
    )
    run = replace(
        run,
        outcome=replace(run.outcome, organizations=organizations),
        facts=replace(run.facts, not_selected=("globex",)),
    )

    html = html_of(run)

    text = text_of(html)
    assert "Not examined: orphaned assignments; account paths" in text
    assert "Not selected for this run: globex." in text
    assert "Endpoint override : http://localhost:1 (these answers did not come from AWS)." in text
    assert "that this page does not show, except as listed below." in text
    (caveat,) = data(html, "caveat-data")
    assert (caveat["gaps"], caveat["unexamined"]) == ([], ["orphaned assignments"])


def test_not_examined_by_checks() -> None:
    """The summary mentions blind spots of checks and comparisons; the details list each of them."""
    blind_spots = ("changes: no earlier run", "check admin-access: inline policies: 3")

    text = text_of(html_of(overview(replace(ACME, not_examined=unexamined("account paths", *blind_spots)))))

    assert "Not examined: account paths; some data for checks and comparisons account paths" in text
    assert all(blind_spot in text for blind_spot in blind_spots)


def test_checks_that_need_settings() -> None:
    """Checks that need settings which are off share one line."""
    off = [
        "check leaver-access: there is no roster (review.roster)",
        "check dormant-user: sign-ins are not collected (collect.activity: false)",
    ]

    text = text_of(html_of(overview(replace(ACME, not_examined=unexamined(*off)))))

    together = "leaver-access (review.roster), dormant-user (collect.activity)"
    assert f"checks that need settings which are off {together}" in text
    assert not any(each in text for each in off)


def test_interrupted() -> None:
    """An organization that was not reached is a caveat like one that failed."""
    run = overview(ACME)
    stopped = outcome("globex", Status.INTERRUPTED)
    run = replace(run, outcome=replace(run.outcome, organizations=(*run.outcome.organizations, stopped)))

    html = html_of(run)

    assert data(html, "caveat-data")[1]["gaps"] == [
        "nothing was read, so all of its access paths are missing here"
    ]
    assert "Incomplete: access may be missing from this page" in html


# Safety


def test_self_contained() -> None:
    """The page loads nothing, and its policy allows only its own style and script."""
    html = html_of(overview(ACME, hostile(), findings=findings(), changes=changes(ACME)))

    assert not re.findall(r"<(?:link|img|iframe|object|embed|base|form[^>]*action)\b", html)
    assert not re.findall(r'\s(?:src|style|on\w+|formaction|action)\s*=\s*"', html)
    sections = ("overview", "organizations", "findings", "changes", "access", "evidence")
    links = re.findall(r'href="([^"]*)"', html)
    assert {link.partition("?")[0] for link in links} <= {f"#{name}" for name in sections}
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    (style,), (script,) = (
        re.findall(rf"<{name}(?: type=.module.)?>(.*?)</{name}>", html, re.DOTALL)
        for name in ("style", "script")
    )
    sums = [base64.b64encode(hashlib.sha256(source.encode()).digest()).decode() for source in (style, script)]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{sums[0]}'; script-src 'sha256-{sums[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )


def test_hostile_names() -> None:
    """No name closes or opens an element; hidden characters are written out; the page is valid UTF-8."""
    html = html_of(overview(hostile(), findings=findings(HOSTILE[0])))

    assert html.count("<script") == html.count("</script>") == 3
    assert "<!--" not in html
    assert "<img" not in html
    assert "{{ 7 * 7 }}" in html
    assert not re.search("[\u2028\u2029\u202a-\u202e\u2066-\u2069\x00\x1b]", html)
    assert "[U+202E]txt.exe" in html
    assert html.encode().decode() == html
    records = re.findall(r'id="(?:records|caveat-data)">(.*?)</script>', html, re.DOTALL)
    assert not any(re.search("[<>&]", record) for record in records)


# Content


def test_empty() -> None:
    """An organization without any data gives a page without data, and no error."""
    text = text_of(html_of(overview(snapshot())))

    assert (
        "The organization was read completely: nobody has access through IAM Identity Center that this page "
        "does not show."
    ) in text
    assert "There are no administrators." in text
    assert "No checks were run." in text
    assert "This run was not compared with an earlier run." in text


def test_findings_and_changes() -> None:
    """Findings are grouped by cause, the highest severity first, and waived ones counted separately."""
    changed = changes(ACME)

    run = overview(ACME, findings=findings(), changes=changed, not_compared=[("globex", "it is incomplete")])

    text = text_of(html_of(run))
    assert text.index("admin-access · 1 finding") < text.index("orphaned-grant · 1 finding")
    assert text.index("orphaned-grant · 1 finding") < text.index("direct-grant · 1 finding")
    assert "1 more issue is waived" in text
    assert "Waived until 2026-12-31: break glass, sealed" in text
    assert "globex was not compared: it is incomplete" in text
    counts = [sum(change.kind == kind for change in changed) for kind in ("added", "removed", "changed")]
    assert "added: {} changes. removed: {} changes. changed: {} changes.".format(*counts) in text


def test_nothing_found() -> None:
    """Checks without findings and comparisons without changes show that there are none."""
    run = overview(ACME, changes=())
    found = (replace(run.outcome.organizations[0], findings=FindingCounts()),)

    text = text_of(html_of(replace(run, outcome=replace(run.outcome, organizations=found))))

    assert "Findings: none." in text
    assert "What changed None." in text


def test_many_findings_and_changes() -> None:
    """Only the first findings and changes are listed, with their total."""
    many = tuple(replace(findings()[0], account_id=f"{number:012}") for number in range(MAX_ROWS + 5))
    changed = changes(*(company("acme", seed) for seed in range(4)))

    text = text_of(html_of(overview(ACME, findings=many, changes=changed)))

    assert f"Showing {MAX_ROWS} of {MAX_ROWS + 5} findings." in text
    assert f"showing {MAX_LISTED} of {len(changed)} changes." in text


def test_number_of_changes_and_rows() -> None:
    """The page shows the number of changes, and the number of rows in the file."""
    changed = changes(*(company("acme", seed) for seed in range(4)))
    rows = sum(count for _, count in changes_csv.lines(changed, escape=False))
    run = overview(ACME, findings=findings(), changes=changed)
    files = tuple(
        FileEntry(f"report_{kind.value}", kind, "0" * 64, 0, 0)
        for kind in (FileKind.FINDINGS_CSV, FileKind.CHANGES_CSV)
    )

    text = text_of(html_of(replace(run, outcome=replace(run.outcome, files=files))))

    assert rows > len(changed)
    assert (
        f"showing {MAX_LISTED} of {len(changed)} changes. All changes are in report_changes_csv , "
        f"with one row for each affected user ({rows} rows)." in text
    )


# Applications


def with_applications(*applications: Application, **fields: Any) -> ReportInput:  # noqa: ANN401 - of a snapshot
    """Return a run that read these applications, which Ann and the empty group Ops are assigned to."""
    read = snapshot(
        users=(user(),),
        groups=(Group("g-1", "Ops"),),
        memberships=(membership_of("g-1", ()),),
        applications=applications,
        **fields,
    )
    return overview(read, applications=True)


def assigned(*names: str) -> tuple[ApplicationAssignment, ...]:
    principals = (Principal(USER, "u-1"), Principal(GROUP, "g-1"))
    return tuple(ApplicationAssignment(application(name).arn, each) for name in names for each in principals)


def section(html: str, name: str) -> str:
    """Return the text of one of the page's sections."""
    (found,) = re.findall(rf'<section id="{name}".*?</section>', html, re.DOTALL)
    return text_of(found)


def test_applications() -> None:
    """Applications that are open to all come first, each with whom it is assigned to."""
    html = html_of(
        with_applications(
            application("Wiki"),
            application("Public", required=False),
            application("Old", status="DISABLED", required=None),
            application_assignments=assigned("Wiki"),
        )
    )

    text = section(html, "applications")
    assert '<a href="#applications">Applications</a>' in html
    assert "1 of 3 requires no assignment" in text
    assert "Public custom in 111111111111 acme every user no one 0" in text
    assert "Wiki custom in 111111111111 acme assigned users Ops, 1 user directly 1" in text
    assert "Old disabled custom in 111111111111 acme not read no one 0" in text
    assert text.index("Public") < text.index("Wiki") < text.index("Old")


def test_unread_applications() -> None:
    """What was not read of applications is never the same as nobody."""
    unread = application("Wiki", complete=False)
    html = html_of(with_applications(unread, gaps=(gap(unread.arn, kind=GapKind.APPLICATIONS),)))

    text = section(html, "applications")
    assert "Not everything about the applications of acme was read." in text
    assert "assigned users not read ≥ 0" in text


def test_applications_that_could_not_be_listed() -> None:
    """Without a listing, the section says so."""
    text = section(html_of(overview(snapshot(), failed=["globex"], applications=True)), "applications")

    assert "Not everything about the applications of acme, globex was read." in text
    assert "No applications were found in the data that was read." in text


def test_no_applications() -> None:
    """An organization can have no applications; without `collect.applications` the section is left out."""
    assert "There are no applications." in section(html_of(with_applications()), "applications")
    assert 'id="applications"' not in html_of(overview(ACME))
    assert 'href="#applications"' not in html_of(overview(ACME))


def test_many_applications() -> None:
    """Only the first applications are listed, with their total and the file that has all of them."""
    report = with_applications(*(application(f"app-{number:03}") for number in range(MAX_LISTED + 20)))
    file = FileEntry("report_applications.csv", FileKind.APPLICATIONS_CSV, "0" * 64, 0, 0)

    text = section(html_of(replace(report, outcome=replace(report.outcome, files=(file,)))), "applications")

    assert f"Showing {MAX_LISTED} of {MAX_LISTED + 20} applications." in text
    assert "All applications are in report_applications.csv ." in text


def test_hostile_applications() -> None:
    """The name of an application is text, whatever it contains."""
    html = html_of(with_applications(*(application(name, arn=f"arn:{name}") for name in HOSTILE)))

    assert "<script>alert" not in html
    assert "\u202e" not in html


CUSTOMER_MANAGED = PermissionSet("arn:own", "Own", "", "PT1H", (), ("/own",), "", "", ())


def test_people_close_to_administrators() -> None:
    """Users who can become administrator are listed below the administrators, and counted in the chart."""
    passes = json.dumps({"Statement": allow("iam:PassRole", "ec2:RunInstances")})
    organization = snapshot(
        users=(user("u-1", "Ann Lee"),),
        permission_sets=(permission_set(ADMIN, "Builder", "PT1H", (), (), passes, ""),),
        grants=(grant(Principal(USER, "u-1")),),
        delegated_administrators=(),
    )

    text = text_of(html_of(overview(organization)))

    assert "In addition, 1 user can become administrator, and 0 other users manage who has access" in text
    assert "Ann Lee u-1@example.com can become administrator acme Builder directly 1" in text
    assert "acme: 0 administrators, 1 can become administrator." in text
    assert "Close to administrators" not in text_of(html_of(overview(snapshot())))


@pytest.mark.parametrize(
    ("organization", "unread"),
    [
        (
            replace(
                ACME,
                permission_sets=tuple(
                    replace(CUSTOMER_MANAGED, arn=permission_set.arn)
                    for permission_set in ACME.permission_sets
                ),
            ),
            "what customer managed policies allow: 1",
        ),
        (replace(ACME, permission_sets=()), "policies of permission sets that were not read"),
        (
            replace(snapshot(), not_examined=unexamined(Omission.UNLISTED_PRINCIPALS)),
            Omission.UNLISTED_PRINCIPALS,
        ),
    ],
)
def test_administrators_are_uncertain(organization: Snapshot, unread: str) -> None:
    """The page never says that there are no administrators if data that determines them was not read."""
    html = html_of(overview(organization))

    text = text_of(html)
    assert "No administrators were found in the data that was read." in text
    assert "There are no administrators." not in text
    assert f"What was not read {organization.organization}" in text
    assert re.search(r"<dt>admins</dt><dd><abbr[^>]*>≥</abbr> 0</dd>", html)
    assert f"{organization.organization}: at least 0 administrators, 0 can become administrator." in text
    assert any(unread in what for what in data(html, "caveat-data")[0]["levels"])


def test_none_found() -> None:
    """The page says None without qualification only if the checks could examine everything."""

    def text(*not_examined: str) -> str:
        run = overview(replace(ACME, not_examined=unexamined(*not_examined)))
        found = (replace(run.outcome.organizations[0], findings=FindingCounts()),)
        return text_of(html_of(replace(run, outcome=replace(run.outcome, organizations=found))))

    assert "Findings: none." in text("account paths")
    assert "Findings: none in the data that was examined." in text("check admin-access: what was not read: 1")


@pytest.mark.parametrize("organizations", [1, 30])
def test_charts(organizations: int) -> None:
    """Each chart has a title, a description with all of its numbers, and a table of them."""
    html = html_of(overview(*(company(f"org-{number}", number) for number in range(organizations))))

    assert html.count('<svg role="img"') == html.count("<desc") == html.count("As a table") == 3
    assert ("Not shown: 20 with shorter bars." in html) == (organizations == 30)
