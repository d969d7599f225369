"""What a review goes by: how grave each check is, how long a session may be, and what is accepted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sso_batch.review.waivers import WaiverRule

LONGEST_SESSION = timedelta(hours=4)
"""The longest session that is no finding, unless the configuration says otherwise."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one run: `severities` has the checks that are not off, `today` decides on waivers."""

    severities: Mapping[str, str]
    today: date
    longest_session: timedelta = LONGEST_SESSION
    waivers: Sequence[WaiverRule] = ()
