"""Benchmarks of access review campaigns with 200,000 items: time, and memory of all processes together."""

import re
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.campaign_run import LARGE, ORGANIZATIONS, SMALL, configuration, write_run
from tests.benchmarks.figures import Figure, Options
from tests.benchmarks.process_memory import PeakMemory
from tests.benchmarks.program import SSO_BATCH, run

_SECONDS = 60
_MEMORY = 500e6
_SHEET = "xl/worksheets/sheet2.xml"
_ROW = re.compile(rb'(<row r="([0-9]+)".*?)</row>', re.DOTALL)


def campaign(options: Options, folder: Path) -> Iterator[Figure]:
    """Measure `campaign open`, and `campaign status` on decisions in CSV files and in workbooks."""
    size = SMALL if options.quick else LARGE
    place = Path(tempfile.mkdtemp(dir=folder))
    config, review = place / "orgs.yaml", place / "review"
    config.write_text(configuration())
    audited = write_run(place, size)
    shape = f"{ORGANIZATIONS * size.items:,} items"
    yield from _measure(
        "campaign open", shape, "campaign", "open", "--config", config, "--run", audited, "--output", review
    )
    if "status" not in run(*SSO_BATCH, "campaign", "--help").stdout:
        yield Figure("campaign status", shape, (), "skipped: this version has no such command")
        return
    empty = {sheet: sheet.read_bytes() for sheet in review.glob("review_*.csv")}
    for sheet, content in empty.items():
        sheet.write_bytes(decided_csv(content))
    yield from _measure("campaign status, CSV files", shape, "campaign", "status", review)
    for sheet, content in empty.items():
        sheet.write_bytes(content)
        _decide_workbook(sheet.with_suffix(".xlsx"))
    yield from _measure("campaign status, workbooks", shape, "campaign", "status", review)


def _measure(what: str, shape: str, *arguments: object) -> Iterator[Figure]:
    with PeakMemory() as memory:
        ended = run(*SSO_BATCH, *arguments)
    detail = f"{ended.seconds:.1f} s, {ended.processor:.1f} s of processor"
    if ended.code:
        detail += f", EXIT CODE {ended.code}: {ended.stderr[-500:]}"
    yield Figure(f"{what}: time in {_SECONDS} s", shape, (ended.seconds / _SECONDS,), detail, "1.00")
    yield Figure(
        f"{what}: peak memory in 500 MB",
        shape,
        (memory.peak / _MEMORY,),
        f"{memory.peak / 1e6:.0f} MB; most processes at a time: {memory.processes}",
        "1.00",
    )


def decided_csv(content: bytes) -> bytes:
    """Return a sheet in which every item is kept, and every twentieth is revoked."""
    header, *lines = content.decode().splitlines(keepends=True)
    decided = (
        line.replace(",,,\r\n", f",{'keep,,' if number % 20 else 'revoke,left the team,'}\r\n")
        for number, line in enumerate(lines)
    )
    return f"{header}{''.join(decided)}".encode()


def _decide_workbook(path: Path) -> None:
    """Keep every item of a workbook: its rows end before the column Decision, which is the third last."""
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    sheet = parts[_SHEET]
    found = re.search(rb'<c r="([A-Z]+)([0-9]+)"[^>]*><is><t>Decision</t>', sheet)
    if found is None:
        raise ValueError(f"{path} has no column Decision")
    column, header = found[1], int(found[2])

    def decided(row: re.Match[bytes]) -> bytes:
        if int(row[2]) <= header:
            return row[0]
        cell = b'<c r="%b%b" t="inlineStr"><is><t>keep</t></is></c>' % (column, row[2])
        return row[1] + cell + b"</row>"

    parts[_SHEET] = _ROW.sub(decided, sheet)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        for name, part in parts.items():
            book.writestr(name, part)
