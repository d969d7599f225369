"""The rows about applications: the join of applications, their assignments and the identity store."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_batch.access import EMPTY_GROUP, MEMBERS_NOT_READ, NOT_FOUND, NOT_READ, OK, Holder
from sso_batch.application_access import ApplicationAccess, resolve_applications
from sso_batch.model import GROUP, USER, ApplicationAssignment, Group, Principal, Snapshot
from tests.support.records import application, membership_of, snapshot, user

ANN, OPS = Principal(USER, "u-1"), Principal(GROUP, "g-1")
WIKI = application()
ANN_LEE = Holder(OK, "u-1@example.com", "Ann Lee", "u-1", "login-u-1", "ENABLED", NOT_READ)


def assigned(*principals: Principal, to: str = WIKI.arn) -> tuple[ApplicationAssignment, ...]:
    return tuple(ApplicationAssignment(to, principal) for principal in principals)


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        pytest.param(
            snapshot(applications=(WIKI,), application_assignments=assigned(ANN), users=(user(),)),
            [(ANN, "", (ANN_LEE,))],
            id="user",
        ),
        pytest.param(
            snapshot(
                applications=(WIKI,),
                application_assignments=assigned(OPS),
                users=(user(),),
                groups=(Group("g-1", "Ops"),),
                memberships=(membership_of("g-1", ("u-1",)),),
            ),
            [(OPS, "Ops", (ANN_LEE,))],
            id="member of a group",
        ),
        pytest.param(
            snapshot(applications=(WIKI,), application_assignments=assigned(OPS)),
            [(OPS, NOT_READ, (Holder(MEMBERS_NOT_READ),))],
            id="members not read",
        ),
        pytest.param(
            snapshot(
                applications=(WIKI,),
                application_assignments=assigned(OPS),
                groups=(Group("g-1", "Ops"),),
                memberships=(membership_of("g-1", ()),),
            ),
            [(OPS, "Ops", (Holder(EMPTY_GROUP),))],
            id="empty group",
        ),
        pytest.param(
            snapshot(applications=(WIKI,), application_assignments=assigned(ANN, OPS), missing=(ANN, OPS)),
            [(OPS, "", (Holder(NOT_FOUND),)), (ANN, "", (Holder(NOT_FOUND, user_id="u-1"),))],
            id="deleted user and group",
        ),
        pytest.param(
            snapshot(applications=(WIKI,)),
            [(Principal("", ""), "", (Holder(""),))],
            id="no assignments",
        ),
        pytest.param(
            snapshot(applications=(application(complete=False),)),
            [(Principal(NOT_READ, NOT_READ), "", (Holder(NOT_READ),))],
            id="assignments not read",
        ),
        pytest.param(
            snapshot(
                applications=(application(complete=False),),
                application_assignments=assigned(ANN),
                users=(user(),),
            ),
            [(Principal(NOT_READ, NOT_READ), "", (Holder(NOT_READ),)), (ANN, "", (ANN_LEE,))],
            id="some assignments not read",
        ),
        pytest.param(snapshot(applications=()), [], id="no applications"),
        pytest.param(snapshot(), [], id="not examined"),
    ],
)
def test_assignments(records: Snapshot, expected: list[tuple[Principal, str, tuple[Holder, ...]]]) -> None:
    """Each assignment has its holders; an application without one has a row, and so has what is unknown."""
    found = list(resolve_applications(records))

    assert [(access.principal, access.group_name, access.holders) for access in found] == expected


@pytest.mark.parametrize(("required", "cell"), [(True, "yes"), (False, "no"), (None, NOT_READ)])
def test_assignment_required(required: bool | None, cell: str) -> None:  # noqa: FBT001 - a row of the table
    """Not read is neither yes nor no."""
    (access,) = resolve_applications(snapshot(applications=(application(required=required),)))

    assert access.assignment_required == cell


@given(st.permutations([(name, principal) for name in "abc" for principal in (ANN, OPS)]))
def test_order(pairs: list[tuple[str, Principal]]) -> None:
    """Rows are sorted by application and principal, however the snapshot is, and each occurs once."""
    applications = tuple(dict.fromkeys(application(name) for name, _ in pairs))
    assignments = tuple(ApplicationAssignment(application(name).arn, each) for name, each in pairs)
    records = snapshot(applications=applications, application_assignments=assignments * 2)

    found = [(access.application.name, access.principal) for access in resolve_applications(records)]

    assert found == [(name, principal) for name in "abc" for principal in (OPS, ANN)]


def test_an_access_knows_its_organization() -> None:
    """Rows of several organizations are in one file."""
    assert list(resolve_applications(snapshot(organization="globex", applications=(WIKI,)))) == [
        ApplicationAccess("globex", WIKI, Principal("", ""), "", (Holder(""),))
    ]
