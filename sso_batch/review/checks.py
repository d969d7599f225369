"""Every check that a review can make: the one table of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sso_batch.review import grant_checks, object_checks
from sso_batch.review.across import admins_with_email
from sso_batch.review.rules import Rules
from sso_batch.review.snapshot_index import Facts, Hit, Hole

Find = Callable[[Facts, Rules], Iterator[Hit | Hole]]


@dataclass(frozen=True, slots=True)
class Check:
    """One check: how grave its findings are by default, why they matter, and what to do about one.

    `find` looks at one organization. What it finds `across` organizations counts only where another
    organization of the run has a finding for the same email address.
    """

    id: str
    severity: str
    why: str
    remedy: str
    find: Find
    across: bool = False


CHECKS: tuple[Check, ...] = (
    Check(
        "admin-access",
        "high",
        "Whoever has AdministratorAccess, or an inline policy that allows everything, can do anything in the "
        "account; what customer managed policies and the roles of entitlements allow is not read.",
        "Grant a narrower permission set, or waive the few that have to be.",
        grant_checks.admin_access,
    ),
    Check(
        "management-account-access",
        "medium",
        "No service control policy limits the management account, and it governs all others.",
        "Move workloads out of it, and leave access to a few administrators and auditors.",
        grant_checks.management_account_access,
    ),
    Check(
        "disabled-user-access",
        "medium",
        "Whoever enables the user again gives back all of this access, perhaps unknowingly.",
        "Take the user's grants and memberships away, or delete the user.",
        object_checks.disabled_user_access,
    ),
    Check(
        "direct-grant",
        "low",
        "A grant to one user does not follow who joins or leaves a team, and is easily forgotten.",
        "Grant the permission set to a group, and put the user into it.",
        grant_checks.direct_grant,
    ),
    Check(
        "orphaned-grant",
        "medium",
        "The user or group is gone and the grant is not: nobody can say any more whose it was.",
        "Delete the assignment or the entitlement.",
        grant_checks.orphaned_grant,
    ),
    Check(
        "empty-group-grant",
        "low",
        "Whoever is put into the group next gets access that nobody has thought of.",
        "Delete the assignment, or the group with it.",
        grant_checks.empty_group_grant,
    ),
    Check(
        "closed-account-grant",
        "low",
        "The account is closed, suspended or gone; should it come back, so does the access.",
        "Delete the assignment.",
        grant_checks.closed_account_grant,
    ),
    Check(
        "long-session",
        "medium",
        "Credentials that are stolen, or a screen that is left open, are of use for as long as the session.",
        "Shorten the permission set's session duration, or raise `max` for what needs longer.",
        object_checks.long_session,
    ),
    Check(
        "user-without-email",
        "low",
        "Without an address nobody can be asked about the access, nor found in another organization.",
        "Give the user an address, and a service another way in than a user.",
        object_checks.user_without_email,
    ),
    Check(
        "unused-permission-set",
        "low",
        "What nobody has is kept up by nobody, and is granted some day as it is.",
        "Delete the permission set.",
        object_checks.unused_permission_set,
    ),
    Check(
        "outdated-provisioning",
        "off",
        "The role in the account is of an earlier version: what was taken from the permission set since then "
        "is still allowed there. Costs a call for each permission set or account, whichever are fewer.",
        "Provision the permission set to the account again.",
        object_checks.outdated_provisioning,
    ),
    Check(
        "stale-membership",
        "low",
        "The group lists a user who no longer exists: whoever removes users does not clean up after them.",
        "Delete the membership, and see why it was left.",
        object_checks.stale_membership,
    ),
    Check(
        "entitlement-bypass",
        "medium",
        "An entitlement gives an IAM role in an account that has permission sets; reviews of assignments "
        "never show it, and no permission set limits it.",
        "Replace it by a permission set, or review the role's policies and waive it.",
        grant_checks.entitlement_bypass,
    ),
    Check(
        "cross-organization-admin",
        "high",
        "One account of one person opens several organizations.",
        "Give the person separate users, or administrator's access in one organization alone.",
        admins_with_email,
        across=True,
    ),
    Check(
        "admin-gained",
        "high",
        "Somebody became administrator since the last run, which somebody else should know of.",
        "Ask who gave it and why; take it away if nobody knows.",
        object_checks.admin_gained,
    ),
)
"""In the order of the configuration's keys."""
