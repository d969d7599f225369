"""Where AWS's documentation leaves room, or AWS may change: how the emulated one behaves."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One reading of AWS; the defaults follow its documentation.

    `page_size` is the most that a page holds, whatever was asked for. With `empty_pages` each page is
    preceded by an empty one that carries a token. `group_rows` says whether a user's assignments include
    those that come through groups. With `empty_inline_policy` a permission set without one gives an empty
    text, else no member; with `bare_lists` an account without permission sets gives no list of them.
    Seconds of `session_seconds` replace what AssumeRole was asked for.
    """

    page_size: int | None = None
    empty_pages: bool = False
    omitted_account_members: frozenset[Literal["State", "Status", "Paths"]] = frozenset()
    account_id_in_paths: bool = False
    group_rows: bool = True
    principal_assignments: Literal["everybody", "management", "nobody"] = "management"
    empty_entitlement_filter: bool = True
    empty_inline_policy: bool = False
    bare_lists: bool = False
    session_seconds: float | None = None
