"""What the checks found in one organization. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from sso_batch.coverage import BlindSpot
from sso_batch.review.finding import Finding

Names = tuple[str, ...]
"""Every name, address and id of a finding's principal, or of its application."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What every check found in one organization, and by check what it could not examine.

    `candidates` count only if another organization has one for the same person, too; waivers have not been
    applied to them. `used_waivers` are the numbers of the waivers that match a finding.
    """

    organization: str
    findings: tuple[Finding, ...]
    candidates: tuple[tuple[Finding, Names], ...]
    blind_spots: Mapping[str, tuple[BlindSpot, ...]]
    used_waivers: frozenset[int]
