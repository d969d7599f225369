"""How the same person is recognized in several organizations. Pure."""

import unicodedata


def normalize_address(address: str) -> str:
    """Return an email address in a form that is equal for one person; empty for a blank address.

    Case, Unicode form and surrounding white space make no difference: directories store what people type.
    """
    composed = unicodedata.normalize("NFC", address.strip())
    return unicodedata.normalize("NFC", composed.casefold())
