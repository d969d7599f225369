"""The oracle: the rows that an audit of a made-up world must return, derived from the world's own records.

It shares no code with the product and is not optimized: for each assignment it searches the records again.
Its source is the contract's section on columns.
"""

import json
from collections.abc import Collection

from sso_batch.emulator.world import (
    Account,
    Group,
    Membership,
    Organization,
    PermissionSet,
    PolicyReference,
    User,
    World,
)

COLUMNS = (
    "UserEmail",
    "UserName",
    "AccountId",
    "AccountName",
    "PermissionSet",
    "PrincipalType",
    "PrincipalId",
    "Organization",
    "UserId",
    "UserLogin",
    "UserStatus",
    "GroupName",
    "PrincipalState",
    "AccountState",
    "AccountPath",
    "AccessType",
    "PermissionSetArn",
    "RoleArn",
    "SessionDuration",
    "ManagedPolicies",
    "CustomerManagedPolicies",
    "InlinePolicy",
    "PermissionsBoundary",
    "Privilege",
    "PrivilegeReason",
    "PrivilegeUnread",
    "AssignedAt",
    "AssignedBy",
    "MemberSince",
    "MemberAddedBy",
    "FirstSeen",
    "LastSignIn",
)
ATTRIBUTES = {
    "title": "Title",
    "user_type": "UserType",
    "department": "Department",
    "division": "Division",
    "cost_center": "CostCenter",
    "employee_number": "EmployeeNumber",
    "manager": "Manager",
}
"""The last columns, by the attribute that a configuration asks for."""

APPLICATION_COLUMNS = (
    "UserEmail",
    "UserName",
    "ApplicationName",
    "ApplicationArn",
    "ApplicationAccount",
    "ApplicationProvider",
    "ApplicationStatus",
    "AssignmentRequired",
    "PrincipalType",
    "PrincipalId",
    "Organization",
    "UserId",
    "UserLogin",
    "UserStatus",
    "GroupName",
    "PrincipalState",
)
APPLICATION_ORDER = ("ApplicationArn", "PrincipalType", "PrincipalId", "UserId")
ORDER = ("AccountId", "AccessType", "PermissionSetArn", "RoleArn", "PrincipalType", "PrincipalId", "UserId")
NOT_READ = "NOT_READ"
NOT_JUDGED = "NOT_JUDGED"
"""The privilege of policies that the oracle does not know; no report contains it."""

LEVELS = ("NONE", "READ", "WRITE", "MANAGES_ACCESS", "CAN_ESCALATE", "ADMINISTRATOR")
NOTHING = ("NONE", "no policy that was read allows anything")
MANAGED_POLICIES = {
    "AdministratorAccess": ("ADMINISTRATOR", "AdministratorAccess allows every action on every resource"),
    "job-function/Billing": ("WRITE", "Billing allows changes, such as aws-portal:ModifyBilling"),
    "job-function/ViewOnlyAccess": ("READ", "ViewOnlyAccess allows reading only"),
    "ReadOnlyAccess": ("READ", "ReadOnlyAccess allows reading only"),
}
"""What these AWS managed policies amount to in every account, and why; Billing's first action that changes
something is aws-portal:ModifyBilling."""

Row = dict[str, str]


