"""AWS Signature Version 4, as the server verifies it."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from urllib.parse import quote

from sso_batch.emulator.http import Request

ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Signature:
    """The fields of an Authorization header."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: str
    value: str

    @property
    def scope(self) -> str:
        """The credential scope: date, Region and service of the signing key."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def read_signature(header: str) -> Signature | None:
    """Return the fields of an Authorization header; None if it is not a Version 4 signature."""
    algorithm, _, rest = header.partition(" ")
    fields = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    credential = fields.get("Credential", "").split("/")
    if algorithm != ALGORITHM or len(credential) != 5 or credential[4] != "aws4_request":  # noqa: PLR2004
        return None
    key, date, region, service, _ = credential
    return Signature(key, date, region, service, fields.get("SignedHeaders", ""), fields.get("Signature", ""))


def signed_at(request: Request) -> datetime | None:
    """Return the time in X-Amz-Date, or None if it is missing or invalid."""
    try:
        return datetime.fromisoformat(request.headers.get("x-amz-date", ""))
    except ValueError:
        return None


def sign(request: Request, signature: Signature, secret: str) -> str:
    """Return the signature of the request with `secret`."""
    lines = (
        ALGORITHM,
        request.headers.get("x-amz-date", ""),
        signature.scope,
        hashlib.sha256(_canonical(request, signature.signed_headers).encode()).hexdigest(),
    )
    key = _signing_key(secret, signature.date, signature.region, signature.service)
    return hmac.digest(key, "\n".join(lines).encode(), "sha256").hex()


def _canonical(request: Request, signed_headers: str) -> str:
    headers = "".join(f"{name}:{request.headers.get(name, '')}\n" for name in signed_headers.split(";"))
    return "\n".join(
        (
            request.method,
            # Every service except S3 signs the path with a second encoding.
            quote(request.path, safe="/~"),
            "&".join(sorted(request.query.split("&"))),
            headers,
            signed_headers,
            hashlib.sha256(request.body).hexdigest(),
        )
    )


@lru_cache(maxsize=1024)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
