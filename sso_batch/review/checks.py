"""Every check that a review can run: the one table of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sso_batch.coverage import BlindSpot
from sso_batch.review import application_checks, grant_checks, object_checks, people_checks
from sso_batch.review.snapshot_index import Limits, Match, SnapshotIndex

ADMIN_GAINED = "admin-gained"
"""The check whose findings are always new."""

OUTDATED_PROVISIONING = "outdated-provisioning"
"""The only check that needs data which a run does not collect otherwise."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check: the default severity of its findings, why they matter, and how to fix one.

    `title` names findings of one cause: `{who}` stands for the user or group, `{what}` for the permission set
    or role, and `{accounts}` for their number. Without a title, the finding's message is used.
    `find` examines one organization. With `across_organizations`, a match counts only if another
    organization of the run has one with the same email address.
    """

    id: str
    severity: str
    title: str
    why: str
    remedy: str
    find: Callable[[SnapshotIndex, Limits], Iterator[Match | BlindSpot]]
    across_organizations: bool = False


CHECKS: tuple[Check, ...] = (
    Check(
        "admin-access",
        "high",
        "{who} administers {accounts} with {what}",
        "Users whose policies allow every action on every resource can do anything in the account. Customer "
        "managed policies and the IAM roles of entitlements are not evaluated.",
        "Assign a narrower permission set, or waive the few assignments that are necessary.",
        grant_checks.admin_access,
    ),
    Check(
        "privilege-escalation",
        "high",
        "{who} can become administrator of {accounts} with {what}",
        "These permissions are enough to become administrator of the account, for example by creating the "
        "access key of another user or by passing a strong role to a function.",
        "Remove the actions that the finding names, or limit them to certain users and roles.",
        grant_checks.privilege_escalation,
    ),
    Check(
        "manages-access",
        "high",
        "{who} decides who has access, with {what}",
        "In the management account, or in an account that administers Identity Center, these permissions "
        "decide who has access to all other accounts.",
        "Give this access to a few administrators only, and waive their assignments.",
        grant_checks.manages_access,
    ),
    Check(
        "management-account-access",
        "medium",
        "{who} reaches the management account with {what}",
        "Service control policies do not apply to the management account, and it controls all member "
        "accounts.",
        "Move workloads to member accounts, and limit access to a few administrators and auditors.",
        grant_checks.management_account_access,
    ),
    Check(
        "disabled-user-access",
        "medium",
        "{who} is disabled and still has access",
        "Enabling the user again restores all of this access, possibly by accident.",
        "Remove the user's assignments and group memberships, or delete the user.",
        object_checks.disabled_user_access,
    ),
    Check(
        "direct-grant",
        "low",
        "{who} has {what} directly in {accounts}",
        "An assignment to a single user does not follow team changes and is easily forgotten.",
        "Assign the permission set to a group, and add the user to it.",
        grant_checks.direct_grant,
    ),
    Check(
        "orphaned-grant",
        "medium",
        "{what} is assigned to deleted users or groups",
        "The user or group was deleted but its assignment remains, and nobody can tell whose it was.",
        "Delete the assignment or the entitlement.",
        grant_checks.orphaned_grant,
    ),
    Check(
        "empty-group-grant",
        "low",
        "{who} has {what} in {accounts}, but no members",
        "The next user who is added to the group gets this access, possibly by accident.",
        "Delete the assignment, or the group together with it.",
        grant_checks.empty_group_grant,
    ),
    Check(
        "closed-account-grant",
        "low",
        "{who} has {what} in an account that is not active",
        "The account is closed, suspended or no longer in the organization. If it is reinstated, so is the "
        "access.",
        "Delete the assignment.",
        grant_checks.closed_account_grant,
    ),
    Check(
        "long-session",
        "medium",
        "{what} allows long sessions",
        "Stolen credentials and unlocked screens can be misused for as long as the session lasts.",
        "Shorten the permission set's session duration, or raise `max` if longer sessions are necessary.",
        object_checks.long_session,
    ),
    Check(
        "user-without-email",
        "low",
        "{who} has no email address",
        "Without an email address, the user can neither be contacted nor be recognized in other "
        "organizations.",
        "Add an email address. A service should not have a user; give it an IAM role, for example.",
        object_checks.user_without_email,
    ),
    Check(
        "unused-permission-set",
        "low",
        "{what} is not assigned to anyone",
        "Unused permission sets are not maintained and may later be assigned without review.",
        "Delete the permission set.",
        object_checks.unused_permission_set,
    ),
    Check(
        OUTDATED_PROVISIONING,
        "off",
        "{what} is outdated in {accounts}",
        "The role in the account has an earlier version of the permission set: permissions that were removed "
        "since then are still allowed there. This check takes a call for each permission set or account, "
        "whichever are fewer.",
        "Provision the permission set to the account again.",
        object_checks.outdated_provisioning,
    ),
    Check(
        "stale-membership",
        "low",
        "{who} lists a deleted user",
        "The group lists a user who no longer exists: deleting users leaves their memberships behind.",
        "Delete the membership, and find out why it was left.",
        object_checks.stale_membership,
    ),
    Check(
        "entitlement-bypass",
        "medium",
        "{who} has the IAM role {what}, outside of permission sets",
        "An entitlement gives access to an IAM role in an account that also uses permission sets. Reviews of "
        "assignments do not show this access, and no permission set limits it.",
        "Replace it with an assignment, or review the role's policies and waive the finding.",
        grant_checks.entitlement_bypass,
    ),
    Check(
        "cross-organization-admin",
        "high",
        "{who} administers accounts in several organizations",
        "One compromised account gives administrator access to several organizations.",
        "Give the person separate identities, or administrator access in only one organization.",
        object_checks.cross_organization_admin,
        across_organizations=True,
    ),
    Check(
        ADMIN_GAINED,
        "high",
        "{who} became administrator",
        "A user became administrator since the previous run. This should be a known and approved change.",
        "Find out who gave the access and why, and remove it if it was not approved.",
        object_checks.admin_gained,
    ),
    Check(
        "application-open-to-all",
        "medium",
        "",
        "The application does not require an assignment: every user of the directory can open it, also those "
        "who are added later. Disabled applications do not count. This check needs `collect.applications`.",
        "Require assignments, and assign the groups that need the application.",
        application_checks.application_open_to_all,
    ),
    Check(
        "application-disabled-user",
        "medium",
        "{who} is disabled and still has applications",
        "Enabling the user again restores the access to these applications, possibly by accident. This check "
        "needs `collect.applications`.",
        "Remove the user's assignments and group memberships, or delete the user.",
        application_checks.application_disabled_user,
    ),
    Check(
        "leaver-access",
        "high",
        "{who} has left and still has access",
        "The roster says that this user has left. The person, or anyone with the credentials, can still use "
        "the access. This check needs `review.roster`.",
        "Disable the user in the identity provider, and remove assignments and group memberships.",
        people_checks.leaver_access,
    ),
    Check(
        "not-in-roster",
        "medium",
        "{who} is not in the roster",
        "Nobody knows whether this user still works here: the roster has neither the email address nor the "
        "employee number. This check needs `review.roster`.",
        "Find out whose user it is. Add the person to the roster, remove the user, or waive the finding of a "
        "service.",
        people_checks.not_in_roster,
    ),
    Check(
        "dormant-user",
        "low",
        "{who} does not use the access",
        "Access that nobody uses is not missed when it is misused. A user who has never signed in may not be "
        "needed at all. This check needs `collect.activity`, and sign-ins that are known for as long as "
        "`days`.",
        "Remove the user's assignments and group memberships, or raise `days`.",
        people_checks.dormant_user,
    ),
    Check(
        "unmanaged-user",
        "low",
        "{who} does not come from the identity provider",
        "Most users of this directory come from an identity provider. This one does not: when the person "
        "leaves, the identity provider removes nothing.",
        "Replace the user with one that the identity provider manages, or waive an emergency user.",
        people_checks.unmanaged_user,
    ),
    Check(
        "unmanaged-membership",
        "low",
        "{who} has members whom others than the identity provider added",
        "An identity provider manages this directory, but others added members to the group. It may neither "
        "know nor remove them.",
        "Add the members in the identity provider, and remove the memberships that were added by others.",
        people_checks.unmanaged_membership,
    ),
    Check(
        "manager-missing",
        "low",
        "{who} has no manager",
        "Nobody can be asked whether this user still needs the access. This check needs `manager` in "
        "`collect.people`, or a roster with managers.",
        "Add the manager in the identity provider or the HR system.",
        people_checks.manager_missing,
    ),
    Check(
        "single-administrator",
        "medium",
        "",
        "Fewer than two users administer the management account. If the only administrator is not available, "
        "nobody can act for the organization except with the root user.",
        "Give a second person administrator access to the management account.",
        people_checks.single_administrator,
    ),
    Check(
        "new-user-admin",
        "medium",
        "{who} is new and already administrator",
        "Attackers create users and make them administrators. A new administrator should be a known and "
        "approved one.",
        "Find out who created the user and who gave the access, and remove it if it was not approved.",
        people_checks.new_user_admin,
    ),
)
"""In the order of the configuration's keys."""
