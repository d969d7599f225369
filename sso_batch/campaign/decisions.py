"""What a reviewer filled in for an item. Pure."""

from dataclasses import dataclass

KEEP = "keep"
REVOKE = "revoke"
UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Decided:
    """The decision on one item, empty if there is none, with its comment and the last day of an exception.

    `until` is a day such as `2027-01-31`, or empty.
    """

    decision: str
    comment: str
    until: str

    @property
    def is_final(self) -> bool:
        """Whether nobody has to decide any more; unsure leaves the item open."""
        return self.decision in {KEEP, REVOKE}


OPEN = Decided("", "", "")
