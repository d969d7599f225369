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


_UNKNOWN = ", which this version of sso-batch does not know"


def of_unknown_kind(number: int, what: str, kind: str) -> str:
    """What AWS named and this version cannot read: how many, and the name that AWS gives to the kind."""
    return f"{number:,} {what} of the kind {kind}{_UNKNOWN}"


def is_of_unknown_kind(what: str) -> bool:
    """Whether a line of `not_examined` is about something that this version cannot read."""
    return what.endswith(_UNKNOWN)
