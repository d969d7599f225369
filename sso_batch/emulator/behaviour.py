"""Choices where the AWS documentation leaves room or AWS may change its behaviour."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One interpretation of AWS; the defaults follow its documentation.

    page_size: maximum number of items per page, whatever the request asks for.
    empty_pages: send an empty page with a token before each page.
    group_rows: include assignments through groups in a user's assignments.
    empty_inline_policy: return an empty string for a permission set without an inline policy; otherwise the
        member is omitted.
    bare_lists: omit the list of permission sets for an account that has none.
    session_seconds: length of all sessions, whatever AssumeRole asks for.
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
