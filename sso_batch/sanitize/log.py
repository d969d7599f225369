"""AWS's and botocore's words, made fit for a log, a manifest and a terminal."""

import re

# Control characters, and those that turn the direction of text on a terminal.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+")
_USER_OF_URL = re.compile(r"(?<=://)[^/\s]*@")
_QUERY_OF_URL = re.compile(r"(?<=[/\w])\?[^\s\"]*=[^\s\"]*")
_PATH_OF_URL = re.compile(r"(https?://[^/\s\"'<>?#]*)[/?#][^\s\"'<>]*")
_PATH_OF_REQUEST = re.compile(r"(exceeded with url: )\S+")
_LONGEST = 1000


def clean(text: str, secrets: tuple[str, ...] = ()) -> str:
    """AWS's words without control characters, `secrets` and the users of URLs, and not endless."""
    for secret in secrets:
        text = text.replace(secret, "***")
    text = _QUERY_OF_URL.sub("?***", _USER_OF_URL.sub("***@", text))
    text = _UNPRINTABLE.sub(" ", text.encode("utf-8", "replace").decode())
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def without_paths(text: str) -> str:
    """An error message with the scheme and host of URLs only: the path of an endpoint can hold a secret."""
    return _PATH_OF_REQUEST.sub(r"\1***", _PATH_OF_URL.sub(r"\1", text))
