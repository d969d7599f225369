"""What an audit can leave out, in the words of the manifest's `not_examined`."""

PERMISSION_SET_DETAILS = "policies, permissions boundaries and tags of permission sets"
"""What `permission_set_details: false` leaves out."""

ORPHANED_ASSIGNMENTS = "orphaned assignments"
UNLISTED_PRINCIPALS = "grants to principals that are not listed"
UNASSIGNED_PERMISSION_SETS = "permission sets without assignments"

NOT_SEEN_BY_PRINCIPAL = (ORPHANED_ASSIGNMENTS, UNLISTED_PRINCIPALS, UNASSIGNED_PERMISSION_SETS)
"""What cannot be seen by asking principals for their grants."""

ACCOUNT_PATHS = "account paths"
"""What `account_paths: false` leaves out."""

ENTITLEMENTS = "account-access entitlements"
"""What `entitlements: false` leaves out, and what AWS does not offer outside of its partition `aws`."""

OTHER_APPLICATIONS = "account-access applications in other accounts"
"""What the account that asks cannot see."""

DETAILS = frozenset({PERMISSION_SET_DETAILS, UNASSIGNED_PERMISSION_SETS, ACCOUNT_PATHS})
"""Reasons that leave out details and cannot hide access."""

CHECK = "check "
"""Starts what one check could not look at."""

CHANGES = "changes: "
"""Starts what was not compared with an earlier run."""

_UNKNOWN = ", which this version of sso-batch does not know"


def is_about_review(reason: str) -> bool:
    """Return whether only a check or a comparison lacked this."""
    return reason.startswith((CHECK, CHANGES))


def hides_access(reason: str) -> bool:
    """Return whether access may exist that was not examined. An unknown reason may hide it, too."""
    return reason not in DETAILS and not is_about_review(reason)


def of_unknown_kind(number: int, what: str, kind: str) -> str:
    """Return what AWS named and this version cannot read: how many, and AWS's name of the kind."""
    return f"{number:,} {what} of the kind {kind}{_UNKNOWN}"


def is_of_unknown_kind(what: str) -> bool:
    """Return whether a reason is about something that this version cannot read."""
    return what.endswith(_UNKNOWN)