def expected_rows(
    world: World,
    organization_name: str,
    *,
    details: bool,
    entitlements: bool,
    account_paths: bool,
    policy_documents: bool = True,
    people: Collection[str] = (),
) -> list[Row]:
    """Return the rows of one organization in the contract's order, cells unescaped.

    `people` has the attributes of users to report, in the order of their columns. FirstSeen is empty: it
    depends on earlier runs. Nothing is known of activity.
    """
    organization = world.organization(organization_name)
    known = known_users(organization, entitlements=entitlements) if people else []
    rows = []
    for assignment in organization.assignments:
        grant = {
            "AccessType": "PERMISSION_SET",
            **account_cells(organization, assignment.account_id, paths=account_paths),
            **permission_set_cells(
                organization, assignment.permission_set_arn, details=details, documents=policy_documents
            ),
        }
        cells = principal_cells(organization, assignment.principal_type, assignment.principal_id)
        rows += [grant | person for person in cells]
    for application in organization.applications if entitlements else ():
        if application.account_id != organization.management_account_id:
            continue
        if application.instance_arn != organization.instance_arn:
            continue
        for entitlement in application.entitlements:
            grant = {
                "AccessType": "IAM_ROLE",
                "RoleArn": entitlement.role_arn,
                "Privilege": NOT_READ,
                "PrivilegeUnread": "policies of the IAM role",
                **account_cells(organization, entitlement.role_arn.split(":")[4], paths=account_paths),
            }
            cells = principal_cells(organization, entitlement.principal_type, entitlement.principal_id)
            rows += [grant | person for person in cells]
    unread = dict.fromkeys(("AssignedAt", "AssignedBy"), NOT_READ)
    empty = dict.fromkeys(COLUMNS, "") | unread | {"Organization": organization.name}
    attributes = {user.id: attribute_cells(user, people, known) for user in known}
    empty |= {ATTRIBUTES[name]: "" for name in people}
    return sorted(
        (empty | row | attributes.get(row.get("UserId", ""), {}) for row in rows),
        key=lambda row: tuple(row[column].encode() for column in ORDER),
    )


def expected_application_rows(world: World, organization_name: str) -> list[Row]:
    """Return the rows about the applications of one organization in the contract's order, cells unescaped."""
    organization = world.organization(organization_name)
    rows = []
    for application in organization.sso_applications:
        cells = {
            "ApplicationName": application.name or "",
            "ApplicationArn": application.arn,
            "ApplicationAccount": application.arn.split(":")[4],
            "ApplicationProvider": application.provider_arn,
            "ApplicationStatus": application.status,
            "AssignmentRequired": "yes" if application.assignment_required else "no",
        }
        if application.refusal:
            cells["AssignmentRequired"] = NOT_READ
        if not application.assignments:
            rows.append(cells)
        for kind, principal_id in application.assignments:
            rows += [cells | person for person in principal_cells(organization, kind, principal_id)]
    empty = dict.fromkeys(APPLICATION_COLUMNS, "") | {"Organization": organization.name}
    return sorted(
        ({column: (empty | row)[column] for column in APPLICATION_COLUMNS} for row in rows),
        key=lambda row: tuple(row[column].encode() for column in APPLICATION_ORDER),
    )


def account_cells(organization: Organization, account_id: str, *, paths: bool) -> Row:
    """Return the cells about an account."""
    (account,) = [account for account in organization.accounts if account.id == account_id]
    return {
        "AccountId": account.id,
        "AccountName": account.name,
        "AccountState": account.state,
        "AccountPath": account_path(organization, account) if paths else NOT_READ,
    }


def account_path(organization: Organization, account: Account) -> str:
    """Return the names from the root down to the unit that the account is in."""
    names: list[str] = []
    parent_id = account.parent_id
    while parent_id != organization.root_id:
        (unit,) = [unit for unit in organization.organizational_units if unit.id == parent_id]
        names.insert(0, unit.name)
        parent_id = unit.parent_id
    names.insert(0, organization.root_name)
    return "/".join(name.replace("\\", "\\\\").replace("/", "\\/").replace(";", "\\;") for name in names)


