"""The names of a campaign's files in its folder: the one module that makes them."""

import re
from collections.abc import Iterable, Mapping

CAMPAIGN = "campaign.json"
"""The last file of `campaign open`: a folder without it is not a campaign."""

POPULATION = "population.csv"
OUT_OF_SCOPE = "out_of_scope.csv"
"""The items that a campaign of privileged or changed access leaves out, with their last decisions."""
DECISIONS = "decisions.csv"
WAIVERS = "waivers.yaml"
REVOCATIONS = "revocations.csv"
REVOCATIONS_SCRIPT = "revocations.sh"
SIGNOFF = "signoff.json"
"""The last file of `campaign close`, except for its page: a campaign without it is not closed."""
SIGNOFF_PAGE = "signoff.html"

_UNSAFE = re.compile(r"[^A-Za-z0-9.-]")
_LONGEST = 100


def sheet_names(reviewers: Iterable[str]) -> Mapping[str, str]:
    """Return for each reviewer the name of the sheet without its extension.

    Names differ without regard to case, as some file systems need it.
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for reviewer in reviewers:
        stem = f"review_{_UNSAFE.sub('_', reviewer)[:_LONGEST]}"
        name, number = stem, 1
        while name.lower() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.lower())
        names[reviewer] = name
    return names


_PROOF = re.compile(r"proof_[a-z0-9][a-z0-9.-]{0,62}\.json")


def is_proof(name: str) -> bool:
    """Return whether a file is the record of a proof."""
    return _PROOF.fullmatch(name) is not None


def proof(run_id: str, extension: str) -> str:
    """Return the name of a file of the proof with a run."""
    return f"proof_{run_id}.{extension}"
