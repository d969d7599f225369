"""The fewest calls and the least time that a world allows, worked out from its records alone.

Nothing here knows how sso-batch plans. What a call gives, and how pages are cut, is from AWS's documentation.
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
"""What is asked of each permission set."""

SSO_ADMIN = {
    *DETAILS,
    "ListInstances",
    "ListPermissionSets",
    "ListAccountsForProvisionedPermissionSet",
    "ListPermissionSetsProvisionedToAccount",
    "ListAccountAssignments",
    "ListAccountAssignmentsForPrincipal",
}
"""The operations that share the one bucket which decides how long an audit takes."""

Principal = tuple[str, str]
WayIn = tuple[str, str, str, str, str]
"""A row without its texts: account, permission set or role, type and id of the principal, user."""


def pages(items: int, most: int = 100) -> int:
    """How many pages a listing has; an empty one is a page, too."""
    return max(1, ceil(items / most))


def sso_admin(calls: Counter[str]) -> int:
    """How many of the calls count against sso-admin's limit."""
    return sum(count for operation, count in calls.items() if operation in SSO_ADMIN)


def seconds(calls: float, *, rate: float = RATE, burst: float = BURST) -> float:
    """The least time that so many calls on one bucket take, answers not waited for."""
    return max(calls - burst, 0) / rate


def idle_share(asked: Sequence[float], *, rate: float = RATE, burst: float = BURST) -> float:
    """The part of the time, from the first call to the last, in which a bucket was full and ran over."""
    tokens, idle = burst, 0.0
    for before, now in pairwise(asked):
        tokens = tokens - 1 + (now - before) * rate
        idle += max(tokens - burst, 0) / rate
        tokens = min(tokens, burst)
    return idle / (asked[-1] - asked[0]) if len(asked) > 1 else 0.0


def complete(organization: Organization) -> Counter[str]:
    """The fewest calls that see everything: every provisioned pair is asked, and who holds what it tells."""
    pairs = {(provision.account_id, provision.permission_set_arn) for provision in organization.provisioned}
    assigned = Counter(
        (assignment.account_id, assignment.permission_set_arn) for assignment in organization.assignments
    )
    return (
        _always(organization)
        + Counter(dict.fromkeys(DETAILS, len(organization.permission_sets)))
        + pair_listings(organization)
        + Counter(ListAccountAssignments=sum(pages(assigned[pair]) for pair in pairs))
        + _people(
            organization,
            {(assignment.principal_type, assignment.principal_id) for assignment in organization.assignments},
        )
    )


def by_principal(organization: Organization) -> Counter[str]:
    """The fewest calls that ask each listed user and group; a user's answer has the groups' grants, too."""
    grants = _by_principal(organization.assignments)
    groups_of: defaultdict[str, list[Principal]] = defaultdict(list)
    for membership in organization.memberships:
        groups_of[membership.user_id].append(("GROUP", membership.group_id))
    asked: list[list[Principal]] = [[("GROUP", group.id)] for group in organization.groups if group.listed]
    asked += [[("USER", user.id), *groups_of[user.id]] for user in organization.users if user.listed]
    told = {principal for principals in asked for principal in principals if grants[principal]}
    described = {grant.permission_set_arn for principal in told for grant in grants[principal]}
    return (
        _always(organization)
        + Counter(dict.fromkeys(DETAILS, len(described)))
        + Counter(
            ListAccountAssignmentsForPrincipal=sum(
                pages(sum(len(grants[principal]) for principal in principals)) for principals in asked
            )
        )
        + _people(organization, told)
    )


def fastest(organization: Organization) -> Counter[str]:
    """The way that takes less of sso-admin's bucket."""
    return min(complete(organization), by_principal(organization), key=sso_admin)


def pair_listings(organization: Organization) -> Counter[str]:
    """The provisioned pairs, listed by account or by permission set: whichever is fewer pages."""
    in_account = Counter(provision.account_id for provision in organization.provisioned)
    of_permission_set = Counter(provision.permission_set_arn for provision in organization.provisioned)
    by_account = sum(pages(in_account[account.id]) for account in organization.accounts)
    by_permission_set = sum(
        pages(of_permission_set[permission_set.arn]) for permission_set in organization.permission_sets
    )
    if by_permission_set <= by_account:
        return Counter(ListAccountsForProvisionedPermissionSet=by_permission_set)
    return Counter(ListPermissionSetsProvisionedToAccount=by_account)


def ways_in(organization: Organization) -> Counter[WayIn]:
    """Every row that an audit of everything has to give, by its ids."""
    members: defaultdict[str, list[str]] = defaultdict(list)
    for membership in organization.memberships:
        members[membership.group_id].append(membership.user_id)
    found: Counter[WayIn] = Counter()
    grants: list[Assignment | Entitlement] = [*organization.assignments, *_entitlements(organization)]
    for grant in grants:
        what = grant.permission_set_arn if isinstance(grant, Assignment) else grant.role_arn
        user = [grant.principal_id] if grant.principal_type == "USER" else members[grant.principal_id]
        for user_id in user or [""]:
            found[grant.account_id, what, grant.principal_type, grant.principal_id, user_id] += 1
    return found


def _always(organization: Organization) -> Counter[str]:
    """What either way asks for: who we are, the listings, the accounts' paths, and account access."""
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
            "ListRoots": 1,
            "ListApplications": pages(len(applications)),
            "GetApplication": len(applications),
            "ListEntitlements": sum(pages(len(application.entitlements)) for application in applications),
        }
    ) + _unit_names(organization)


def _unit_names(organization: Organization) -> Counter[str]:
    """The names of the units above accounts: one by one, or parent by parent, whichever is fewer calls."""
    parent_of = {unit.id: unit.parent_id for unit in organization.organizational_units}
    above = set()
    for account in organization.accounts:
        unit = account.parent_id
        while unit in parent_of:
            above.add(unit)
            unit = parent_of[unit]
    children = Counter(parent_of.values())
    walk = sum(pages(children[parent], 20) for parent in {parent_of[unit] for unit in above})
    if walk < len(above):
        return Counter(ListOrganizationalUnitsForParent=walk)
    return Counter(DescribeOrganizationalUnit=len(above))


def _people(organization: Organization, granted: set[Principal]) -> Counter[str]:
    """What is asked of the identity store about those who hold grants.

    Whoever is not listed is asked for; of a group that is gone nothing more has to be.
    """
    entitled = {
        (entitlement.principal_type, entitlement.principal_id) for entitlement in _entitlements(organization)
    }
    existing = {group.id for group in organization.groups}
    listed = {user.id for user in organization.users if user.listed}
    listed |= {group.id for group in organization.groups if group.listed}
    groups = {principal_id for kind, principal_id in granted | entitled if kind == "GROUP"}
    members: defaultdict[str, set[str]] = defaultdict(set)
    for membership in organization.memberships:
        members[membership.group_id].add(membership.user_id)
    users = {principal_id for kind, principal_id in granted | entitled if kind == "USER"}.union(
        *(members[group] for group in groups)
    )
    return Counter(
        ListGroupMemberships=sum(pages(len(members[group])) for group in groups & existing),
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
