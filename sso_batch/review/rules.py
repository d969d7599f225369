"""What a review goes by: how grave each check is, how long a session may be, and what is accepted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sso_batch.review.finding import Finding
from sso_batch.review.waivers import WaiverRule, waive

LONGEST_SESSION = timedelta(hours=4)
"""The longest session that is no finding, unless the configuration says otherwise."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one run: `severities` has the checks that are not off, `today` decides on waivers."""

    severities: Mapping[str, str]
    today: date
    longest_session: timedelta = LONGEST_SESSION
    waivers: Sequence[WaiverRule] = ()

    def weigh(self, finding: Finding, names: Sequence[str]) -> Finding:
        """The finding as it counts, once it is held against the waivers; `names` are its principal's."""
        return waive(finding, names, self.waivers, self.today)