def permission_set_cells(organization: Organization, arn: str, *, details: bool, documents: bool) -> Row:
    """Return the cells about a permission set."""
    (permission_set,) = [entry for entry in organization.permission_sets if entry.arn == arn]
    policies = dict.fromkeys(
        ("ManagedPolicies", "CustomerManagedPolicies", "InlinePolicy", "PermissionsBoundary"), NOT_READ
    )
    if details:
        policies = policy_cells(permission_set)
    privilege = {
        "Privilege": NOT_READ,
        "PrivilegeReason": "",
        "PrivilegeUnread": "AWS managed policies;names of customer managed policies;the inline policy",
    }
    if details:
        privilege = privilege_cells(permission_set, documents=documents)
    return {
        "PermissionSet": permission_set.name,
        "PermissionSetArn": permission_set.arn,
        "SessionDuration": permission_set.session_duration or "",
        **policies,
        **privilege,
    }


def privilege_cells(permission_set: PermissionSet, *, documents: bool) -> Row:
    """Return what a permission set amounts to; AdministratorAccess is known without its document."""
    names = [arn.partition(":policy/")[2] for arn in permission_set.managed_policies]
    read = [name for name in names if documents or name == "AdministratorAccess"]
    unread = [f"AWS managed policy {name.rpartition('/')[2]}" for name in names if name not in read]
    customer_managed = [
        f"customer managed policy {policy.path}{policy.name}"
        for policy in permission_set.customer_managed_policies
    ]
    inline_policy = permission_set.inline_policy
    if inline_policy and not inline_policy.startswith("{"):
        inline_policy = None
        unread.append("statements of the inline policy that cannot be understood")
    level, reason = privilege_of(read, inline_policy)
    certain = level == "ADMINISTRATOR" or not unread
    boundary = policy_cells(permission_set)["PermissionsBoundary"]
    if boundary and level != NOT_JUDGED:
        reason += f"; limited by the permissions boundary {boundary}, which is not evaluated"
    if not certain:
        reason = "" if level == "NONE" else f"at least {level}: {reason}"
    return {
        "Privilege": level if certain else NOT_READ,
        "PrivilegeReason": reason,
        "PrivilegeUnread": "" if level == "ADMINISTRATOR" else ";".join(sorted(unread + customer_managed)),
    }


def privilege_of(managed_policies: list[str], inline_policy: str | None) -> tuple[str, str]:
    """Return the highest privilege of the policies, and why; of several policies, the first one is named."""
    statements = json.loads(inline_policy).get("Statement") if inline_policy else []
    if statements or not MANAGED_POLICIES.keys() >= set(managed_policies):
        return NOT_JUDGED, NOT_JUDGED
    found = [MANAGED_POLICIES[name] for name in managed_policies]
    return max(found, key=lambda each: LEVELS.index(each[0]), default=NOTHING)


def policy_cells(permission_set: PermissionSet) -> Row:
    """Return the cells about the policies of a permission set."""
    boundary = permission_set.permissions_boundary
    if isinstance(boundary, PolicyReference):
        boundary = boundary.path + boundary.name
    return {
        "ManagedPolicies": ";".join(sorted(permission_set.managed_policies)),
        "CustomerManagedPolicies": ";".join(
            sorted(policy.path + policy.name for policy in permission_set.customer_managed_policies)
        ),
        "InlinePolicy": "no" if permission_set.inline_policy is None else "yes",
        "PermissionsBoundary": boundary or "",
    }


def principal_cells(organization: Organization, kind: str, principal_id: str) -> list[Row]:
    """Return the cells about the principal of one assignment, for one row for each user who has it."""
    grant = {"PrincipalType": kind, "PrincipalId": principal_id}
    if kind == "USER":
        user = find_user(organization, principal_id)
        if user is None:
            return [grant | {"PrincipalState": "NOT_FOUND", "UserId": principal_id}]
        return [grant | {"PrincipalState": "OK"} | user_cells(user)]
    group = find_group(organization, principal_id)
    if group is None:
        return [grant | {"PrincipalState": "NOT_FOUND"}]
    grant["GroupName"] = group.display_name or ""
    memberships = [entry for entry in organization.memberships if entry.group_id == principal_id]
    if not memberships:
        return [grant | {"PrincipalState": "EMPTY_GROUP"}]
    rows = []
    for membership in memberships:
        user = find_user(organization, membership.user_id)
        cells = grant | membership_cells(membership)
        if user is None:
            rows.append(cells | {"PrincipalState": "MEMBER_NOT_FOUND", "UserId": membership.user_id})
        else:
            rows.append(cells | {"PrincipalState": "OK"} | user_cells(user))
    return rows


