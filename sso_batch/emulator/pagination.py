"""The pages of a listing; their tokens are opaque and valid for the same listing only."""

import base64
import binascii
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

Item = TypeVar("Item")
PaginationFault = Literal["repeated_token", "endless_pages", "endless_empty_pages"]

_SECRET = b"not secret: a token must only be unlikely to match by mistake"
_MAC_BYTES = 12


class ForeignTokenError(Exception):
    """A token that does not belong to this listing."""


@dataclass(frozen=True, slots=True)
class Pager:
    """The pages of one listing; `purpose` identifies the caller, operation and parameters.

    `fault` repeats a token, or returns pages without end, each with a new token that contains `turn`.
    """

    purpose: str
    empty_pages: bool = False
    fault: PaginationFault | None = None

    def page(self, items: Sequence[Item], size: int, token: str | None) -> tuple[Sequence[Item], str | None]:
        """Return the items of the page that `token` identifies, and the token of the next page."""
        start, shown_empty, turn = self._read(token) if token else (0, False, 0)
        if self.fault == "endless_pages":
            return items[start : start + size], self._write(start, shown_empty=False, turn=turn + 1)
        if self.fault == "endless_empty_pages":
            return items[:0], self._write(start, shown_empty=False, turn=turn + 1)
        if self.empty_pages and not shown_empty and len(items) > start:
            return items[:0], self._write(start, shown_empty=True)
        end = start + size
        if end >= len(items):
            return items[start:], None
        return items[start:end], self._write(
            start if self.fault == "repeated_token" else end, shown_empty=False
        )

    def _write(self, start: int, *, shown_empty: bool, turn: int = 0) -> str:
        position = f"{start} {int(shown_empty)} {turn}".encode()
        return base64.urlsafe_b64encode(self._mac(position) + position).decode()

    def _read(self, token: str) -> tuple[int, bool, int]:
        try:
            decoded = base64.b64decode(token.encode(), altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError) as error:
            raise ForeignTokenError from error
        mac, position = decoded[:_MAC_BYTES], decoded[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(position)):
            raise ForeignTokenError
        start, shown_empty, turn = map(int, position.split())
        return start, bool(shown_empty), turn

    def _mac(self, position: bytes) -> bytes:
        return hmac.digest(_SECRET, self.purpose.encode() + b"\0" + position, "sha256")[:_MAC_BYTES]


def purpose(caller_account: str, region: str, operation: str, parameters: Mapping[str, Any]) -> str:
    """Return the text that binds a token to its listing."""
    return json.dumps([caller_account, region, operation, parameters], sort_keys=True)
