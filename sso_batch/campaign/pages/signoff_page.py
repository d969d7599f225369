"""The page of a closed campaign, made from its record alone: it can be made again at any time. Pure."""

from sso_batch.campaign.pages.rendering import render_record
from sso_batch.campaign.signoff import Signoff


def render_signoff(signoff: Signoff) -> str:
    """Return `signoff.html`."""
    return render_record("signoff.html", signoff=signoff)
