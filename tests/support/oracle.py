"""The oracle: the rows that an audit of a made-up world must return, derived from the world's own records.

It shares no code with the product and is not optimized: for each assignment it searches the records again.
Its source is the contract's section on columns.
"""

from sso_batch.emulator.world import (
    Account,
    Group,
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
)
ORDER = ("AccountId", "AccessType", "PermissionSetArn", "RoleArn", "PrincipalType", "PrincipalId", "UserId")
NOT_READ = "NOT_READ"

Row = dict[str, str]


def expected_rows(
    world: World, organization_name: str, *, details: bool, entitlements: bool, account_paths: bool
) -> list[Row]:
    """Return the rows of one organization in the contract's order, cells unescaped."""
    organization = world.organization(organization_name)
    rows = []
    for assignment in organization.assignments:
        grant = {
            "AccessType": "PERMISSION_SET",
            **account_cells(organization, assignment.account_id, paths=account_paths),
            **permission_set_cells(organization, assignment.permission_set_arn, details=details),
        }
        people = principal_cells(organization, assignment.principal_type, assignment.principal_id)
        rows += [grant | person for person in people]
    for application in organization.applications if entitlements else ():
        if application.account_id != organization.management_account_id:
            continue
        if application.instance_arn != organization.instance_arn:
            continue
        for entitlement in application.entitlements:
            grant = {
                "AccessType": "IAM_ROLE",
                "RoleArn": entitlement.role_arn,
                **account_cells(organization, entitlement.role_arn.split(":")[4], paths=account_paths),
            }
            people = principal_cells(organization, entitlement.principal_type, entitlement.principal_id)
            rows += [grant | person for person in people]
    empty = dict.fromkeys(COLUMNS, "") | {"Organization": organization.name}
    return sorted(
        (empty | row for row in rows), key=lambda row: tuple(row[column].encode() for column in ORDER)
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


def permission_set_cells(organization: Organization, arn: str, *, details: bool) -> Row:
    """Return the cells about a permission set."""
    (permission_set,) = [entry for entry in organization.permission_sets if entry.arn == arn]
    policies = dict.fromkeys(
        ("ManagedPolicies", "CustomerManagedPolicies", "InlinePolicy", "PermissionsBoundary"), NOT_READ
    )
    if details:
        policies = policy_cells(permission_set)
    return {
        "PermissionSet": permission_set.name,
        "PermissionSetArn": permission_set.arn,
        "SessionDuration": permission_set.session_duration or "",
        **policies,
    }


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
    members = [entry.user_id for entry in organization.memberships if entry.group_id == principal_id]
    if not members:
        return [grant | {"PrincipalState": "EMPTY_GROUP"}]
    rows = []
    for member in members:
        user = find_user(organization, member)
        if user is None:
            rows.append(grant | {"PrincipalState": "MEMBER_NOT_FOUND", "UserId": member})
        else:
            rows.append(grant | {"PrincipalState": "OK"} | user_cells(user))
    return rows


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
