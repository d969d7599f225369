"""How people are recognized in several organizations. Pure."""

import unicodedata


def address(written: str) -> str:
    """Return an email address in the form in which addresses of one person are equal; empty for a blank one.

    Case, the Unicode form and surrounding blanks make no difference: directories store what people type.
    """
    composed = unicodedata.normalize("NFC", written.strip())
    return unicodedata.normalize("NFC", composed.casefold())
