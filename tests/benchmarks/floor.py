"""The minimum number of calls and the minimum time for a world, computed from its records.

It is independent of the strategies of sso-batch. Answers and page sizes are those of AWS's documentation.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import ceil

from sso_batch.emulator.world import Assignment, Entitlement, Organization

RATE = 20.0
BURST = 20.0

DETAILS = (
    "DescribePermissionSet",
    "ListManagedPoliciesInPermissionSet",
    "ListCustomerManagedPolicyReferencesInPermissionSet",
    "GetInlinePolicyForPermissionSet",
    "GetPermissionsBoundaryForPermissionSet",
    "ListTagsForResource",
)
"""The operations for each permission set."""

SSO_ADMIN = {
    *DETAILS,
    "ListInstances",
    "ListPermissionSets",
    "ListAccountsForProvisionedPermissionSet",
    "ListPermissionSetsProvisionedToAccount",
    "ListAccountAssignments",
    "ListAccountAssignmentsForPrincipal",
}
"""The operations that share the bucket that limits the speed of an audit."""

Principal = tuple[str, str]
AccessPath = tuple[str, str, str, str, str]
"""A row as ids: account, permission set or role, principal type, principal and user."""


def pages(items: int, page_size: int = 100) -> int:
    """Return the number of pages of a listing; an empty listing has one page."""
    return max(1, ceil(items / page_size))


def sso_admin(calls: Counter[str]) -> int:
    """Return the number of calls that count towards sso-admin's limit."""
    return sum(count for operation, count in calls.items() if operation in SSO_ADMIN)


def seconds(calls: float, *, rate: float = RATE, burst: float = BURST) -> float:
    """Return the minimum seconds for calls on one bucket, without the latency of answers."""
    return max(calls - burst, 0) / rate


def idle_share(times: Sequence[float], *, rate: float = RATE, burst: float = BURST) -> float:
    """Return the share of time between the first and last call in which the bucket was full."""
    tokens, idle = burst, 0.0
    for before, now in pairwise(times):
        tokens = tokens - 1 + (now - before) * rate
        idle += max(tokens - burst, 0) / rate
        tokens = min(tokens, burst)
    return idle / (times[-1] - times[0]) if len(times) > 1 else 0.0


def complete(organization: Organization) -> Counter[str]:
    """Return the minimum calls for complete data: all provisioned pairs and their principals."""
    pairs = {(provision.account_id, provision.permission_set_arn) for provision in organization.provisioned}
    assigned = Counter(
        (assignment.account_id, assignment.permission_set_arn) for assignment in organization.assignments
    )
    return (
        _always(organization)
        + Counter(dict.fromkeys(DETAILS, len(organization.permission_sets)))
        + pair_listings(organization)
        + Counter(ListAccountAssignments=sum(pages(assigned[pair]) for pair in pairs))
        + _principal_calls(
            organization,
            {(assignment.principal_type, assignment.principal_id) for assignment in organization.assignments},
        )
        + _policy_documents(
            organization, {permission_set.arn for permission_set in organization.permission_sets}
        )
    )


def by_principal(organization: Organization, *, group_rows: bool = True) -> Counter[str]:
    """Return the minimum calls by principal: for users, and for groups whose assignments no user's show.

    With `group_rows`, AWS's answer for a user includes the assignments of the user's groups. Then a group is
    only asked if no listed user is a member, which the listing of its members shows; without it, all are.
    """
    grants = _by_principal(organization.assignments)
    users = {user.id for user in organization.users if user.listed}
    groups = {group.id for group in organization.groups if group.listed}
    groups_of: defaultdict[str, list[Principal]] = defaultdict(list)
    for membership in organization.memberships:
        groups_of[membership.user_id].append(("GROUP", membership.group_id))
    shown = {user: [("USER", user), *(groups_of[user] if group_rows else ())] for user in users}
    assigned = {principal for principals in shown.values() for principal in principals if grants[principal]}
    by_user = any(kind == "GROUP" for kind, _ in assigned)
    members_listed = {("GROUP", group) for group in groups} if by_user else set[Principal]()
    covered = {group for user in users for _, group in groups_of[user]} if by_user else set[str]()
    shown |= {group: [("GROUP", group)] for group in groups - covered}
    assigned |= {("GROUP", group) for group in groups if grants["GROUP", group]}
    described = {grant.permission_set_arn for principal in assigned for grant in grants[principal]}
    return (
        _always(organization)
        + Counter(dict.fromkeys(DETAILS, len(described)))
        + Counter(
            ListAccountAssignmentsForPrincipal=sum(
                pages(sum(len(grants[principal]) for principal in principals))
                for principals in shown.values()
            )
        )
        + _principal_calls(organization, assigned, members_listed)
        + _policy_documents(organization, described)
    )


def fastest(organization: Organization, *, group_rows: bool = True) -> Counter[str]:
    """Return the calls of the strategy with fewer sso-admin calls."""
    principals = by_principal(organization, group_rows=group_rows)
    return min(complete(organization), principals, key=sso_admin)


