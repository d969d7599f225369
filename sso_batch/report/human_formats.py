"""Writes the formats for people, each whole or not at all."""

import contextlib
import threading
from collections.abc import Generator
from dataclasses import replace
from typing import Literal

from sso_batch.report.report_input import Overview
from sso_batch.run_files.results import Status
from sso_batch.run_files.run import checkpoint
from sso_batch.store import FileEntry, FileKind, Store

Format = Literal["html", "xlsx"]


def write_for_people(
    store: Store, overview: Overview, format_: Format, *, stop: threading.Event
) -> FileEntry:
    """Write the page or the workbook of a run.

    Raises Stopped or OSError, and then there is no such file. Whoever asks for neither format never imports
    what makes them.
    """
    complete = overview.outcome.status is Status.COMPLETE
    names = overview.facts.names
    name = names.page(complete=complete) if format_ == "html" else names.workbook(complete=complete)
    overview = replace(overview, checkpoint=checkpoint(stop))
    kind = FileKind.PAGE if format_ == "html" else FileKind.WORKBOOK
    with store.draft(name, kind) as draft, contextlib.closing(_parts(overview, format_)) as parts:
        for part in parts:
            overview.checkpoint()
            draft.write(part)
        overview.checkpoint()
        return store.publish(draft)[0]


def _parts(overview: Overview, format_: Format) -> Generator[bytes, None, None]:
    if format_ == "html":
        from sso_batch.report.page import page  # noqa: PLC0415 - jinja2, for those who want a page

        yield from (part.encode() for part in page(overview))
    else:
        from sso_batch.report.workbook import workbook  # noqa: PLC0415 - xlsxwriter, which may be missing

        yield from workbook(overview)