def membership_cells(membership: Membership) -> Row:
    """Return since when a membership exists, to the second, and who created it."""
    since = f"{membership.created_at[:19]}Z" if membership.created_at else ""
    return {"MemberSince": since, "MemberAddedBy": membership.created_by or ""}


def find_user(organization: Organization, user_id: str) -> User | None:
    """Return the user with this id, listed or not, or None."""
    for user in organization.users:
        if user.id == user_id:
            return user
    return None


def find_group(organization: Organization, group_id: str) -> Group | None:
    """Return the group with this id, listed or not, or None."""
    for group in organization.groups:
        if group.id == group_id:
            return group
    return None


def user_cells(user: User) -> Row:
    """Return the cells about a user who exists."""
    return {
        "UserId": user.id,
        "UserLogin": user.user_name or "",
        "UserStatus": user.status or "",
        "UserName": full_name(user),
        "UserEmail": email(user),
        "LastSignIn": NOT_READ,
    }


def full_name(user: User) -> str:
    """Return the display name, else the formatted name, else given and family name."""
    if user.display_name:
        return user.display_name
    if user.name is None:
        return ""
    if user.name.formatted:
        return user.name.formatted
    return " ".join(part for part in (user.name.given, user.name.family) if part)


def email(user: User) -> str:
    """Return the primary address, else the first one."""
    for address in user.emails:
        if address.primary:
            return address.value
    return user.emails[0].value if user.emails else ""


def known_users(organization: Organization, *, entitlements: bool) -> list[User]:
    """Return the users that an audit reads: those that are listed, and those with access."""
    grants = [(entry.principal_type, entry.principal_id) for entry in organization.assignments]
    for application in organization.applications if entitlements else ():
        grants += [(entry.principal_type, entry.principal_id) for entry in application.entitlements]
    with_access = {id_ for kind, id_ in grants if kind == "USER"}
    groups = {id_ for kind, id_ in grants if kind == "GROUP"} & {group.id for group in organization.groups}
    with_access |= {entry.user_id for entry in organization.memberships if entry.group_id in groups}
    return [user for user in organization.users if user.listed or user.id in with_access]


def attribute_cells(user: User, people: Collection[str], users: list[User]) -> Row:
    """Return the cells about a user's attributes."""
    enterprise = {key.lower(): value for key, value in (user.extensions or {}).items()}
    manager = enterprise.get("manager") or ""
    if isinstance(manager, dict):
        parts = {key.lower(): value for key, value in manager.items()}
        manager = (
            parts.get("value") or parts.get("username") or parts.get("displayname") or parts.get("name") or ""
        )
    cells = {
        "Title": user.title or "",
        "UserType": user.user_type or "",
        "Department": enterprise.get("department", ""),
        "Division": enterprise.get("division", ""),
        "CostCenter": enterprise.get("costcenter", ""),
        "EmployeeNumber": enterprise.get("employeenumber", ""),
        "Manager": shown_manager(manager, users),
    }
    return {ATTRIBUTES[name]: cells[ATTRIBUTES[name]] for name in people}


def shown_manager(manager: str, users: list[User]) -> str:
    """Return the address or the login of the user that a manager's text means, or the text itself."""
    for named in (
        [user for user in users if user.id == manager],
        [user for user in users if manager in [entry.id for entry in user.external_ids]],
        [user for user in users if (user.user_name or "").lower() == manager.lower()],
        [user for user in users if email(user).lower() == manager.lower()],
    ):
        if manager and named:
            return (email(named[0]) or named[0].user_name or manager) if len(named) == 1 else manager
    return manager
