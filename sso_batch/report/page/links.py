"""Links to questions under Access, as the page's scripts parse them. Pure."""

from urllib.parse import quote, urlencode

from sso_batch.access import NOT_READ, Holder
from sso_batch.sanitize import show_hidden

_LONGEST_ADDRESS = 254  # characters, by RFC 5321; a longer one is not an address


def access_link(**asked: str) -> str:
    """Return the link to a question: searched fields, facets and a tab; empty values are left out.

    Hidden characters are written out, as they are in the page's data.
    """
    question = {name: show_hidden(value) for name, value in asked.items() if value}
    return f"#access?{urlencode(question, quote_via=quote)}"


def person_link(holder: Holder, **asked: str) -> str:
    """Return the link to a question about one user, by email address or id."""
    usable = holder.email not in ("", NOT_READ) and len(holder.email) <= _LONGEST_ADDRESS
    return access_link(who=holder.email if usable else holder.user_id, **asked)
