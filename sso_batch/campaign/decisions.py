"""What a reviewer decided about an item. Pure."""

from dataclasses import dataclass
from typing import get_args

from sso_batch.config import Decision

KEEP: Decision = "keep"
REVOKE: Decision = "revoke"
UNSURE: Decision = "unsure"

DECISIONS: tuple[str, ...] = get_args(Decision)
"""What a reviewer can choose, in the order of the sheets."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What a reviewer filled in for one item; each value is empty where nothing was filled in.

    `decision` is keep, revoke or unsure. `until` is a day such as `2027-01-31`.
    """

    decision: str
    comment: str
    until: str

    @property
    def is_final(self) -> bool:
        """Whether it is keep or revoke; after unsure, somebody else must still decide."""
        return self.decision in {KEEP, REVOKE}

    def __bool__(self) -> bool:
        """Whether anything was filled in."""
        return bool(self.decision or self.comment or self.until)


OPEN = Decided("", "", "")
"""The decision on an item for which nothing was filled in."""
