"""The formats for people, each written completely or not at all."""

import contextlib
import threading
from collections.abc import Generator
from dataclasses import replace
from typing import Literal

from sso_batch.report.report_input import ReportInput
from sso_batch.run_files.results import Status
from sso_batch.run_files.run import checkpoint
from sso_batch.store import FileEntry, FileKind, Store

HumanFormat = Literal["html", "xlsx"]

HUMAN_FORMATS: tuple[HumanFormat, ...] = ("html", "xlsx")
"""In the order in which they are written."""


def write_human_format(
    store: Store, report: ReportInput, format_: HumanFormat, *, stop: threading.Event
) -> FileEntry:
    """Write the page or the workbook of a run.

    Raises Stopped or OSError, and then the file does not exist. The libraries for a format are imported only
    when it is written.
    """
    complete = report.outcome.status is Status.COMPLETE
    names = report.facts.names
    name = names.page(complete=complete) if format_ == "html" else names.workbook(complete=complete)
    report = replace(report, checkpoint=checkpoint(stop))
    kind = FileKind.PAGE if format_ == "html" else FileKind.WORKBOOK
    with store.draft(name, kind) as draft, contextlib.closing(_chunks(report, format_)) as chunks:
        for chunk in chunks:
            report.checkpoint()
            draft.write(chunk)
        report.checkpoint()
        return store.publish(draft)[0]


def _chunks(report: ReportInput, format_: HumanFormat) -> Generator[bytes, None, None]:
    if format_ == "html":
        from sso_batch.report.page import render_page  # noqa: PLC0415 - jinja2 takes time to import

        yield from (part.encode() for part in render_page(report))
    else:
        from sso_batch.report.workbook import render_workbook  # noqa: PLC0415 - xlsxwriter is optional

        yield from render_workbook(report)
