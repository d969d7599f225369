"""The page: one file that shows a whole run to people, offline and from a mail.

Its script is made by hand, some 300 lines in `page.js`, and not a library for tables. A library would have
to be carried inside every page (hundreds of kilobytes, to be kept up to date and checked for what it does),
and none puts rows together from grants and memberships, which is what keeps a page of 200,000 rows small
and quick: ours filters and sorts the few distinct people, accounts and groups, and then only numbers. Nor
does any say beside an answer what could not be read. The page's policy lets no other script run.
"""

import base64
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from itertools import chain

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sso_batch.coverage import is_about_review
from sso_batch.report.page.explorer import BYTES, ROWS, extent, records
from sso_batch.report.page.view_model import contents
from sso_batch.report.report_input import Overview
from sso_batch.report.statistics import Digest, digest
from sso_batch.review.snapshot_index import SnapshotIndex
from sso_batch.sanitize.html import visible


def page(overview: Overview, *, rows: int = ROWS, limit: int = BYTES) -> Iterator[str]:
    """The page's text in pieces, with so many rows to explore at most, which take so many bytes at most.

    Goes through the snapshots twice, with one of them in memory at a time.
    """
    digests = list(_digests(overview))
    held = extent(digests, rows=rows)
    explored = records(overview, held, limit=limit)
    held = held.only(explored, (one.organization for one in digests))
    style, script = _part("page.css"), _part("page.js")
    template = _environment().get_template("page.html")
    yield from template.generate(
        page=contents(overview, digests, held),
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        style_hash=_hash(style),
        script_hash=_hash(script),
        records=(Markup(one) for one in _listed(explored)),  # noqa: S704 - inert JSON
    )


def _digests(overview: Overview) -> Iterator[Digest]:
    for snapshot in overview.snapshots:
        yield digest(SnapshotIndex(snapshot), overview.accesses(snapshot))
        del snapshot  # before the next one is read


def _listed(explored: dict[str, list[str]]) -> Iterator[str]:
    """The records as one JSON list; each organization is forgotten once it is written."""
    yield "["
    for number, name in enumerate(list(explored)):
        yield from chain(("," if number else "",), explored.pop(name))
    yield "]"


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(__name__, "."),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests["about_review"] = is_about_review
    environment.filters |= {"figure": _figure, "when": _when}
    return environment


def _part(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """A style's or script's hash as a content security policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _figure(value: int) -> str:
    return f"{value:,}"


def _when(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%-d %B %Y, %H:%M} UTC"


def _finalize(value: object) -> object:
    """Whatever the template writes, with hidden characters written out; markup stays as it is."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
