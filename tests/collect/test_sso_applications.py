"""The collector of applications: each is read once, and what fails is a gap of its own."""

from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from sso_batch.aws.exceptions import AwsFailure
from sso_batch.collect.identity_store import IdentityStore
from sso_batch.collect.listing import Stream
from sso_batch.collect.sso_applications import SsoApplications
from sso_batch.collect.work_queue import WorkQueue
from sso_batch.model import GROUP, USER, Application, ApplicationAssignment, Gap, GapKind, Grant, Principal
from tests.collect.conftest import RECORD, Instance, assigned, by, refused, run_jobs
from tests.support.records import application

ANN, DEV = Principal(USER, "ann"), Principal(GROUP, "dev")
ASSIGNMENTS, CONFIGURATION = "ListApplicationAssignments", "GetApplicationAssignmentConfiguration"
DENIED, INVALID, MISSING = "AccessDeniedException", "ValidationException", "ResourceNotFoundException"


class Applications(Instance):
    """An instance with three applications."""

    def __init__(self) -> None:
        super().__init__()
        self.records = [replace(application(name), assignment_required=None) for name in "abc"]
        self.open = {self.records[1].arn}
        self.assigned: defaultdict[str, list[Principal]] = defaultdict(list)
        self.assigned[self.records[0].arn] = [ANN, DEV, ANN]
        self.gone: set[str] = set()

    async def applications(self) -> AsyncIterator[list[Application]]:
        """List the applications without their assignments; those that are gone only the first time."""
        again = self.asked["sso:ListApplications",] > 0
        self._ask("sso:ListApplications")
        for page in self._pages(each for each in self.records if not (again and each.arn in self.gone)):
            yield [replace(each, assignments_complete=False) for each in page]

    async def application_assignments(self, arn: str) -> AsyncIterator[list[ApplicationAssignment]]:
        """List the assignments of an application."""
        self._ask(ASSIGNMENTS, arn)
        for page in self._pages(self.assigned[arn]):
            yield [ApplicationAssignment(arn, principal) for principal in page]

    async def assignment_required(self, arn: str) -> bool:
        """Return whether an assignment is required."""
        self._ask(CONFIGURATION, arn)
        return arn not in self.open


def collect(made: Applications, gaps: list[Gap], *, enabled: bool = True) -> SsoApplications:
    """Collect the applications, then repeat the listing if something was not found."""
    collectors: list[SsoApplications] = []

    def read(queue: WorkQueue) -> None:
        collector = SsoApplications(made, queue, RECORD)  # type: ignore[arg-type] # a substitute
        collectors.append(collector)
        if enabled:
            collector.listing.start()
        else:
            collector.listing.end()
        queue.jobs.group.create_task(collector.read())

    run_jobs(gaps, read, lambda _: collectors[0].listing.verify())
    return collectors[0]


def arns(*names: str) -> list[str]:
    return [application(name).arn for name in names]


def test_each_call_once(gaps: list[Gap]) -> None:
    """Two calls for each application and one listing; an assignment on two pages counts once."""
    made = Applications()

    found = collect(made, gaps)

    assert set(made.asked.values()) == {1}
    assert sum(made.asked.values()) == 1 + 2 * 3 == 1 + found.calls
    assert found.found == tuple(
        replace(each, assignment_required=each.arn not in made.open) for each in made.records
    )
    arn = made.records[0].arn
    assert found.assignments == (ApplicationAssignment(arn, DEV), ApplicationAssignment(arn, ANN))
    assert gaps == []


def test_disabled(gaps: list[Gap]) -> None:
    """If applications are left out, no call is made."""
    made = Applications()

    found = collect(made, gaps, enabled=False)

    assert (found.found, found.assignments, made.asked.total(), gaps) == ((), (), 0, [])


def test_a_denied_listing(gaps: list[Gap]) -> None:
    """A denied listing is one gap, and nothing is known of applications."""
    made = Applications()
    made.refusals["sso:ListApplications"] = refused("sso:ListApplications")

    found = collect(made, gaps)

    assert found.found is None
    assert [(gap.kind, gap.operation, gap.resource) for gap in gaps] == [
        (GapKind.APPLICATIONS, "sso:ListApplications", RECORD.arn)
    ]


