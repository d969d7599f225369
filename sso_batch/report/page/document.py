"""The document of the page, rendered from its template, its style and its script."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import chain

from jinja2 import Environment
from markupsafe import Markup, escape

from sso_batch.model import group_gaps
from sso_batch.report.html import csp_hash, html_environment
from sso_batch.report.page.explorer import MAX_BYTES, MAX_ROWS, choose_extent, serialize_records
from sso_batch.report.page.links import person_link
from sso_batch.report.page.numbers import Baseline
from sso_batch.report.page.scripts import join_modules
from sso_batch.report.page.view_model import MAX_ISSUES, MAX_TILES, build_view_model
from sso_batch.report.report_input import ReportInput
from sso_batch.report.statistics import Statistics, compute_statistics
from sso_batch.review.finding import SEVERITIES
from sso_batch.review.snapshot_index import SnapshotIndex
from sso_batch.sanitize import show_hidden

_PACKAGE = "sso_batch.report.page"

_ONE_RUN = timedelta(hours=6)
"""Organizations that were read within this time count as one run."""


def render_page(
    report: ReportInput, *, max_rows: int = MAX_ROWS, max_bytes: int = MAX_BYTES
) -> Iterator[str]:
    """Yield the page's text in pieces, with at most so many rows and bytes in the explorer.

    Reads the snapshots twice and those of compared runs once, with one of them in memory at a time.
    """
    statistics = list(_statistics(report))
    extent = choose_extent(statistics, max_rows=max_rows)
    records = serialize_records(report, extent, max_bytes=max_bytes)
    extent = extent.restricted_to(records, (each.organization for each in statistics))
    style, script = _style(report.facts.names.run_id), join_modules()
    template = _environment().get_template("page.html")
    yield from template.generate(
        page=build_view_model(report, statistics, _baseline(report), extent),
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        style_hash=csp_hash(style),
        script_hash=csp_hash(script),
        records=(Markup(piece) for piece in _joined(records)),  # noqa: S704 - JSON safe in HTML
    )


def _statistics(report: ReportInput) -> Iterator[Statistics]:
    for snapshot in report.snapshots:
        yield compute_statistics(SnapshotIndex(snapshot), report.accesses(snapshot))
        del snapshot  # free it before the next one is read


def _baseline(report: ReportInput) -> Baseline:
    baseline = Baseline({})
    for snapshot in report.earlier:
        baseline = baseline.including(
            snapshot, compute_statistics(SnapshotIndex(snapshot), report.accesses(snapshot))
        )
        del snapshot  # free it before the next one is read
    return baseline


def _joined(records: dict[str, list[str]]) -> Iterator[str]:
    """Yield the records as one JSON list; each organization is freed once it is written."""
    yield "["
    for number, name in enumerate(list(records)):
        yield from chain(("," if number else "",), records.pop(name))
    yield "]"


def _style(run_id: str) -> str:
    """Return the style with the run's id in the margin of each printed page."""
    safe = re.sub(r"[^A-Za-z0-9._-]", "?", run_id)
    return _read("page.css").replace("RUN-ID", safe)


def _environment() -> Environment:
    environment = html_environment(_PACKAGE)
    environment.filters |= {
        "code": _code,
        "figure": _figure,
        "when": _when,
        "span": _span,
        "grouped": group_gaps,
    }
    environment.globals["person_link"] = person_link
    environment.globals |= {"SEVERITIES": SEVERITIES, "MAX_ISSUES": MAX_ISSUES, "MAX_TILES": MAX_TILES}
    return environment


def _read(name: str) -> str:
    return files(_PACKAGE).joinpath(name).read_text(encoding="utf-8")


def _figure(value: int) -> str:
    return f"{value:,}"


def _code(text: str) -> Markup:
    """Return a text whose parts between backticks are code."""
    parts = show_hidden(text).split("`")
    if len(parts) % 2 == 0:
        return escape(show_hidden(text))
    code = Markup("<code>{}</code>")
    return Markup("").join(code.format(part) if at % 2 else escape(part) for at, part in enumerate(parts))


def _when(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%-d %B %Y, %H:%M} UTC"


def _span(baseline: Baseline) -> str:
    """Return when the compared runs read their organizations: one time, or the first and the last."""
    if baseline.first is None or baseline.last is None:
        return "the previous run"
    if baseline.last - baseline.first < _ONE_RUN:
        return f"the run of {_when(baseline.first)}"
    return f"runs from {_when(baseline.first)} to {_when(baseline.last)}"
