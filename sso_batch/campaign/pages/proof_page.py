"""The page of a proof, made from its record alone. Pure."""

from sso_batch.campaign.pages.rendering import render_record
from sso_batch.campaign.proof_record import RESULTS, Proof

MAX_ROWS = 1000
"""Items of each result that the page has; all of them are in the CSV file."""

_TITLES = {
    "still_there": "Still there",
    "came_back": "Came back",
    "reachable_otherwise": "Removed, but still reachable",
    "not_read": "Not read",
    "gone": "Gone",
}
_MEANINGS = {
    "still_there": "The later run has the same assignment or membership: it was not removed.",
    "came_back": "It was removed and exists again. Find out who or what adds it.",
    "reachable_otherwise": "The assignment or membership is gone, but the person still has such access "
    "through another one.",
    "not_read": "The later run did not read it, so nothing is proved.",
    "gone": "The later run read the organization completely and does not have the access.",
}


def render_proof(proof: Proof, *, max_rows: int = MAX_ROWS) -> str:
    """Return `proof_RUNID.html`, with at most so many items of each result: what is not proved first."""
    by_result = {result: [row for row in proof.rows if row.result == result] for result in RESULTS}
    groups = [
        (result, _TITLES[result], _MEANINGS[result], proof.counts.of(result), rows[:max_rows])
        for result, rows in by_result.items()
        if proof.counts.of(result)
    ]
    return render_record("proof.html", proof=proof, groups=groups)
