"""What is the same in the sheets of all reviewers of a campaign."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class SheetFacts:
    """The campaign, and how its files are written; `people` names the attributes of users in them."""

    run_id: str
    run_started_at: datetime
    opened_at: datetime
    due: date
    people: tuple[str, ...]
    require_comment: tuple[str, ...]
    escape_formulas: bool