@pytest.mark.parametrize("operation", [ASSIGNMENTS, CONFIGURATION])
def test_a_call_that_is_denied_for_all(gaps: list[Gap], operation: str) -> None:
    """What is denied for every application is one gap about the instance."""
    made = Applications()
    made.refusals[operation] = refused(operation)

    found = collect(made, gaps)

    assert by(gaps) == {operation: [RECORD.arn]}
    assert found.found is not None
    assert {each.assignments_complete for each in found.found} == {operation != ASSIGNMENTS}
    assert {each.assignment_required is None for each in found.found} == {operation == CONFIGURATION}


@pytest.mark.parametrize("code", [DENIED, INVALID])
@pytest.mark.parametrize("operation", [ASSIGNMENTS, CONFIGURATION])
def test_a_call_that_is_refused_for_some(gaps: list[Gap], operation: str, code: str) -> None:
    """What AWS refuses for some applications is one gap for each of them."""
    made = Applications()
    for arn in arns("a", "c"):
        made.refusals[f"{operation} {arn}"] = refused(operation, code)

    collect(made, gaps)

    assert by(gaps) == {operation: arns("a", "c")}
    assert {gap.kind for gap in gaps} == {GapKind.APPLICATIONS}


def test_the_only_application(gaps: list[Gap]) -> None:
    """A gap about the only application names it."""
    made = Applications()
    made.records = made.records[:1]
    made.refusals[CONFIGURATION] = refused(CONFIGURATION)

    collect(made, gaps)

    assert by(gaps) == {CONFIGURATION: arns("a")}


def test_a_deleted_application(gaps: list[Gap]) -> None:
    """An application that is not listed again was deleted: no gap, and nothing of it is left."""
    made = Applications()
    made.gone = set(arns("a"))
    made.refusals[f"{CONFIGURATION} {arns('a')[0]}"] = refused(CONFIGURATION, MISSING)

    found = collect(made, gaps)

    assert gaps == []
    assert found.found is not None
    assert [each.arn for each in found.found] == arns("b", "c")
    assert found.assignments == ()


def test_an_application_that_is_still_listed(gaps: list[Gap]) -> None:
    """If it is still listed, that is a contradiction for each call that did not find it."""
    made = Applications()
    for operation in (ASSIGNMENTS, CONFIGURATION):
        made.refusals[f"{operation} {arns('a')[0]}"] = refused(operation, MISSING)

    collect(made, gaps)

    assert by(gaps) == {ASSIGNMENTS: arns("a"), CONFIGURATION: arns("a")}
    assert {gap.code for gap in gaps} == {"ContradictoryAnswers"}


def test_a_principal_of_an_unknown_type(gaps: list[Gap]) -> None:
    """A principal of a type that AWS may add is a gap of the assignments that name it, once for each kind."""
    made = Instance()
    robot = Principal("ROBOT", "r-1")

    def read(queue: WorkQueue) -> None:
        store = IdentityStore(made, queue, RECORD)  # type: ignore[arg-type] # a substitute
        grants, assignments = Stream[Grant](queue.jobs), Stream[ApplicationAssignment](queue.jobs)
        grants.add([assigned(account, "admin", robot.type, robot.id) for account in "12"])
        assignments.add(ApplicationAssignment(arn, robot) for arn in arns("a", "b"))
        for stream in (grants, assignments):
            stream.end()
        for kind in (store.users, store.groups):
            kind.listing.start()
        queue.jobs.group.create_task(store.read_principals(grants, assignments))

    run_jobs(gaps, read)

    assert sorted((gap.kind, gap.operation, gap.resource) for gap in gaps) == [
        (GapKind.APPLICATIONS, ASSIGNMENTS, "r-1"),
        (GapKind.ASSIGNMENTS, "ListAccountAssignments", "r-1"),
    ]


def test_half_of_the_assignments(gaps: list[Gap]) -> None:
    """If a later page fails, the assignments that were read are kept, and known to be incomplete."""

    class Failing(Applications):
        async def application_assignments(self, arn: str) -> AsyncIterator[list[ApplicationAssignment]]:
            async for page in super().application_assignments(arn):
                yield page
                if arn in arns("a"):
                    raise AwsFailure(ASSIGNMENTS, "InternalServerException", "no")

    found = collect(Failing(), gaps)

    assert by(gaps) == {ASSIGNMENTS: arns("a")}
    assert len(found.assignments) == 2
    assert found.found is not None
    assert [each.assignments_complete for each in found.found] == [False, True, True]
