"""Records as HTML pages to print: one file each, without scripts or links to anything. Pure.

Names are escaped, and their hidden characters are visible. A Content Security Policy allows the page's own
style only.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files

from jinja2 import Environment
from markupsafe import Markup

from sso_batch.report.html import csp_hash, html_environment

_PACKAGE = "sso_batch.campaign.pages"


def render_record(template: str, **values: object) -> str:
    """Return the page that a template of `pages/` makes of these values."""
    style = _style()
    return _environment().get_template(template).render(style=style, style_hash=csp_hash(style), **values)


@cache
def _style() -> Markup:
    text = files(_PACKAGE).joinpath("record.css").read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704 - our own file


@cache
def _environment() -> Environment:
    environment = html_environment(_PACKAGE)
    environment.filters |= {"figure": _figure, "counted": _counted, "when": _when, "day": _day, "urls": _urls}
    return environment


def _figure(value: int) -> str:
    return f"{value:,}"


def _counted(value: int, noun: str, nouns: str = "") -> str:
    """Return a number with its noun."""
    return f"{value:,} {noun if value == 1 else nouns or noun + 's'}"


def _when(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%-d %B %Y}"


def _urls(overrides: Iterable[str]) -> list[str]:
    """Return the different addresses of endpoint overrides, which are texts such as `sts=http://localhost`."""
    return list(dict.fromkeys(each.partition("=")[2] for each in overrides))