def pair_listings(organization: Organization) -> Counter[str]:
    """Return the calls that list provisioned pairs, by account or permission set, whichever is fewer."""
    in_account = Counter(provision.account_id for provision in organization.provisioned)
    of_permission_set = Counter(provision.permission_set_arn for provision in organization.provisioned)
    by_account = sum(pages(in_account[account.id]) for account in organization.accounts)
    by_permission_set = sum(
        pages(of_permission_set[permission_set.arn]) for permission_set in organization.permission_sets
    )
    if by_permission_set <= by_account:
        return Counter(ListAccountsForProvisionedPermissionSet=by_permission_set)
    return Counter(ListPermissionSetsProvisionedToAccount=by_account)


def access_paths(organization: Organization) -> Counter[AccessPath]:
    """Return every row of a complete audit, as ids."""
    members: defaultdict[str, list[str]] = defaultdict(list)
    for membership in organization.memberships:
        members[membership.group_id].append(membership.user_id)
    found: Counter[AccessPath] = Counter()
    grants: list[Assignment | Entitlement] = [*organization.assignments, *_entitlements(organization)]
    for grant in grants:
        target = grant.permission_set_arn if isinstance(grant, Assignment) else grant.role_arn
        user_ids = [grant.principal_id] if grant.principal_type == "USER" else members[grant.principal_id]
        for user_id in user_ids or [""]:
            found[grant.account_id, target, grant.principal_type, grant.principal_id, user_id] += 1
    return found


def _always(organization: Organization) -> Counter[str]:
    """Return the calls of both strategies: identity, administrators, listings, paths, account access."""
    applications = [
        application
        for application in organization.applications
        if application.account_id == organization.management_account_id
    ]
    return Counter(
        {
            "GetCallerIdentity": 1,
            "DescribeOrganization": 1,
            "ListInstances": 1,
            "ListUsers": pages(sum(user.listed for user in organization.users)),
            "ListGroups": pages(sum(group.listed for group in organization.groups)),
            "ListAccounts": pages(len(organization.accounts), 20),
            "ListPermissionSets": pages(len(organization.permission_sets)),
            "ListDelegatedAdministrators": 1,
            "ListRoots": 1,
            "ListApplications": pages(len(applications)),
            "GetApplication": len(applications),
            "ListEntitlements": sum(pages(len(application.entitlements)) for application in applications),
        }
    ) + _unit_names(organization)


def _policy_documents(organization: Organization, permission_sets: set[str]) -> Counter[str]:
    """Return the calls for the AWS managed policies of permission sets: two for each, by ARN."""
    policies = {
        policy
        for permission_set in organization.permission_sets
        if permission_set.arn in permission_sets
        for policy in permission_set.managed_policies
    }
    return Counter(GetPolicy=len(policies), GetPolicyVersion=len(policies))


def _unit_names(organization: Organization) -> Counter[str]:
    """Return the calls for the names of units, by unit or by parent, whichever is fewer."""
    parent_of = {unit.id: unit.parent_id for unit in organization.organizational_units}
    named_units = set()
    for account in organization.accounts:
        unit = account.parent_id
        while unit in parent_of:
            named_units.add(unit)
            unit = parent_of[unit]
    children = Counter(parent_of.values())
    by_parent = sum(pages(children[parent], 20) for parent in {parent_of[unit] for unit in named_units})
    if by_parent < len(named_units):
        return Counter(ListOrganizationalUnitsForParent=by_parent)
    return Counter(DescribeOrganizationalUnit=len(named_units))


def _principal_calls(
    organization: Organization, granted: set[Principal], members_listed: Iterable[Principal] = ()
) -> Counter[str]:
    """Return the identity store calls for assigned principals, and for the members of further groups.

    Unlisted principals are described; the members of deleted groups are not listed.
    """
    entitled = {
        (entitlement.principal_type, entitlement.principal_id) for entitlement in _entitlements(organization)
    }
    existing = {group.id for group in organization.groups}
    listed = {user.id for user in organization.users if user.listed}
    listed |= {group.id for group in organization.groups if group.listed}
    groups = {principal_id for kind, principal_id in granted | entitled if kind == "GROUP"}
    listed_groups = groups | {principal_id for _, principal_id in members_listed}
    members: defaultdict[str, set[str]] = defaultdict(set)
    for membership in organization.memberships:
        members[membership.group_id].add(membership.user_id)
    users = {principal_id for kind, principal_id in granted | entitled if kind == "USER"}.union(
        *(members[group] for group in groups)
    )
    return Counter(
        ListGroupMemberships=sum(pages(len(members[group])) for group in listed_groups & existing),
        DescribeUser=len(users - listed),
        DescribeGroup=len(groups - listed),
    )


def _entitlements(organization: Organization) -> list[Entitlement]:
    return [grant for application in organization.applications for grant in application.entitlements]


def _by_principal(assignments: Iterable[Assignment]) -> defaultdict[Principal, list[Assignment]]:
    found: defaultdict[Principal, list[Assignment]] = defaultdict(list)
    for assignment in assignments:
        found[assignment.principal_type, assignment.principal_id].append(assignment)
    return found
