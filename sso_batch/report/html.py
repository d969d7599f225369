"""Pages from templates: names are escaped, and hidden characters are visible. Pure."""

import base64
import hashlib

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sso_batch.sanitize import show_hidden


def html_environment(package: str) -> Environment:
    """Return the environment of the templates in a package's folder."""
    return Environment(
        loader=PackageLoader(package, "."),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def csp_hash(text: str) -> str:
    """Return the hash of a style or script as a Content Security Policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _finalize(value: object) -> object:
    """Return what a template prints with hidden characters written out; markup stays unchanged."""
    return show_hidden(value) if isinstance(value, str) and not isinstance(value, Markup) else value
