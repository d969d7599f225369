"""Messages of AWS and botocore, made safe for a log, a manifest and a terminal."""

import re

# Control characters, and those that change the direction of text on a terminal.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+")
_USER_OF_URL = re.compile(r"(?<=://)[^/\s]*@")
_QUERY_OF_URL = re.compile(r"(?<=[/\w])\?[^\s\"]*=[^\s\"]*")
_PATH_OF_URL = re.compile(r"(https?://[^/\s\"'<>?#]*)[/?#][^\s\"'<>]*")
_PATH_OF_REQUEST = re.compile(r"(exceeded with url: )\S+")
_MAX_LENGTH = 1000


def clean_message(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Return a message without control characters, secrets and users in URLs, cut to 1000 characters."""
    for secret in secrets:
        text = text.replace(secret, "***")
    text = _QUERY_OF_URL.sub("?***", _USER_OF_URL.sub("***@", text))
    text = _UNPRINTABLE.sub(" ", text.encode("utf-8", "replace").decode())
    return text if len(text) <= _MAX_LENGTH else text[:_MAX_LENGTH] + "…"


def strip_url_paths(text: str) -> str:
    """Return a message with only scheme and host of its URLs: an endpoint's path can hold a secret."""
    return _PATH_OF_REQUEST.sub(r"\1***", _PATH_OF_URL.sub(r"\1", text))
